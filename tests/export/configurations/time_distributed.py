"""TimeDistributed over layers and models, over fixed and open time, with masks, nested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tests.export.configurations.configuration import (
    LAYERS,
    Configuration,
    Given,
    Through,
    drawing,
    functional,
    table,
)
from tests.export.configurations.one_layer import SEQUENCES

TD = LAYERS.TimeDistributed


def _sequential() -> Any:
    """A small model for each step."""
    parts = [LAYERS.Dense(5, activation="relu"), LAYERS.Dropout(0.3), LAYERS.Dense(2)]
    return keras.Sequential([keras.Input((3,)), *parts], name="each")


def _functional() -> Any:
    """A small model with a branch for each step."""
    x = keras.Input((3,))
    wide = LAYERS.Dense(3, activation="gelu")(x)
    return keras.Model(x, LAYERS.Concatenate()([wide, x]), name="branched")


def _sentences() -> Any:
    """A recurrent model for each step."""
    x = keras.Input((None, 3))
    x_out = LAYERS.GRU(3)(LAYERS.LSTM(4, return_sequences=True)(x))
    return keras.Model(x, LAYERS.Dense(2)(x_out), name="sentence")


# Name -> what each step goes through, shape of one step.
CHILDREN: dict[str, tuple[Callable[[], Any], tuple[int | None, ...]]] = {
    "dense": (lambda: LAYERS.Dense(4, activation="tanh"), (3,)),
    "conv1d": (lambda: LAYERS.Conv1D(3, 2, activation="relu"), (5, 2)),
    "conv2d": (lambda: LAYERS.Conv2D(3, 2, strides=2, padding="same"), (5, 4, 2)),
    "separable": (lambda: LAYERS.SeparableConv1D(3, 2), (5, 2)),
    "pooling": (lambda: LAYERS.MaxPooling2D(2), (4, 4, 2)),
    "global_pooling": (lambda: LAYERS.GlobalAveragePooling1D(), (4, 3)),
    "flatten": (lambda: LAYERS.Flatten(), (4, 3)),
    "embedding": (lambda: LAYERS.Embedding(2, 3), (4,)),
    "batch_normalisation": (lambda: LAYERS.BatchNormalization(), (4, 3)),
    "layer_normalisation": (lambda: LAYERS.LayerNormalization(), (3,)),
    "dropout": (lambda: LAYERS.Dropout(0.5), (3,)),
    "sequential": (_sequential, (3,)),
    "functional": (_functional, (3,)),
    "recurrent_model": (_sentences, (5, 3)),
    "lstm": (lambda: LAYERS.LSTM(4), (5, 3)),
    "gru_sequences": (lambda: LAYERS.GRU(4, **SEQUENCES), (5, 3)),
    "simple_rnn": (lambda: LAYERS.SimpleRNN(4), (5, 3)),
    "bidirectional": (lambda: LAYERS.Bidirectional(LAYERS.LSTM(3)), (5, 3)),
    "nested": (lambda: TD(LAYERS.Dense(2, activation="relu")), (4, 3)),
    "nested_lstm": (lambda: TD(LAYERS.LSTM(2)), (3, 4, 2)),
}
# Those whose one step has an open axis too.
OPEN: dict[str, tuple[Callable[[], Any], tuple[int | None, ...]]] = {
    "lstm_of_open_time": (lambda: LAYERS.LSTM(4), (None, 3)),
    "nested_open": (lambda: TD(LAYERS.Dense(2)), (None, 3)),
    "conv1d_of_open_time": (lambda: LAYERS.Conv1D(3, 2, padding="same"), (None, 3)),
}


def _row(name: str, child: Callable[[], Any], step: Any, time: int | None) -> Configuration:
    made = Through(
        lambda: TD(child(), name="each_step"),
        shape=(time, *step),
        dtype="int32" if name == "embedding" else "float32",
    )
    ending = "fixed" if time else "open"
    return made.configuration(f"time_distributed_{name}_{ending}", "time_distributed", "loop_free")


# Name -> layers around, shape, source of the mask.
CHAINS: dict[str, tuple[Callable[[], list[Any]], tuple[int | None, ...], str]] = {
    "after_lstm": (
        lambda: [LAYERS.LSTM(4, **SEQUENCES), TD(LAYERS.Dense(3, "softmax"))], (None, 3), ""),
    "after_masked_lstm": (
        lambda: [LAYERS.LSTM(4, **SEQUENCES), TD(LAYERS.Dense(3))], (None, 3), "embedding"),
    "before_masked_gru": (lambda: [TD(LAYERS.Dense(4)), LAYERS.GRU(3)], (None, 3), "embedding"),
    "between_masked_fixed": (
        lambda: [LAYERS.GRU(4, **SEQUENCES), TD(LAYERS.Dense(3)), LAYERS.LSTM(3)],
        (6, 3), "masking"),
    "frames": (
        lambda: [TD(LAYERS.Conv2D(2, 3)), TD(LAYERS.Flatten()), LAYERS.LSTM(4)],
        (None, 5, 4, 2), ""),
    "frames_fixed": (
        lambda: [TD(LAYERS.Conv2D(2, 3)), TD(LAYERS.MaxPooling2D()), TD(LAYERS.Flatten()),
                 LAYERS.GRU(4, **SEQUENCES)],
        (4, 6, 6, 1), ""),
    "documents": (
        lambda: [TD(LAYERS.Bidirectional(LAYERS.GRU(3))), LAYERS.Bidirectional(LAYERS.LSTM(3))],
        (None, 5, 3), ""),
}  # fmt: skip


def _words_and_mask() -> Any:
    """Each step is a sentence; the mask by hand has a row of its own for each of them."""
    x = keras.Input((None, 5, 3), name="x")
    mask = keras.Input((None, 5), dtype="bool", name="mask")
    return functional([x, mask], TD(LAYERS.LSTM(4), name="sentences")(x, mask=mask))


def _words_and_mask_sample() -> Any:
    rows = Given((5,), "mask")
    x = Given((None, 5, 3))

    def sample(generator: Any, sizes: Any) -> dict[str, Any]:
        batch, time = sizes["batch"], sizes["time"]
        arrays = drawing({"x": x})(generator, sizes)
        flat = drawing({"mask": rows})(generator, {"batch": batch * time})["mask"]
        return arrays | {"mask": flat.reshape(batch, time, 5)}

    return sample


CONFIGURATIONS = table(
    *(_row(name, *row, time) for name, row in CHILDREN.items() for time in (None, 4)),
    *(_row(name, *row, None) for name, row in OPEN.items()),
    *(
        Through(layers, shape=shape, mask=mask).configuration(
            f"time_distributed_{name}", "time_distributed", "loop_free"
        )
        for name, (layers, shape, mask) in CHAINS.items()
    ),
    Configuration(
        "time_distributed_sentence_masks",
        _words_and_mask,
        _words_and_mask_sample(),
        frozenset({"time_distributed", "loop_free", "masked"}),
    ),
)
