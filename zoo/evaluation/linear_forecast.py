"""One linear layer from the look-back to all steps ahead, as a rival of forecasters.

The NLinear of Zeng et al. 2023 (arXiv 2205.13504), the same for all series, by least squares in
place of gradient descent.
"""

from __future__ import annotations

import numpy as np

from zoo.processing.series import SeriesData, SeriesProcessing

_BATCH = 512
_LEAST = 1e-9  # without a window the layer repeats the last value
_RIDGE = 1e-3  # times the number of windows; keeps neighbours that are alike from cancelling


class LinearForecast:
    """Learns from the training part of a table.

    Args:
        series: Look-back, horizon and scale; the scale is that of the training part.
        part: The table. Windows with rows that have no value are left out.
    """

    def __init__(self, series: SeriesProcessing, part: SeriesData) -> None:
        self._series = series
        begin, end = part.rows("train")
        values = series.standardise(part.table.values[begin:end]).astype(np.float64)
        size, ahead = series.look_back, series.horizon
        squares = np.zeros((size + 1, size + 1))
        products = np.zeros((size + 1, ahead))
        starts = np.arange(len(values) - size - ahead + 1)
        for place in range(0, len(starts), _BATCH):
            rows = starts[place : place + _BATCH, None] + np.arange(size + ahead)
            windows = np.moveaxis(values[rows], 2, 1).reshape(-1, size + ahead)
            windows = windows[np.isfinite(windows).all(axis=1)]
            inputs = self._inputs(windows[:, :size])
            squares += inputs.T @ inputs
            products += inputs.T @ (windows[:, size:] - windows[:, size - 1 : size])
        weight = max(_RIDGE * squares[-1, -1], _LEAST) * np.eye(size + 1)
        weight[-1, -1] = _LEAST  # the constant is free
        self._weights = np.linalg.solve(squares + weight, products)

    def __call__(self, history: np.ndarray) -> np.ndarray:
        """Forecasts in units, float64 (batch, horizon, series).

        Args:
            history: Raw values (batch, look_back, series).
        """
        scaled = np.moveaxis(self._series.standardise(history).astype(np.float64), 2, 1)
        ahead = self._inputs(scaled) @ self._weights + scaled[..., -1:]
        return self._series.restore(np.moveaxis(ahead, 1, 2))

    @staticmethod
    def _inputs(windows: np.ndarray) -> np.ndarray:
        """Values less the last one, and a one, (..., look_back + 1)."""
        ones = np.ones((*windows.shape[:-1], 1))
        return np.concatenate([windows - windows[..., -1:], ones], axis=-1)
