"""Random arrays that any exported model takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from export.runtime.ports import Port

_WORDS = 20  # of a text


def drawn(
    ports: Sequence[Port], draw: np.random.Generator, rows: int, steps: int, *, full: bool = False
) -> dict[str, np.ndarray]:
    """Random arrays for inputs: codes of 0 and 1, texts of short words, lengths within the time.

    Args:
        ports: The inputs.
        draw: Source of randomness.
        rows: Size of the first axis, where it is open.
        steps: Size of the other open axes.
        full: Whether every length is the number of steps.
    """
    arrays = {}
    for port in ports:
        shape = [
            axis if isinstance(axis, int) else steps if place else rows
            for place, axis in enumerate(port.shape)
        ]
        if port.dtype.startswith("float"):
            arrays[port.name] = draw.standard_normal(shape).astype(port.dtype)
        elif port.dtype == "string":
            texts = [" ".join(draw.choice(["a", "the", "of"], _WORDS)) for _ in range(rows)]
            arrays[port.name] = np.array(texts, object)
        elif len(shape) == 1:
            arrays[port.name] = draw.integers(steps if full else 1, steps + 1, shape, port.dtype)
        else:
            arrays[port.name] = draw.integers(0, 2, shape).astype(port.dtype)
    return arrays


def positive(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with floats above 0, which a series in its own units may need."""
    return {
        name: np.abs(array) + array.dtype.type(0.1) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }
