"""Stateful layers: the exporter gives their states inputs and outputs of the file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.export.configurations.configuration import (
    CELLS,
    LAYERS,
    UNITS,
    Configuration,
    Through,
    table,
)
from tests.export.configurations.one_layer import BACKWARD, SEQUENCES, STATES
from tests.export.configurations.own_layers import MinimalGatedCell
from tests.export.configurations.stacked import STACKS

KEEPS = {"stateful": True}
BATCH = {"batch": 2}

# Name -> layers, how the model around them is made, whether native nodes are enough.
ROWS: dict[str, tuple[Callable[[], Any], dict[str, Any], bool]] = {
    "returned": (lambda: LAYERS.LSTM(4, name="lstm", **KEEPS | STATES), {}, True),
    "masked": (lambda: LAYERS.GRU(4, name="gru", **KEEPS | SEQUENCES), {"mask": "hand"}, True),
    "embedding": (lambda: LAYERS.LSTM(4, name="lstm", **KEEPS), {"mask": "embedding"}, True),
    "backward": (lambda: LAYERS.GRU(4, name="gru", **KEEPS | BACKWARD), {}, True),
    "fixed_time": (lambda: LAYERS.LSTM(4, name="lstm", **KEEPS), {"shape": (5, 3)}, True),
    "one_step": (lambda: LAYERS.GRU(4, name="gru", **KEEPS), {"shape": (1, 3)}, True),
    "unrolled": (
        lambda: LAYERS.SimpleRNN(4, unroll=True, name="simple", **KEEPS),
        {"shape": (4, 3)},
        True,
    ),
    "two_layers": (
        lambda: [
            LAYERS.LSTM(4, name="lower", **KEEPS | SEQUENCES),
            LAYERS.GRU(3, name="upper", **KEEPS | SEQUENCES),
            LAYERS.Dense(2, name="dense"),
        ],
        {},
        True,
    ),
    "below_a_plain_one": (
        lambda: [
            LAYERS.SimpleRNN(4, name="keeps", **KEEPS | SEQUENCES),
            LAYERS.LSTM(3, name="forgets"),
        ],
        {},
        True,
    ),
    "bidirectional": (
        lambda: LAYERS.Bidirectional(LAYERS.LSTM(4, **KEEPS | SEQUENCES), name="both"),
        {},
        True,
    ),
    "bidirectional_masked": (
        lambda: LAYERS.Bidirectional(LAYERS.GRU(4, **KEEPS), merge_mode="sum", name="both"),
        {"mask": "hand"},
        True,
    ),
    "stacked_cells": (lambda: LAYERS.RNN(STACKS["mixed"][0](), name="stack", **KEEPS), {}, True),
    "cell": (lambda: LAYERS.RNN(LAYERS.GRUCell(4), name="bare", **KEEPS), {}, True),
    "own_cell": (lambda: LAYERS.RNN(MinimalGatedCell(4), name="own", **KEEPS), {}, False),
    "convolution": (
        lambda: LAYERS.ConvLSTM1D(2, 3, padding="same", name="conv", **KEEPS),
        {"shape": (3, 5, 2)},
        False,
    ),
}


def _row(name: str, row: tuple[Callable[[], Any], dict[str, Any], bool]) -> Configuration:
    layers, around, native = row
    tags = ["stateful", "loop_free"] if native else ["stateful"]
    return Through(layers, **BATCH | around).configuration(f"stateful_{name}", *tags)


CONFIGURATIONS = table(
    *(
        _row(f"{cell}_sequences", (partial(CELLS[cell], UNITS, **KEEPS | SEQUENCES), {}, True))
        for cell in CELLS
    ),
    *(_row(name, row) for name, row in ROWS.items()),
)
