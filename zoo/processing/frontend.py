"""What stands between raw arrays and a network: one part before it, one part after it.

The parts are numpy here. `export.frontend` writes the same parts as ONNX and TensorFlow operators
and proves them against these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Arrays = dict[str, np.ndarray]
Run = Callable[[Arrays], Arrays]


@dataclass(frozen=True)
class Tensor:
    """An array that a part reads or gives.

    Attributes:
        name: Its name as an input or output of a model.
        dtype: numpy's name of its type; "str" for texts.
        shape: Sizes; open axes are names.
        meaning: What stands in it, in one sentence.
        scale: Of values in units, one deviation of each feature, in C order of the last axes.
    """

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    meaning: str
    scale: tuple[float, ...] = ()


class Part(Protocol):
    """A step from named arrays to named arrays."""

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The arrays that it takes."""
        ...

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The arrays that it makes; one of the name of one that it reads replaces it."""
        ...

    def __call__(self, arrays: Arrays) -> Arrays:
        """Computes what it gives from what it reads; other arrays do not matter."""
        ...


@dataclass(frozen=True)
class Frontend:
    """The processing around a network that needs no more than arrays.

    Args:
        before: Raw arrays to the network's inputs; None where raw arrays are its inputs.
        after: The network's outputs to answers; None where its outputs are the answers.
    """

    before: Part | None
    after: Part | None

    @property
    def kept(self) -> tuple[Tensor, ...]:
        """What the part before gives to the caller, for the next chunk, and not to the network."""
        given = self.before.gives if self.before else ()
        return tuple(tensor for tensor in given if tensor.name.startswith("next_"))

    @property
    def passed(self) -> tuple[Tensor, ...]:
        """What the part before gives to the part after, around the network: a window's scale."""
        read = {tensor.name for tensor in self.after.reads} if self.after else set()
        given = self.before.gives if self.before else ()
        return tuple(tensor for tensor in given if tensor.name in read)

    def process(self, raw: Arrays) -> Arrays:
        """The network's inputs; arrays that no part reads (states) stay as they are."""
        if self.before is None:
            return dict(raw)
        read = {tensor.name for tensor in self.before.reads}
        kept = {name: array for name, array in raw.items() if name not in read}
        return {**kept, **self.before(raw)}

    def restore(self, outputs: Arrays) -> Arrays:
        """The raw outputs: the network's own, and what the part after it makes of them."""
        return dict(outputs) if self.after is None else {**outputs, **self.after(outputs)}

    def around(self, run: Run) -> Run:
        """A network of tensors as one of raw arrays; the same one where nothing is done to them."""
        if self.before is None and self.after is None:
            return run
        kept_names = [tensor.name for tensor in self.kept]
        passed_names = [tensor.name for tensor in self.passed]

        def whole(raw: Arrays) -> Arrays:
            inputs = self.process(raw)
            kept = {name: inputs.pop(name) for name in kept_names}
            passed = {name: inputs.pop(name) for name in passed_names}
            found = self.restore({**run(inputs), **passed})
            return {**{name: found[name] for name in found if name not in passed}, **kept}

        return whole

    def meanings(self) -> Mapping[str, str]:
        """What each raw input and each output that a part makes holds."""
        before = self.before.reads if self.before else ()
        after = self.after.gives if self.after else ()
        return {tensor.name: tensor.meaning for tensor in (*before, *self.kept, *after)}
