"""Naive2, the M4 competition's reference: the last value of the series without its season.

Makridakis, Spiliotis and Assimakopoulos 2020, "The M4 Competition".
"""

from __future__ import annotations

import numpy as np

_CRITICAL = 1.645  # 90 % of a normal distribution


def naive2(values: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Forecasts from one series.

    Where the autocorrelation at one season is significant, the series is divided by seasonal
    indices of a classical multiplicative decomposition, its last value repeated, and the season
    put back; otherwise the last value is repeated as it is.

    Args:
        values: float64 (steps,), at least two seasons, above 0 where there is a season.
        horizon: steps ahead.
        season: steps in a season.

    Returns:
        float64 (horizon,).
    """
    last, ahead = len(values) - 1, len(values) + np.arange(horizon)
    if not _is_seasonal(values, season):
        return np.full(horizon, values[-1])
    indices = _seasonal_indices(values, season)
    found: np.ndarray = values[-1] / indices[last % season] * indices[ahead % season]
    return found


def _is_seasonal(values: np.ndarray, season: int) -> bool:
    """The test of the competition on the autocorrelation at lag `season`."""
    centred = values - values.mean()
    total = centred @ centred
    if len(values) < 3 * season or total == 0 or values.min() <= 0:
        return False
    lags = np.array([centred[lag:] @ centred[:-lag] for lag in range(1, season + 1)]) / total
    limit = _CRITICAL * np.sqrt((1 + 2 * np.square(lags[:-1]).sum()) / len(values))
    return bool(abs(lags[-1]) > limit)


def _seasonal_indices(values: np.ndarray, season: int) -> np.ndarray:
    """Mean ratio of each place in the season to the centred moving average; their mean is 1."""
    weights = np.full(season + 1 - season % 2, 1 / season)
    if season % 2 == 0:
        weights[[0, -1]] /= 2
    trend = np.convolve(values, weights, "valid")
    first = len(weights) // 2
    ratios = values[first : first + len(trend)] / trend
    places = (first + np.arange(len(ratios))) % season
    indices = np.array([ratios[places == place].mean() for place in range(season)])
    found: np.ndarray = indices / indices.mean()
    return found
