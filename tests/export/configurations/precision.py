"""Layers of other types than float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.export.configurations.configuration import LAYERS, Configuration, Through, table
from tests.export.configurations.one_layer import BACKWARD, SEQUENCES, STATES
from tests.export.configurations.own_layers import MinimalGatedCell

POLICIES = ("mixed_float16", "mixed_bfloat16", "float16", "float64")
BOTH = SEQUENCES | STATES

# Name -> layers of a policy, how the model around them is made, whether native nodes are enough.
ROWS: dict[str, tuple[Callable[[str], Any], dict[str, Any], bool]] = {
    "lstm": (lambda p: LAYERS.LSTM(4, dtype=p, name="lstm", **BOTH), {}, True),
    "gru_masked": (
        lambda p: LAYERS.GRU(4, dtype=p, name="gru", **BOTH | BACKWARD), {"mask": "hand"}, True),
    "simple_rnn": (lambda p: LAYERS.SimpleRNN(4, dtype=p, name="simple"), {}, True),
    "bidirectional": (
        lambda p: LAYERS.Bidirectional(
            LAYERS.LSTM(4, dtype=p, **SEQUENCES), dtype=p, name="both"),
        {"mask": "hand"}, True),
    "from_states": (
        lambda p: LAYERS.GRU(4, dtype=p, name="gru", **BOTH), {"states": [4]}, True),
    "stacked_cells": (
        lambda p: LAYERS.RNN(
            LAYERS.StackedRNNCells(
                [LAYERS.LSTMCell(4, dtype=p), LAYERS.GRUCell(3, dtype=p)], dtype=p),
            dtype=p, name="stack"),
        {}, True),
    "whole": (
        lambda p: [
            LAYERS.Conv1D(4, 3, padding="causal", dtype=p, name="conv"),
            LAYERS.LayerNormalization(dtype=p, name="norm"),
            LAYERS.Bidirectional(LAYERS.GRU(3, dtype=p, **SEQUENCES), dtype=p, name="both"),
            LAYERS.LSTM(4, recurrent_dropout=0.2, dtype=p, name="lstm"),
            LAYERS.Dense(3, dtype="float32", name="head"),
        ],
        {}, True),
    "time_distributed": (
        lambda p: [
            LAYERS.LSTM(4, dtype=p, name="lstm", **SEQUENCES),
            LAYERS.TimeDistributed(LAYERS.Dense(3, dtype=p), dtype=p, name="each"),
        ],
        {"mask": "masking"}, True),
    "own_cell": (
        lambda p: LAYERS.RNN(MinimalGatedCell(4, dtype=p), dtype=p, name="own"), {}, False),
    "float_head": (
        lambda p: [
            LAYERS.GRU(4, dtype=p, name="gru"),
            LAYERS.Dense(3, dtype="float32", name="head"),
        ],
        {"mask": "masking"}, True),
}  # fmt: skip


def _tags(policy: str, native: bool) -> list[str]:
    """No runtime has native nodes of float64; it may be refused, too."""
    if policy == "float64":
        return ["precision", "may_refuse"]
    return ["precision", *(["loop_free"] if native else [])]


def _row(policy: str, name: str) -> Configuration:
    layers, around, native = ROWS[name]
    made = Through(lambda: layers(policy), **around)
    return made.configuration(f"{policy}_{name}", *_tags(policy, native))


def _half_input(dtype: str) -> Configuration:
    """The sequence itself is given in another type."""
    made = Through(lambda: LAYERS.LSTM(4, dtype=dtype, name="lstm"), dtype=dtype)
    return made.configuration(f"{dtype}_input", *_tags(dtype, True))


CONFIGURATIONS = table(
    *(_row(policy, name) for policy in POLICIES for name in ROWS),
    *(_half_input(dtype) for dtype in ("float16", "float64")),
)
