"""The states of many streams, a row each, so that those of a batch are taken and put at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from export.runtime.ports import Port, zero_states
from zoo.tasks import Arrays

_FIRST = 16  # rows; doubled whenever they are all taken


class StateTable:
    """Rows of states; not safe for several threads at a time.

    Args:
        ports: The states; one with an open axis besides the batch is kept as an array a row.
    """

    def __init__(self, ports: Sequence[Port]) -> None:
        self._ports = tuple(ports)
        self._open = [p.name for p in ports if any(isinstance(axis, str) for axis in p.shape[1:])]
        self._held: dict[str, list[np.ndarray]] = {name: [] for name in self._open}
        self._rows: Arrays = {
            name: np.zeros((0, *array.shape[1:]), array.dtype)
            for name, array in zero_states(ports, 0).items()
            if name not in self._open
        }
        self._size = 0
        self._free: list[int] = []

    def join(self) -> int:
        """A row of states at the start of a sequence."""
        if not self._free:
            self._grow(max(_FIRST, 2 * self._size))
        place = self._free.pop()
        self.put(place, {})
        return place

    def leave(self, place: int) -> None:
        """Gives a row back."""
        self._free.append(place)

    def form(self, place: int) -> tuple[int, ...]:
        """The sizes of the open axes of a row; rows of one form go into one call."""
        return tuple(self._held[name][place].shape[1] for name in self._open)

    def gather(self, places: Sequence[int]) -> Arrays:
        """The states of rows of one form, as the model's inputs."""
        found = {name: rows[places] for name, rows in self._rows.items()}
        for name, held in self._held.items():
            found[name] = np.concatenate([held[place] for place in places])
        return found

    def scatter(self, places: Sequence[int], states: Mapping[str, np.ndarray]) -> None:
        """Puts the states after a call."""
        for name, rows in self._rows.items():
            rows[places] = states[name]
        for name, held in self._held.items():
            for row, place in enumerate(places):
                held[place] = states[name][row : row + 1].copy()

    def row(self, place: int) -> Arrays:
        """The states of one row."""
        return {port.name: self.gather([place])[port.name] for port in self._ports}

    def put(self, place: int, states: Mapping[str, np.ndarray]) -> None:
        """Sets the states of one row; those of the start where there are none."""
        self.scatter([place], states or zero_states(self._ports, 1))

    def _grow(self, size: int) -> None:
        for name, rows in self._rows.items():
            self._rows[name] = np.concatenate(
                [rows, np.zeros((size - len(rows), *rows.shape[1:]), rows.dtype)]
            )
        for held in self._held.values():
            held += [np.zeros(0)] * (size - len(held))
        self._free += reversed(range(self._size, size))
        self._size = size
