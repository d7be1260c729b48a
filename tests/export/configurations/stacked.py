"""StackedRNNCells: equal and mixed cells, masks, states, directions, and stateful layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.export.configurations.configuration import LAYERS, Configuration, Through, table
from tests.export.configurations.masks import ZEROS
from tests.export.configurations.one_layer import BACKWARD, SEQUENCES, STATES

LSTM, GRU, SIMPLE = LAYERS.LSTMCell, LAYERS.GRUCell, LAYERS.SimpleRNNCell

# Name -> cells, sizes of their states as Keras nests them.
STACKS: dict[str, tuple[Callable[[], list[Any]], list[Any]]] = {
    "lstm": (lambda: [LSTM(4), LSTM(4)], [[4, 4], [4, 4]]),
    "gru": (lambda: [GRU(4), GRU(3), GRU(5)], [[4], [3], [5]]),
    "simple_rnn": (lambda: [SIMPLE(4), SIMPLE(4)], [[4], [4]]),
    "mixed": (lambda: [LSTM(5), GRU(3, reset_after=False), SIMPLE(4)], [[5, 5], [3], [4]]),
}
# Name -> options of the layer, how the model around it is made.
OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "last": ({}, {}),
    "sequences_and_states": (SEQUENCES | STATES, {}),
    "masked": (SEQUENCES | STATES, {"mask": "hand"}),
    "from_states": (SEQUENCES | STATES, {"states": True}),
}
MORE_OPTIONS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "backward": (BACKWARD | SEQUENCES | STATES, {}),
    "backward_masked": (BACKWARD | SEQUENCES, {"mask": "hand"}),
    "masked_last": ({}, {"mask": "embedding"}),
    "masked_zeros": (ZEROS | SEQUENCES, {"mask": "masking"}),
    "masked_zeros_last": (ZEROS, {"mask": "hand"}),
    "masked_from_states": (STATES, {"mask": "hand", "states": True}),
    "unrolled": (SEQUENCES | {"unroll": True}, {"shape": (4, 3)}),
    "fixed": (SEQUENCES, {"shape": (6, 3), "batch": 2}),
    "one_step": (STATES, {"shape": (1, 3)}),
}
SPECIAL: dict[str, Callable[[], list[Any]]] = {
    "one_cell": lambda: [GRU(4)],
    "activations": lambda: [LSTM(4, activation="relu"), GRU(4, recurrent_activation="softsign")],
    "dropouts": lambda: [LSTM(4, dropout=0.3), GRU(4, recurrent_dropout=0.4)],
    "no_bias": lambda: [GRU(4, use_bias=False), SIMPLE(3, use_bias=False)],
    "nested": lambda: [LAYERS.StackedRNNCells([GRU(3), GRU(4)]), SIMPLE(3)],
}


def _stack(cells: str, name: str, row: tuple[dict[str, Any], dict[str, Any]]) -> Configuration:
    make, states = STACKS[cells]
    options, around = row
    around = around | ({"states": states} if around.get("states") else {})
    made = Through(lambda: LAYERS.RNN(make(), name="stack", **options), **around)
    return made.configuration(f"stacked_{cells}_{name}", "stacked", "loop_free")


def _special(name: str, make: Callable[[], list[Any]]) -> Configuration:
    def layer() -> Any:
        return LAYERS.RNN(LAYERS.StackedRNNCells(make()), return_sequences=True, name="stack")

    return Through(layer).configuration(f"stacked_{name}", "stacked", "loop_free")


CONFIGURATIONS = table(
    *(_stack(cells, name, row) for cells in STACKS for name, row in OPTIONS.items()),
    *(
        _stack(list(STACKS)[index % 4], name, row)
        for index, (name, row) in enumerate(MORE_OPTIONS.items())
    ),
    *(_special(name, make) for name, make in SPECIAL.items()),
)
