"""Chunks of a stream given as the model's own arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from export.runtime.ports import Port
from zoo.errors import InputError
from zoo.tasks import Arrays

Check = Callable[[Mapping[str, Any]], Mapping[str, int]]


class ArrayReader:
    """Takes the model's inputs, without states, and gives its outputs; see ``zoo.tasks.Reader``.

    A chunk is a mapping of names to arrays ``(batch, time, ...)``, or the array alone where there
    is one input. Steps are withheld until there are as many as the model needs; the answer is
    empty until then.

    Args:
        ports: The inputs that are no states.
        check: Checks them.
        facts: How long chunks must be: what the metadata holds under "streaming".
        rows: How many rows each chunk has; None for as many as the first one.
    """

    def __init__(
        self,
        ports: Sequence[Port],
        check: Check,
        facts: Mapping[str, Any] | None = None,
        rows: int | None = None,
    ) -> None:
        known: dict[str, Any] = {"axis": "time", "first_steps": 1, "later_steps": 1}
        known |= facts or {}
        self._rows = rows
        self._names = [port.name for port in ports]
        self._timed = [
            port.name for port in ports if len(port.shape) > 1 and port.shape[1] == known["axis"]
        ]
        self._check = check
        self._first, self._later = int(known["first_steps"]), int(known["later_steps"])
        # The model may hold steps itself: all but a multiple of this many, which it has used up.
        self._hop = int(known["fresh_steps"]) if "carried" in known else 0
        self._patient = self._first > 1 or self._hop > 0
        self.reset()

    def reset(self) -> None:
        """Starts a sequence anew."""
        self._held: Arrays = {}
        self._begun = False
        self._inside = 0  # steps that the model holds
        self._batch = self._rows

    def arrays(self, chunk: Any) -> Arrays | None:
        """The arrays of a chunk; None while there are too few steps.

        Raises:
            InputError: Names, types, shapes or values do not fit.
        """
        if not isinstance(chunk, Mapping):
            if len(self._names) != 1:
                raise InputError(
                    f"received a {type(chunk).__name__}; give a mapping with {self._names}"
                )
            chunk = {self._names[0]: chunk}
        batch = self._check(chunk).get("batch")
        if batch != self._batch:
            if self._batch is not None or batch == 0:
                raise InputError(
                    f"the chunk has {batch} rows; this stream takes {self._batch or 'one or more'}"
                )
            self._batch = batch
        return self._enough(dict(chunk)) if self._patient else dict(chunk)

    def rest(self) -> Arrays | None:
        """Nothing: a chunk is used as soon as it can be.

        Raises:
            InputError: The sequence was too short for the model to answer at all.
        """
        if self._held and not self._begun:
            steps = self._held[self._timed[0]].shape[1]
            raise InputError(
                f"the sequence ended after {steps} steps; the model needs at least {self._first}"
            )
        return None

    def answer(self, outputs: Arrays | None) -> Arrays:
        """The outputs as they are; none while steps are withheld."""
        return {} if outputs is None else outputs

    def state(self) -> Arrays:
        """What is withheld, and how far the stream is."""
        count = np.array([self._begun, self._inside, self._batch or 0], np.int64)
        return {"progress": count, **self._held}

    def restore(self, arrays: Arrays) -> None:
        """Takes what ``state`` gave.

        Raises:
            KeyError, ValueError: It is not of this model.
        """
        held = dict(arrays)
        begun, inside, batch = held.pop("progress").tolist()
        if not held.keys() <= set(self._names):
            raise ValueError(f"it holds {sorted(held)}")
        if held:
            self._check(held)
        self._held, self._batch = held, batch or None
        self._begun, self._inside = bool(begun), inside

    def _enough(self, chunk: Arrays) -> Arrays | None:
        if self._held:
            for name in self._timed:
                chunk[name] = np.concatenate([self._held[name], chunk[name]], axis=1)
        total = self._inside + chunk[self._timed[0]].shape[1]
        if total < (self._later if self._begun else self._first):
            self._held = {name: array.copy() for name, array in chunk.items()}
            return None
        self._held, self._begun = {}, True
        if self._hop:
            self._inside = total - self._hop * (1 + (total - self._later) // self._hop)
        return chunk
