"""How the sequences of a proof are cut into chunks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

_MOST = 4


@dataclass(frozen=True)
class Chunking:
    """What a streaming file asks of chunks.

    Attributes:
        axis: Name of the axis that is cut.
        first: The fewest steps of the first chunk of a stream.
        later: The fewest steps of any other, what is held of the one before included.
        fresh: The fewest new steps that always make such a chunk.
        carried: The state that holds steps not used yet, if there is one.
    """

    axis: str = "time"
    first: int = 1
    later: int = 1
    fresh: int = 1
    carried: str = ""

    def facts(self) -> dict[str, Any]:
        """What the metadata says under "streaming"."""
        found = {"axis": self.axis, "first_steps": self.first, "later_steps": self.later}
        if self.carried:
            found |= {"fresh_steps": self.fresh, "carried": self.carried}
        return found

    def pieces(
        self, draw: np.random.Generator, sizes: Mapping[str, int], *, start: bool
    ) -> list[int]:
        """Cuts the steps of a question into random pieces.

        Args:
            draw: Where to cut.
            sizes: Of the question's axes; one without this axis has one step.
            start: Whether it starts a stream.
        """
        steps = sizes.get(self.axis, 1)
        least = self.first if start else self.fresh
        count = int(draw.integers(0, min(_MOST, 1 + max(0, steps - least) // self.fresh)))
        smallest = np.array([least, *[self.fresh] * count])
        more = draw.multinomial(max(0, steps - smallest.sum()), [1 / len(smallest)] * len(smallest))
        return [int(size) for size in smallest + more] if count else [steps]


def fed_axis(shapes: Mapping[str, tuple[int | str, ...]], metadata: Mapping[str, Any]) -> str:
    """The axis along which a model with states goes on: the answers' of a step, else time.

    Args:
        shapes: Input name -> shape; open axes are names.
        metadata: What the file says of itself.
    """
    shape = shapes["previous"][1:2] if metadata.get("part") == "step" else ()
    return next((axis for axis in shape if isinstance(axis, str)), "time")
