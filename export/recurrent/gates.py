"""Small array helpers for packed gate weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]


def reorder(packed: Array, order: Sequence[int], units: int) -> Array:
    """Reorders the gates that are packed along the last axis, ``(..., gates * units)``."""
    return np.concatenate([packed[..., k * units : (k + 1) * units] for k in order], axis=-1)


def bias_of(cell: Any, shape: tuple[int, ...]) -> Array:
    """The cell's bias, or zeros of that shape when it has none."""
    if cell.bias is None:
        return np.zeros(shape, np.float32)
    return np.asarray(cell.bias, np.float32)
