"""Global forecast: one model for any series; each column of a table is forecast by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from zoo.errors import InputError
from zoo.processing.frontend import Run
from zoo.processing.labels import checked
from zoo.processing.own_scale import AnySeries
from zoo.processing.price_band import PriceBand
from zoo.processing.tables import Table, read_all, show_time
from zoo.tasks.forecast import Forecast, steps_ahead

DOMAIN = "series"
INPUTS = {"history": "the last values of a series, of zero mean and unit deviation"}
OUTPUTS = {"forecast": "quantiles of the steps ahead, on the scale of the history"}

Series = TypeVar("Series", AnySeries, PriceBand)


class GlobalForecaster(Generic[Series]):
    """Forecasts every column of a table, whatever it measures.

    The network it runs takes `history` float32 (batch, look_back), a row a series, on a scale of
    its own, and gives `forecast` float32 (batch, horizon, quantiles) on that scale.

    Args:
        series: lengths and quantiles, and what a window's own scale is.
    """

    def __init__(self, series: Series) -> None:
        self.series: Series = series
        self.frontend = series.frontend()
        self.processing = series.to_processing()

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        horizon: int | None = None,
        columns: str | Sequence[str] | None = None,
    ) -> Forecast:
        """Forecasts the steps after the last row.

        Args:
            run: the network with the frontend around it.
            raw: a table of numbers of at least `look_back` rows, with times or without; see
                `zoo.processing.tables.read_all`. What is missing at its end is filled in; see
                `zoo.processing.gaps.last_rows`.
            horizon: number of steps, if fewer than the network gives.
            columns: those to forecast, if not all; text names one or, with commas, several.

        Raises:
            InputError: the table cannot be used, or the horizon is out of range.
        """
        return self.predict_many(run, [raw], horizon=horizon, columns=columns)[0]

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        horizon: int | None = None,
        columns: str | Sequence[str] | None = None,
    ) -> list[Forecast]:
        """Forecasts for several tables in one batch; see `predict`."""
        if not raws:
            raise InputError("Received no table; give at least one.")
        series = self.series
        horizon = steps_ahead(horizon, series.horizon)
        names = [n.strip() for n in columns.split(",")] if isinstance(columns, str) else columns
        tables = [read_all(raw, names) for raw in raws]
        windows: list[tuple[Table, int]] = [series.window(table) for table in tables]
        rows = np.concatenate([window.values.T for window, _ in windows])
        ahead = checked(run({"history": np.ascontiguousarray(rows)})["forecast"])[:, :horizon]
        ends = np.cumsum([len(window.names) for window, _ in windows])
        parts = np.split(ahead.astype(np.float64), ends[:-1])
        return [
            self._forecast(history, filled, part)
            for (history, filled), part in zip(windows, parts, strict=True)
        ]

    def _forecast(self, history: Table, filled: int, ahead: np.ndarray) -> Forecast:
        """The answer for quantiles ahead (series, horizon, quantiles) in raw units."""
        levels, steps = self.series.quantiles, ahead.shape[1]
        if history.times is None:
            times = [f"+{step}" for step in range(1, steps + 1)]
        else:
            times = [show_time(t) for t in self.series.times_ahead(history.times[-1], steps)]
        quantiles = np.swapaxes(ahead, 0, 1)
        return Forecast(
            times=tuple(times),
            names=history.names,
            units=("",) * len(history.names),
            values=quantiles[..., levels.index(0.5)],
            levels=levels,
            quantiles=quantiles,
            history=history,
            filled=filled,
        )


def from_processing(processing: Mapping[str, Any]) -> GlobalForecaster[AnySeries]:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: a key is unknown or missing, or a value does not fit.
    """
    return GlobalForecaster(AnySeries.from_processing(processing))
