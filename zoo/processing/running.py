"""What is known of a series from its past alone: its scale, and the range that it keeps to.

Each takes one value at a time, in constant time and memory, and answers before it learns from it.
"""

from __future__ import annotations

import math

import numpy as np

_FIRST = 5  # values before there is a spread
_LEAST = 1e-6  # least spread or width, relative to where the series lies
_TINY = 1e-30


class RunningScale:
    """Brings values to a scale on which most of the past lies between -2 and 2.

    The centre is the mean of the past, the spread the mean distance from it; both forget over
    `horizon` values. Beyond the spread the scale is logarithmic (arcsinh).

    Args:
        horizon: Values of the past that count.
        limit: Largest scaled value.
    """

    def __init__(self, horizon: int, limit: float) -> None:
        self._horizon = horizon
        self._limit = limit
        self._count, self._centre, self._spread = 0, 0.0, 0.0

    def __call__(self, value: float) -> float:
        """The value on the scale of those before it; it counts from the next one on."""
        off = value - self._centre
        scaled = 0.0
        if self._count >= _FIRST:
            spread = max(self._spread, _LEAST * abs(self._centre), _TINY)
            scaled = min(max(math.asinh(off / spread), -self._limit), self._limit)
        self._count += 1
        share = 1 / min(self._count, self._horizon)
        if self._count > 1:
            self._spread += share * (abs(off) - self._spread)
        self._centre += share * off
        return scaled

    def state(self) -> np.ndarray:
        """All that it remembers, float64 (3,)."""
        return np.array([self._count, self._centre, self._spread])

    def restore(self, state: np.ndarray) -> None:
        """Takes what `state` gave.

        Raises:
            ValueError: It is something else.
        """
        count, self._centre, self._spread = state.tolist()
        self._count = int(count)


class RunningRange:
    """Says by how much a value leaves the range of those before it.

    The range falls back towards the mean of the past, very slowly, so that what once was extreme
    can be so again.

    Args:
        horizon: Values of the past that count for the mean.
        forget: Share of the way to the mean by which the range falls back with each value.
    """

    def __init__(self, horizon: int, forget: float) -> None:
        self._horizon = horizon
        self._forget = forget
        self._count, self._centre, self._low, self._high = 0, 0.0, 0.0, 0.0

    def __call__(self, value: float) -> tuple[float, float]:
        """How far the value lies below and above the range, in widths of it; then it counts."""
        if not self._count:
            self._count, self._centre, self._low, self._high = 1, value, value, value
            return 0.0, 0.0
        width = max(self._high - self._low, _LEAST * abs(self._centre), _TINY)
        below, above = (self._low - value) / width, (value - self._high) / width
        self._count += 1
        self._centre += (value - self._centre) / min(self._count, self._horizon)
        self._low = min(self._low + self._forget * (self._centre - self._low), value)
        self._high = max(self._high - self._forget * (self._high - self._centre), value)
        return max(below, 0.0), max(above, 0.0)

    def state(self) -> np.ndarray:
        """All that it remembers, float64 (4,)."""
        return np.array([self._count, self._centre, self._low, self._high])

    def restore(self, state: np.ndarray) -> None:
        """Takes what `state` gave.

        Raises:
            ValueError: It is something else.
        """
        count, self._centre, self._low, self._high = state.tolist()
        self._count = int(count)
