"""Bidirectional layers: every merge mode, two different layers, masks, states, other cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.export.configurations.configuration import (
    CELLS,
    LAYERS,
    UNITS,
    Configuration,
    Through,
    table,
)
from tests.export.configurations.masks import ZEROS
from tests.export.configurations.one_layer import (
    BACKWARD,
    CELLS_OF_LAYERS,
    SEQUENCES,
    STATES,
    sizes,
)

MODES = ("concat", "sum", "mul", "ave", None)
BOTH = SEQUENCES | STATES

# Name -> options of the layers, options of the wrapper, how the model around them is made.
Row = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
OPTIONS: dict[str, Row] = {
    "last": ({}, {}, {}),
    "masked_sequences_and_states": (BOTH, {}, {"mask": "hand"}),
    "masked_last_and_states": (STATES, {"merge_mode": None}, {"mask": "hand"}),
    "from_states": (BOTH, {}, {"states": True}),
    "masked_from_states": (SEQUENCES, {"merge_mode": "sum"}, {"states": True, "mask": "hand"}),
}
MORE_OPTIONS: dict[str, Row] = {
    "masked_zeros": (ZEROS, {}, {"mask": "hand"}),
    "embedding": (SEQUENCES, {"merge_mode": "mul"}, {"mask": "embedding"}),
    "masking_last": ({}, {"merge_mode": "ave"}, {"mask": "masking"}),
    "dropped_mask": (SEQUENCES, {}, {"mask": "embedding", "states": True}),
    "no_bias": ({"use_bias": False}, {}, {}),
    "relu": (SEQUENCES | {"activation": "relu"}, {}, {}),
    "unrolled": (SEQUENCES | {"unroll": True}, {}, {"shape": (5, 3)}),
    "dropouts": (SEQUENCES | {"dropout": 0.2, "recurrent_dropout": 0.2}, {}, {}),
    "one_step": (SEQUENCES, {}, {"shape": (1, 3)}),
    "one_unit": ({"units": 1}, {}, {"batch": 3}),
    "fixed": (SEQUENCES, {}, {"shape": (6, 3), "batch": 2}),
}

# Two layers that differ; the second runs the other way.
LSTM, GRU, SIMPLE = LAYERS.LSTM, LAYERS.GRU, LAYERS.SimpleRNN
PAIRS: dict[str, Callable[[], tuple[Any, Any]]] = {
    "activations": lambda: (
        LSTM(4, activation="relu", **SEQUENCES),
        LSTM(4, activation="elu", recurrent_activation="hard_sigmoid", **SEQUENCES | BACKWARD),
    ),
    "bias": lambda: (GRU(4, use_bias=False, **SEQUENCES), GRU(4, **SEQUENCES | BACKWARD)),
    "resets": lambda: (GRU(4, **SEQUENCES), GRU(4, reset_after=False, **SEQUENCES | BACKWARD)),
    "widths": lambda: (GRU(3, **SEQUENCES), GRU(5, **SEQUENCES | BACKWARD)),
    "widths_last": lambda: (LSTM(3), LSTM(5, **BACKWARD)),
    "cells": lambda: (GRU(4), SIMPLE(4, **BACKWARD)),
    "cells_and_widths": lambda: (LSTM(5, **SEQUENCES), GRU(3, **SEQUENCES | BACKWARD)),
    "order": lambda: (LSTM(4, **SEQUENCES | BACKWARD), LSTM(4, **SEQUENCES)),
    "dropouts": lambda: (LSTM(4, dropout=0.2), LSTM(4, recurrent_dropout=0.3, **BACKWARD)),
    "unrolled": lambda: (
        SIMPLE(4, unroll=True, **SEQUENCES),
        SIMPLE(4, **SEQUENCES | BACKWARD),
    ),
}

# Layers whose cells are given.
OTHERS: dict[str, Callable[[], Any]] = {
    "rnn_of_lstm_cell": lambda: LAYERS.RNN(CELLS_OF_LAYERS["lstm"](), **BOTH),
    "rnn_of_gru_cell": lambda: LAYERS.RNN(CELLS_OF_LAYERS["gru"]()),
    "stacked_cells": lambda: LAYERS.RNN(
        [CELLS_OF_LAYERS["gru"](), CELLS_OF_LAYERS["lstm"]()], **SEQUENCES
    ),
}


def _wrapped(cell: str, name: str, row: Row) -> Configuration:
    options, wrapper, around = row

    def layer() -> Any:
        child = CELLS[cell](**{"units": UNITS} | options)
        return LAYERS.Bidirectional(child, name="both", **wrapper)

    around = around | ({"states": sizes(cell) * 2} if around.get("states") else {})
    made = Through(layer, **around)
    return made.configuration(f"bidirectional_{cell}_{name}", "bidirectional", "loop_free")


def _merged(cell: str, mode: str | None, sequences: bool) -> Configuration:
    name = f"{mode}_{'sequences' if sequences else 'last'}"
    around = {} if sequences else {"mask": "hand"}
    return _wrapped(cell, name, ({"return_sequences": sequences}, {"merge_mode": mode}, around))


def _pair(name: str, make: Callable[[], tuple[Any, Any]], mask: str) -> Configuration:
    def layer() -> Any:
        first, second = make()
        equal = getattr(first, "units", 0) == getattr(second, "units", 0)
        mode = "concat" if equal else None
        return LAYERS.Bidirectional(first, merge_mode=mode, backward_layer=second, name="both")

    shape = (6, 3) if name == "unrolled" else (None, 3)
    made = Through(layer, shape=shape, mask=mask)
    ending = "_masked" if mask else ""
    return made.configuration(f"bidirectional_two_{name}{ending}", "bidirectional", "loop_free")


def _other(name: str, make: Callable[[], Any], mask: str) -> Configuration:
    made = Through(lambda: LAYERS.Bidirectional(make(), name="both"), mask=mask)
    ending = "_masked" if mask else ""
    return made.configuration(f"bidirectional_{name}{ending}", "bidirectional", "loop_free")


def _deep() -> list[Any]:
    return [
        LAYERS.Bidirectional(LSTM(4, return_sequences=True), name="first"),
        LAYERS.Bidirectional(GRU(3, return_sequences=True), merge_mode="sum", name="second"),
        LAYERS.Bidirectional(SIMPLE(3), merge_mode="mul", name="third"),
    ]


CONFIGURATIONS = table(
    *(_wrapped(cell, name, row) for cell in CELLS for name, row in OPTIONS.items()),
    *(
        _wrapped(list(CELLS)[index % 4], name, row)
        for index, (name, row) in enumerate(MORE_OPTIONS.items())
    ),
    *(
        _merged(cell, mode, sequences)
        for cell in ("lstm", "gru")
        for mode in MODES
        for sequences in (False, True)
    ),
    *(_pair(name, make, "") for name, make in PAIRS.items()),
    *(_pair(name, make, "hand") for name, make in PAIRS.items()),
    *(_other(name, make, mask) for name, make in OTHERS.items() for mask in ("", "hand")),
    Through(_deep).configuration("bidirectional_deep", "bidirectional", "loop_free"),
    Through(_deep, mask="masking").configuration(
        "bidirectional_deep_masked", "bidirectional", "loop_free"
    ),
)
