"""Small recurrent models with named inputs and outputs, and inputs that mask in every way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

FEATURES, UNITS = 3, 4
LAYERS = keras.layers

CELLS: dict[str, Callable[..., Any]] = {
    "lstm": LAYERS.LSTM,
    "gru": LAYERS.GRU,
    "gru_reset_before": lambda *a, **k: LAYERS.GRU(*a, reset_after=False, **k),
    "simple_rnn": LAYERS.SimpleRNN,
}


def inputs() -> dict[str, Any]:
    """A sequence, a mask and two states to choose from."""
    return {
        "x": keras.Input((None, FEATURES), name="x"),
        "mask": keras.Input((None,), dtype="bool", name="mask"),
        "h": keras.Input((UNITS,), name="h"),
        "c": keras.Input((UNITS,), name="c"),
    }


def layer(cell: str, **options: Any) -> Any:
    """A recurrent layer whose weights, biases too, are not zero."""
    return CELLS[cell](UNITS, bias_initializer=keras.initializers.RandomNormal(seed=3), **options)


def states(cell: str, given: Mapping[str, Any], copies: int = 1) -> list[Any]:
    """The states of a layer, in Keras' order; ``copies`` is 2 for a Bidirectional."""
    pair = [given["h"], given["c"]] if cell == "lstm" else [given["h"]]
    return (pair + pair[::-1])[: len(pair) * copies]


def named(outputs: Any, name: str) -> dict[str, Any]:
    """The outputs of one layer under names of their own."""
    flat = keras.tree.flatten(outputs)
    return {f"{name}_{index}": tensor for index, tensor in enumerate(flat)}


def model(given: Iterable[Any], outputs: Any, name: str = "model") -> Any:
    """A functional model with distinct random weights."""
    made = keras.Model(list(given), outputs, name=name)
    generator = np.random.default_rng(0)
    made.set_weights([generator.normal(0, 0.4, w.shape) for w in made.get_weights()])
    return made


def masked_sample(names: Iterable[str]) -> Callable[..., dict[str, Any]]:
    """Draws inputs whose masks are right- or left-padded, with holes, or empty in some rows."""
    wanted = set(names)

    def sample(draw: np.random.Generator, sizes: Mapping[str, int]) -> dict[str, Any]:
        batch, time = sizes["batch"], sizes["time"]
        lengths = draw.integers(0, time + 1, (batch, 1))
        kinds = {
            "right": np.arange(time) < lengths,
            "left": np.arange(time) >= lengths,
            "holes": draw.random((batch, time)) < draw.random((batch, 1)),
            "none": np.zeros((batch, time), bool),
            "all": np.ones((batch, time), bool),
        }
        probabilities = [0.3, 0.2, 0.35, 0.05, 0.1]
        arrays = {
            "x": draw.standard_normal((batch, time, FEATURES)).astype("float32"),
            "mask": kinds[draw.choice(list(kinds), p=probabilities)],
            "h": draw.standard_normal((batch, UNITS)).astype("float32"),
            "c": draw.standard_normal((batch, UNITS)).astype("float32"),
        }
        return {name: arrays[name] for name in wanted}

    return sample


class RightPadding(LAYERS.Layer):
    """The mask of lengths."""

    def call(self, features: Any, lengths: Any) -> Any:
        steps = keras.ops.arange(keras.ops.shape(features)[1], dtype="int32")
        return keras.ops.less(steps[None, :], lengths[:, None])


def speech_like() -> Any:
    """Convolution, a mask from lengths, a bidirectional and a plain recurrent layer."""
    features = keras.Input((None, 6), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = RightPadding(name="mask")(features, lengths)
    x = LAYERS.Conv1D(8, 5, padding="causal", activation="relu", name="convolution")(features)
    x = LAYERS.Bidirectional(LAYERS.GRU(5, return_sequences=True), name="both")(x, mask=mask)
    x = LAYERS.LSTM(6, name="summary")(x, mask=mask)
    return model([features, lengths], LAYERS.Dense(3, name="logits")(x), "speech_like")


def language_model() -> Any:
    """Two layers whose states are inputs and outputs."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    given = [keras.Input((5,), name=f"state_{k}") for k in range(3)]
    x = LAYERS.Embedding(11, 4, name="embedding")(tokens)
    x, h, c = LAYERS.LSTM(5, return_sequences=True, return_state=True, name="first")(
        x, initial_state=given[:2]
    )
    x, g = LAYERS.GRU(5, return_sequences=True, return_state=True, name="second")(
        x, initial_state=given[2]
    )
    outputs = {"logits": LAYERS.Dense(11, name="dense")(x)}
    outputs |= {f"next_state_{k}": state for k, state in enumerate((h, c, g))}
    return model([tokens, *given], outputs, "language_model")


def shared_layers() -> Any:
    """Layers called several times, in each of the exporter's forms."""
    first, second = (keras.Input((None, FEATURES), name=name) for name in ("first", "second"))
    lower = LAYERS.LSTM(4, return_sequences=True, activation="gelu", name="lower")
    upper = LAYERS.GRU(4, name="upper")
    outputs = {
        "sum": upper(lower(first)) + upper(lower(second)),
        "twice": upper(lower(first * 2.0)),
        "simple": LAYERS.SimpleRNN(64, name="simple")(second) * 0.1,
    }
    return model([first, second], outputs, "shared_layers")


def stateful() -> Any:
    """Two layers that keep their state between calls."""
    x = keras.Input(batch_shape=(2, None, FEATURES), name="x")
    lower = layer("lstm", stateful=True, return_sequences=True, name="lower")(x)
    return model([x], layer("gru", stateful=True, name="upper")(lower), "stateful")


STATES = {f"state_{k}": f"next_state_{k}" for k in range(3)}


def small() -> Any:
    """The quickest model to export."""
    x = keras.Input((None, FEATURES), name="x")
    return model([x], LAYERS.Dense(2, name="logits")(LAYERS.GRU(UNITS, name="gru")(x)), "small")


def files(folder: Path) -> list[str]:
    """Names of all files under a folder, hidden ones too."""
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
