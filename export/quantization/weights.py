"""Weights as small integers: one scale for each output channel, symmetric about zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# A kernel without VNNI adds two products of uint8 and int8 in 16 bits; with weights of at most 64
# these never overflow (2 x 255 x 64 < 2^15), so every machine gives the same integers.
PRODUCT_LIMIT = 64
STORED_LIMIT = 127


@dataclass(frozen=True)
class Integers:
    """Weights as ``values * scale``.

    Attributes:
        values: int8, in the shape of the weights.
        scale: float32, of the same rank; the summed axes have size 1.
    """

    values: npt.NDArray[np.int8]
    scale: npt.NDArray[np.float32]


def integers(weights: npt.NDArray[np.float32], summed: tuple[int, ...], limit: int) -> Integers:
    """Rounds weights to integers.

    Args:
        weights: float32, finite.
        summed: The axes that a product sums over; every place along the others has its own scale.
        limit: The largest integer, at most 127.
    """
    largest = np.abs(weights).max(axis=summed, keepdims=True)
    scale = np.where(largest > 0, largest / np.float32(limit), np.float32(1)).astype(np.float32)
    # A scale may be so small that the quotient rounds over the limit.
    values: Any = np.clip(np.rint(weights / scale), -limit, limit)
    return Integers(values.astype(np.int8), scale)
