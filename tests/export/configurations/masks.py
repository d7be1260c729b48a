"""Masked recurrent layers: every source of a mask, every way to pad, every option that reads it."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

from tests.export.configurations.configuration import (
    CELLS,
    CODES,
    LAYERS,
    UNITS,
    Configuration,
    Given,
    Through,
    drawing,
    functional,
    table,
)
from tests.export.configurations.one_layer import BACKWARD, SEQUENCES, STATES, family, sizes

ZEROS = {"zero_output_for_mask": True}

# Name -> source of the mask, options of the layer, whether initial states are inputs.
OPTIONS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "hand_last": ("hand", {}, False),
    "hand_sequences_and_states": ("hand", SEQUENCES | STATES, False),
    "hand_backward": ("hand", BACKWARD, False),
    "hand_backward_sequences_and_states": ("hand", BACKWARD | SEQUENCES | STATES, False),
    "hand_zeros": ("hand", ZEROS, False),
    "hand_zeros_sequences": ("hand", ZEROS | SEQUENCES, False),
    "hand_zeros_backward_sequences": ("hand", ZEROS | BACKWARD | SEQUENCES, False),
    "hand_from_a_state": ("hand", SEQUENCES | STATES, True),
    "embedding": ("embedding", {}, False),
    "masking": ("masking", SEQUENCES | {"recurrent_dropout": 0.2}, False),
}
# Keras drops the mask that a tensor carries when initial states are passed beside it.
DROPPED: dict[str, tuple[str, dict[str, Any], bool]] = {
    "embedding_dropped_for_a_state": ("embedding", SEQUENCES | STATES, True),
    "masking_dropped_for_a_state": ("masking", {}, True),
}
PADDED: dict[str, dict[str, float]] = {
    "right": {"right": 1.0},
    "left": {"left": 1.0},
    "holes": {"holes": 1.0},
    "none_valid": {"none_valid": 0.6, "right": 0.2, "all_valid": 0.2},
}


def _one(
    cell: str, name: str, row: tuple[str, dict[str, Any], bool], **around: Any
) -> Configuration:
    source, options, states = row
    layer = partial(CELLS[cell], UNITS, name=cell, **options)
    made = Through(layer, mask=source, states=sizes(cell) if states else (), **around)
    return made.configuration(f"masked_{cell}_{name}", family(cell), "loop_free")


def _deep(cell: str) -> Configuration:
    """Two layers, one Bidirectional between them: the mask goes through them all."""

    def layers() -> list[Any]:
        middle = CELLS[cell](3, return_sequences=True)
        return [
            CELLS[cell](UNITS, return_sequences=True, name="lower"),
            LAYERS.Bidirectional(middle, name="both"),
            LAYERS.Dropout(0.5, name="dropout"),
            CELLS[cell](UNITS, go_backwards=True, name="upper"),
        ]

    made = Through(layers, mask="embedding")
    return made.configuration(f"masked_{cell}_deep", family(cell), "loop_free")


def _padded(cell: str, kind: str) -> Configuration:
    row = ("hand", SEQUENCES | STATES, kind == "none_valid")
    return _one(cell, f"padded_{kind}", row, paddings=PADDED[kind])


def _two_sources() -> Any:
    """A mask by hand takes precedence over the one that the tensor carries."""
    tokens = keras.Input((None,), dtype="int32", name="x")
    mask = keras.Input((None,), dtype="bool", name="mask")
    x = LAYERS.Embedding(CODES, 3, mask_zero=True, name="embedding")(tokens)
    return functional([tokens, mask], LAYERS.GRU(UNITS, name="gru")(x, mask=mask))


def _computed() -> Any:
    """A mask that the model computes from its input."""
    x = keras.Input((None, 3), name="x")
    mask = keras.ops.greater(keras.ops.sum(x, axis=-1), -0.5)
    return functional([x], LAYERS.LSTM(UNITS, return_sequences=True, name="lstm")(x, mask=mask))


def _merged() -> Any:
    """Two masked branches whose sum has both masks, and a concatenation over features."""
    tokens = {name: keras.Input((None,), dtype="int32", name=name) for name in ("left", "right")}
    parts = [
        LAYERS.Embedding(CODES, 4, mask_zero=True, name=f"{name}_embedding")(tensor)
        for name, tensor in tokens.items()
    ]
    outputs = {
        "added": LAYERS.LSTM(UNITS, name="of_sum")(LAYERS.Add(name="add")(parts)),
        "joined": LAYERS.GRU(UNITS, name="of_both")(LAYERS.Concatenate(name="join")(parts)),
    }
    return functional(tokens.values(), outputs)


TWO_TOKENS = {"left": Given((None,), "tokens"), "right": Given((None,), "tokens")}
TOKENS_AND_MASK = {"x": Given((None,), "tokens"), "mask": Given((None,), "mask")}
TAGS = frozenset({"lstm", "masked", "loop_free"})

CONFIGURATIONS = table(
    *(_one(cell, name, row) for cell in CELLS for name, row in OPTIONS.items()),
    *(_one(cell, name, row) for cell in ("lstm", "gru") for name, row in DROPPED.items()),
    *(_one(cell, "unrolled", ("hand", SEQUENCES | {"unroll": True}, False), shape=(5, 3))
      for cell in ("lstm", "gru")),
    *(_one(cell, "one_step", ("hand", SEQUENCES, False), shape=(1, 3))
      for cell in ("gru_before", "simple_rnn")),
    *(_padded(cell, kind) for cell in ("lstm", "gru") for kind in PADDED),
    *(_deep(cell) for cell in CELLS),
    Configuration("masked_by_hand_over_embedding", _two_sources, drawing(TOKENS_AND_MASK), TAGS),
    Configuration("masked_by_a_computed_mask", _computed, None, TAGS),
    Configuration("masked_branches", _merged, drawing(TWO_TOKENS), TAGS),
)  # fmt: skip
