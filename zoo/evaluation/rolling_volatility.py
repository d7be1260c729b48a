"""A random walk whose steps are normal, of the volatility of the last days."""

from __future__ import annotations

import numpy as np

WINDOWS = (3, 5, 10, 20, 40, 60, 125, 250)  # trading days that the validation part may choose from


def rolling_volatility(returns: np.ndarray, origins: np.ndarray, days: int) -> np.ndarray:
    """Root of the mean squared return of the days before each origin.

    Args:
        returns: float64 (steps,); that of step i leads to price i.
        origins: int (origins,), numbers of the first step ahead, at least `days`.
        days: how many days count.

    Returns:
        float64 (origins,).
    """
    squares = np.concatenate([[0.0], np.cumsum(np.square(returns))])
    means = (squares[origins] - squares[origins - days]) / days
    found: np.ndarray = np.sqrt(np.maximum(means, 0.0))
    return found
