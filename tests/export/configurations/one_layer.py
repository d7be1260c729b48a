"""One recurrent layer with every option, and with every activation."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

from tests.export.configurations.configuration import (
    CELLS,
    LAYERS,
    UNITS,
    Configuration,
    Through,
    table,
)

SEQUENCES = {"return_sequences": True}
STATES = {"return_state": True}
BACKWARD = {"go_backwards": True}

# Name -> options of the layer, how the model around it is made.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "last": ({}, {}),
    "sequences": (SEQUENCES, {}),
    "return_state": (STATES, {}),
    "backward": (BACKWARD, {}),
    "backward_sequences_and_states": (BACKWARD | SEQUENCES | STATES, {}),
    "no_bias": ({"use_bias": False}, {}),
    "unrolled": (SEQUENCES | {"unroll": True}, {"shape": (5, 3)}),
    "dropouts": (SEQUENCES | {"dropout": 0.3, "recurrent_dropout": 0.2}, {}),
    "one_step": ({}, {"shape": (1, 3)}),
    "one_unit": (SEQUENCES | {"units": 1}, {}),
    "long": ({}, {"shape": (600, 3)}),
    "fixed_batch": (SEQUENCES, {"batch": 2}),
    "initial_state": ({}, {"states": True}),
    "states_in_and_out": (SEQUENCES | STATES, {"states": True}),
}
MORE_OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fixed_batch_and_time": (SEQUENCES, {"batch": 1, "shape": (7, 3)}),
    "fixed_time": ({}, {"shape": (7, 3)}),
    "one_feature": ({}, {"shape": (None, 1)}),
    "unrolled_backward": (STATES | BACKWARD | {"unroll": True}, {"shape": (5, 3)}),
    "backward_from_a_state": (BACKWARD | SEQUENCES, {"states": True}),
    "no_bias_backward_from_a_state": (BACKWARD | {"use_bias": False}, {"states": True}),
    "dropouts_from_a_state": ({"dropout": 0.3, "recurrent_dropout": 0.2}, {"states": True}),
    "recurrent_dropout": ({"recurrent_dropout": 0.5}, {}),
    "zeros_without_a_mask": (SEQUENCES | {"zero_output_for_mask": True}, {}),
}
CELLS_OF_LAYERS = {
    "lstm": partial(LAYERS.LSTMCell, UNITS),
    "gru": partial(LAYERS.GRUCell, UNITS),
    "gru_before": partial(LAYERS.GRUCell, UNITS, reset_after=False),
    "simple_rnn": partial(LAYERS.SimpleRNNCell, UNITS),
}
CELL_OPTIONS: dict[str, dict[str, Any]] = {
    "last": {},
    "backward_sequences_and_states": BACKWARD | SEQUENCES | STATES,
}

NATIVE_ACTIVATIONS = (
    *("tanh", "sigmoid", "relu", "linear", "hard_sigmoid"),
    *("elu", "leaky_relu", "softsign", "softplus"),
)
OTHER_ACTIVATIONS = (
    *("gelu", "silu", "selu", "exponential", "mish", "celu", "hard_tanh", "relu6", "hard_silu"),
    *("log_sigmoid", "softmax", "sparsemax", "hard_shrink", "soft_shrink", "tanh_shrink"),
    *("squareplus", "sparse_plus", "sparse_sigmoid"),
)
# Weights that keep an answer from growing through the states, or from being zero.
SCALES = {"exponential": 0.1, "hard_shrink": 0.5}
CALLABLES: dict[str, Any] = {
    "lambda": lambda x: keras.ops.tanh(x) * 0.7 + 0.1,
    "operation": keras.ops.sin,
    "layer": LAYERS.LeakyReLU(negative_slope=0.1, name="slope"),
    "exact_gelu": lambda x: keras.activations.gelu(x, approximate=False),
    "capped_relu": lambda x: keras.activations.relu(x, max_value=1.0, threshold=0.1),
    "steep_elu": lambda x: keras.activations.elu(x, alpha=0.5),
    "none": None,
}


def family(cell: str) -> str:
    """The family that a cell belongs to."""
    return "gru" if cell.startswith("gru") else cell


def sizes(cell: str, units: int = UNITS) -> list[int]:
    """Sizes of a cell's states, in Keras' order."""
    return [units, units] if cell == "lstm" else [units]


def _one(
    cell: str, name: str, layer: dict[str, Any], around: dict[str, Any], *tags: str
) -> Configuration:
    around = around | ({"states": sizes(cell)} if around.get("states") else {})
    options = {"units": UNITS, "name": cell} | layer
    made = Through(partial(CELLS[cell], **options), **around)
    return made.configuration(f"{cell}_{name}", family(cell), "loop_free", *tags)


def _cell(cell: str, name: str, options: dict[str, Any]) -> Configuration:
    def layer() -> Any:
        return LAYERS.RNN(CELLS_OF_LAYERS[cell](), name="bare", **options)

    return Through(layer).configuration(f"cell_of_{cell}_{name}", family(cell), "loop_free")


def _activation(index: int, name: str, function: Any, *tags: str) -> Configuration:
    """One layer with the activation on its values, one with it on its gates."""
    values, gates = list(CELLS)[index % 4], ["lstm", "gru", "gru_before"][index % 3]

    def layer() -> Any:
        first = CELLS[values](UNITS, activation=function, return_sequences=True, name="values")
        second = CELLS[gates](UNITS, recurrent_activation=function, name="gates")
        return lambda x: {"on_values": first(x), "on_gates": second(x)}

    made = Through(layer, shape=(8, 3), scale=SCALES.get(name, 0.25))
    return made.configuration(f"activation_{name}", family(values), *tags)


def _seasoned(cell: str) -> Configuration:
    """A layer whose options are all other than the default ones."""
    options: dict[str, Any] = {"activation": "sigmoid", "bias_initializer": "ones"}
    options |= {"kernel_regularizer": "l2", "recurrent_constraint": "max_norm"}
    if cell != "simple_rnn":
        options["recurrent_activation"] = "hard_sigmoid"
    return _one(cell, "other_options", options | BACKWARD | SEQUENCES, {})


CONFIGURATIONS = table(
    *(_one(cell, name, *row) for cell in CELLS for name, row in OPTIONS.items()),
    *(
        _one(list(CELLS)[index % 4], name, *row)
        for index, (name, row) in enumerate(MORE_OPTIONS.items())
    ),
    *(_cell(cell, name, row) for cell in CELLS for name, row in CELL_OPTIONS.items()),
    *(_seasoned(cell) for cell in CELLS),
    *(_activation(index, name, name, "loop_free") for index, name in enumerate(NATIVE_ACTIVATIONS)),
    *(_activation(index, name, name) for index, name in enumerate(OTHER_ACTIVATIONS)),
    *(_activation(index, name, one) for index, (name, one) in enumerate(CALLABLES.items())),
)
