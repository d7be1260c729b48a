"""The state that ``stateful=True`` layers keep, as explicit inputs and outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class KeptState:
    """One state tensor of a layer.

    Attributes:
        layer: The layer that keeps it.
        variable: Where it is kept.
        name: Name of the input that holds it; that of the output is ``next_<name>``.
    """

    layer: Any
    variable: Any
    name: str


def kept_states(layers: Sequence[Any]) -> list[KeptState]:
    """The states that built layers keep between calls, in order."""
    found = []
    for layer in layers:
        if not isinstance(layer, keras.layers.RNN) or not layer.stateful:
            continue
        variables = keras.tree.flatten(layer.states)
        parts: tuple[str, ...] = ("h", "c") if isinstance(layer, keras.layers.LSTM) else ("h",)
        if len(parts) != len(variables):
            parts = tuple(f"state_{index}" for index in range(len(variables)))
        found += [
            KeptState(layer, variable, f"{layer.name}_{part}")
            for variable, part in zip(variables, parts, strict=True)
        ]
    return found


@contextmanager
def restored(states: Sequence[KeptState]) -> Iterator[None]:
    """Puts the states back as they were."""
    before = [np.asarray(state.variable).copy() for state in states]
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.variable.assign(value)


class ExplicitState:
    """Lets layers that keep their state take it from tensors and leave it as tensors.

    Args:
        states: The states kept.
        values: Their values before the call.
    """

    def __init__(self, states: Sequence[KeptState], values: Sequence[Any]) -> None:
        self._values: dict[Any, list[Any]] = {}
        for state, value in zip(states, values, strict=True):
            self._values.setdefault(state.layer, []).append(value)

    def methods(self) -> Mapping[tuple[Any, str], Callable[..., Any]]:
        """Stand-ins for ``call``; a layer called twice goes on from the first call's state."""
        return {(layer, "call"): self._call(layer) for layer in self._values}

    def after(self) -> list[Any]:
        """The states after the calls, in the order given."""
        return [value for values in self._values.values() for value in values]

    def _call(self, layer: Any) -> Callable[..., Any]:
        def call(
            sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
        ) -> Any:
            if initial_state is None:
                initial_state = keras.tree.pack_sequence_as(layer.states, self._values[layer])
            returned = layer.return_state
            layer.stateful, layer.return_state = False, True
            try:
                output, *states = type(layer).call(
                    layer, sequences, initial_state=initial_state, mask=mask, training=training
                )
            finally:
                layer.stateful, layer.return_state = True, returned
            self._values[layer] = keras.tree.flatten(states)
            return (output, *states) if returned else output

        return call
