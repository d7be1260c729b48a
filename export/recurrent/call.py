"""One call of a recurrent layer, as it was met while a model was traced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Dims = tuple[int | None, ...]


@dataclass(frozen=True)
class Call:
    """What the nodes of one call must be right for.

    Attributes:
        layer: A built Keras recurrent layer, or a ``Bidirectional`` of two.
        x: Shape of the input, ``(batch, time, features...)``; None where it is open.
        states: Shapes of the initial states that are given, flat; empty for zeros.
        masked: Whether a mask ``(batch, time)`` is given.
        dtype: The type that it computes in, "float32" or "float64".
    """

    layer: Any
    x: Dims
    states: Sequence[Dims]
    masked: bool
    dtype: str
