"""Forecast: a table of past values in, the values ahead out, in the units of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.frontend import Frontend, Run
from zoo.processing.histories import InUnits, Standardised, dtype_of
from zoo.processing.labels import checked
from zoo.processing.series import SeriesProcessing
from zoo.processing.tables import Table, read_table, show_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 8

DOMAIN = "series"
INPUTS = {"history": "the last rows of the series, standardised"}
OUTPUTS = {"forecast": "the steps ahead, standardised"}


@dataclass(frozen=True, eq=False)
class Forecast:
    """Values ahead of several series.

    Args:
        times: of the steps ahead, ISO 8601; their numbers "+1", "+2", … where the input had none.
        names: one a series.
        units: one a series.
        values: float64 (horizon, series), in those units; the median where there are quantiles.
        levels: of the quantiles, rising; empty for a plain forecast.
        quantiles: float64 (horizon, series, levels), in those units.
        history: the rows that the forecast was made from.
        filled: cells of the history that had no value and were filled in.
    """

    times: tuple[str, ...]
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: np.ndarray
    levels: tuple[float, ...]
    quantiles: np.ndarray
    history: Table
    filled: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values: one mapping a series, lists along the times ahead."""
        series = [
            {
                "name": name,
                "unit": unit,
                "values": self.values[:, i].tolist(),
                "quantiles": {
                    f"{level:g}": self.quantiles[:, i, q].tolist()
                    for q, level in enumerate(self.levels)
                },
            }
            for i, (name, unit) in enumerate(zip(self.names, self.units, strict=True))
        ]
        return {"times": list(self.times), "series": series, "filled": self.filled}

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draws history, forecast and, where there are quantiles, the outermost band.

        Args:
            path: A PNG to write too.

        Returns:
            A matplotlib figure, which a notebook shows.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        from zoo.plots.forecast import draw_forecast

        return draw_forecast(self, None if path is None else Path(path))

    def __str__(self) -> str:
        heads = [f"{n} [{u}]" if u else n for n, u in zip(self.names, self.units, strict=True)]
        rows = [["", *heads], *([time, *self._cells(i)] for i, time in enumerate(self.times))]
        if len(self.times) > SHOWN:
            rows[SHOWN:-1] = [["…", *[""] * len(heads)]]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(c.rjust(w) for c, w in zip(r, widths, strict=True)) for r in rows]
        if len(self.levels) > 1:
            lines.append(f"in brackets: quantiles {self.levels[0]:g} to {self.levels[-1]:g}")
        if self.filled:
            lines.append(f"filled in: {self.filled} of the cells that it was made from")
        return "\n".join(line.rstrip() for line in lines)

    def _cells(self, step: int) -> list[str]:
        cells = [f"{value:.4g}" for value in self.values[step]]
        if len(self.levels) < 2:
            return cells
        bands = self.quantiles[step]
        return [f"{c} ({b[0]:.4g} to {b[-1]:.4g})" for c, b in zip(cells, bands, strict=True)]


class Forecaster:
    """Forecasts a table.

    The network it runs takes `history` float32 (batch, look_back, series), standardised, and
    gives `forecast` float32 (batch, horizon, series) or (batch, horizon, series, quantiles).

    Args:
        series: raw values to standardised ones and back.
    """

    def __init__(self, series: SeriesProcessing) -> None:
        self.series = series
        self.frontend = Frontend(Standardised(series), InUnits(series))
        self.processing = series.to_processing()

    def predict(self, run: Run, raw: Any, *, horizon: int | None = None) -> Forecast:
        """Forecasts the steps after the last row.

        Args:
            run: the network with the frontend around it.
            raw: a table of at least `look_back` rows; see `zoo.processing.tables.read_table`. What
                is missing at its end is filled in; see `zoo.processing.gaps.last_rows`.
            horizon: number of steps, if fewer than the network gives.

        Raises:
            InputError: the table cannot be used, or the horizon is out of range.
        """
        return self.predict_many(run, [raw], horizon=horizon)[0]

    def predict_many(
        self, run: Run, raws: Sequence[Any], *, horizon: int | None = None
    ) -> list[Forecast]:
        """Forecasts for several tables in one batch; see `predict`."""
        if not raws:
            raise InputError("Received no table; give at least one.")
        series = self.series
        horizon = steps_ahead(horizon, series.horizon)
        tables = [read_table(raw, series.names, series.time, missing=True) for raw in raws]
        histories = [series.window(table) for table in tables]
        for history, _ in histories:
            series.check(history.values)
        values = np.stack([history.values for history, _ in histories]).astype(dtype_of(series))
        ahead = checked(run({"history": values})["forecast"])[:, :horizon]
        ahead = (ahead if series.quantiles else ahead[..., None]).astype(np.float64)
        return [self._forecast(*h, a) for h, a in zip(histories, ahead, strict=True)]

    def _forecast(self, history: Table, filled: int, ahead: np.ndarray) -> Forecast:
        """The answer for values ahead (horizon, series, quantiles or 1) in raw units."""
        series = self.series
        if history.times is None:
            times = [f"+{step}" for step in range(1, len(ahead) + 1)]
        else:
            times = [show_time(t) for t in series.times_ahead(history.times[-1], len(ahead))]
        median = series.quantiles.index(0.5) if series.quantiles else 0
        return Forecast(
            times=tuple(times),
            names=series.names,
            units=series.units,
            values=ahead[..., median],
            levels=series.quantiles,
            quantiles=ahead if series.quantiles else ahead[..., :0],
            history=history,
            filled=filled,
        )


def steps_ahead(asked: int | None, most: int) -> int:
    """How many steps a forecast has: those asked for, or all.

    Raises:
        InputError: Another number than 1 to `most` is asked for.
    """
    if asked is None:
        return most
    if isinstance(asked, bool) or not isinstance(asked, int | np.integer):
        raise InputError(f"Received horizon={asked!r}; use a whole number of steps.")
    if not 1 <= asked <= most:
        raise InputError(f"Received horizon={asked}; use 1 to {most} steps.")
    return int(asked)


def from_processing(processing: Mapping[str, Any]) -> Forecaster:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: a key is unknown or missing, or a value does not fit.
    """
    return Forecaster(SeriesProcessing.from_processing(processing))
