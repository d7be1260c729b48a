"""Own cells and layers, and ConvLSTM: they may stay loops but must be right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.export.configurations import own_layers as own
from tests.export.configurations.configuration import LAYERS, Configuration, Through, table
from tests.export.configurations.one_layer import BACKWARD, SEQUENCES, STATES

BOTH = SEQUENCES | STATES
OWN_CELLS: dict[str, tuple[Callable[[], Any], list[int]]] = {
    "minimal_gated": (lambda: own.MinimalGatedCell(4), [4]),
    "peephole": (lambda: own.PeepholeCell(4), [4, 4]),
    "normalised": (lambda: own.NormalisedCell(4), [4]),
    "projected": (lambda: own.ProjectedCell(4), [4, 4]),
    "residual": (lambda: own.ResidualCell(4), [4]),
    "renamed": (lambda: own.RenamedCell(4), [4, 4]),
}
# Name -> options of the layer, how the model around it is made.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "sequences": (SEQUENCES, {}),
    "masked": (BOTH, {"mask": "hand"}),
}
MORE_OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "last": ({}, {}),
    "backward": (BACKWARD | BOTH, {}),
    "from_states": (STATES, {"states": True}),
    "unrolled": (SEQUENCES | {"unroll": True}, {"shape": (4, 3)}),
    "masked_zeros": (SEQUENCES | {"zero_output_for_mask": True}, {"mask": "embedding"}),
    "masked_backward": (BACKWARD, {"mask": "masking"}),
    "fixed": (SEQUENCES, {"shape": (6, 3), "batch": 2}),
}
# Name -> layers, source of the mask.
SPECIAL: dict[str, tuple[Callable[[], Any], str]] = {
    "in_a_stack": (
        lambda: LAYERS.RNN([LAYERS.LSTMCell(4), own.MinimalGatedCell(3)], name="stack", **BOTH),
        "hand",
    ),
    "bidirectional": (
        lambda: LAYERS.Bidirectional(LAYERS.RNN(own.PeepholeCell(3), **SEQUENCES), name="both"),
        "",
    ),
    "bidirectional_masked": (
        lambda: LAYERS.Bidirectional(LAYERS.RNN(own.MinimalGatedCell(3)), name="both"),
        "hand",
    ),
    "before_native": (
        lambda: [
            LAYERS.RNN(own.NormalisedCell(4), name="own", **SEQUENCES),
            LAYERS.LSTM(4, name="lstm"),
        ],
        "embedding",
    ),
    "layer_shifted": (lambda: own.ShiftedLSTM(4, name="shifted", **SEQUENCES), ""),
    "layer_shifted_masked": (lambda: own.ShiftedLSTM(4, name="shifted"), "hand"),
    "layer_unmasked": (lambda: own.UnmaskedGRU(4, name="unmasked"), "embedding"),
    "layer_renamed": (lambda: own.RenamedLSTM(4, name="renamed"), "hand"),
    "wrapper": (lambda: own.ScaledBidirectional(LAYERS.GRU(4), name="scaled"), "hand"),
    "wrapper_of_own": (lambda: LAYERS.Bidirectional(own.ShiftedLSTM(4), name="both"), ""),
    "layer_of_layers": (lambda: own.Tagger(4, name="tagger"), ""),
    "layer_of_layers_masked": (lambda: own.Tagger(4, name="tagger"), "embedding"),
}

# Rank -> shape of one step.
STEPS = {1: (6, 2), 2: (5, 4, 2), 3: (4, 3, 3, 2)}
CONVOLUTIONS = {1: LAYERS.ConvLSTM1D, 2: LAYERS.ConvLSTM2D, 3: LAYERS.ConvLSTM3D}
# Name -> ranks, options of the layer, how the model around it is made.
CONV_OPTIONS: dict[str, tuple[tuple[int, ...], dict[str, Any], dict[str, Any]]] = {
    "last": ((1, 2, 3), {}, {}),
    "sequences_and_states": ((1, 2, 3), BOTH | {"padding": "same"}, {}),
    "fixed_time": ((1, 2), SEQUENCES, {"time": 3}),
    "backward": ((1, 2), BACKWARD | SEQUENCES, {}),
    "strides": ((2,), {"strides": 2}, {}),
    "dilated": ((1,), {"dilation_rate": 2}, {}),
    "no_bias": ((1,), {"use_bias": False, "padding": "same"}, {}),
    "masked": ((1, 2), BOTH, {"mask": "hand"}),
    "dropouts": ((2,), {"dropout": 0.3, "recurrent_dropout": 0.2}, {}),
    "activations": ((1,), {"activation": "gelu", "recurrent_activation": "hard_sigmoid"}, {}),
}


def _cell(cell: str, name: str, row: tuple[dict[str, Any], dict[str, Any]]) -> Configuration:
    make, states = OWN_CELLS[cell]
    options, around = row
    around = around | ({"states": states} if around.get("states") else {})
    made = Through(lambda: LAYERS.RNN(make(), name="own", **options), **around)
    return made.configuration(f"own_{cell}_{name}", "custom")


def _convolution(
    rank: int, name: str, options: dict[str, Any], around: dict[str, Any]
) -> Configuration:
    shape = (around.get("time"), *STEPS[rank])
    made = Through(
        lambda: CONVOLUTIONS[rank](2, 2, name="conv", **options),
        shape=shape,
        mask=around.get("mask", ""),
    )
    return made.configuration(f"conv_lstm_{rank}d_{name}", "conv_lstm")


CONFIGURATIONS = table(
    *(_cell(cell, name, row) for cell in OWN_CELLS for name, row in OPTIONS.items()),
    *(
        _cell(list(OWN_CELLS)[index % len(OWN_CELLS)], name, row)
        for index, (name, row) in enumerate(MORE_OPTIONS.items())
    ),
    *(
        Through(layers, mask=mask).configuration(f"own_{name}", "custom")
        for name, (layers, mask) in SPECIAL.items()
    ),
    *(
        _convolution(rank, name, options, around)
        for name, (ranks, options, around) in CONV_OPTIONS.items()
        for rank in ranks
    ),
    Through(
        lambda: LAYERS.Bidirectional(LAYERS.ConvLSTM1D(2, 2, **SEQUENCES), name="both"),
        shape=(None, 6, 2),
    ).configuration("conv_lstm_1d_bidirectional", "conv_lstm"),
)
