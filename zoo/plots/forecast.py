"""A forecast after its history, one panel a series, with its band."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.plots.figure import new_figure, save_figure
from zoo.tasks.forecast import Forecast

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_forecast(forecast: Forecast, path: Path | None = None) -> Figure:
    """Draws history, forecast and, where there are quantiles, the outermost band.

    Args:
        forecast: what a forecaster answered.
        path: a PNG to write too.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    series = len(forecast.names)
    past, ahead = _axis(forecast)
    figure = new_figure(8.0, 1.2 + (2.4 if series == 1 else 1.5 * series))
    panels = np.atleast_1d(figure.subplots(series, sharex=True))
    for position, axes in enumerate(panels):
        _draw(axes, forecast, position, past, ahead)
    panels[0].legend()
    if forecast.history.times is None:
        panels[-1].set_xlabel("steps")
    else:
        figure.autofmt_xdate()
    if path is not None:
        save_figure(figure, path)
    return figure


def _axis(forecast: Forecast) -> tuple[np.ndarray, np.ndarray]:
    """Places of history and forecast on the time axis: times, or steps where there are none."""
    if forecast.history.times is None:
        return np.arange(1 - len(forecast.history.values), 1), 1 + np.arange(len(forecast.times))
    ahead = [datetime.fromisoformat(time) for time in forecast.times]
    return forecast.history.times.astype(object), np.array(ahead, dtype=object)


def _draw(
    axes: Any, forecast: Forecast, position: int, past: np.ndarray, ahead: np.ndarray
) -> None:
    history, values = forecast.history.values[:, position], forecast.values[:, position]
    axes.plot(past, history, color="0.35", linewidth=1.0, label="history")
    axes.plot(ahead, values, color="C0", linewidth=1.5, label="forecast")
    if len(forecast.levels) > 1:
        low, high = forecast.quantiles[:, position, 0], forecast.quantiles[:, position, -1]
        share = forecast.levels[-1] - forecast.levels[0]
        axes.fill_between(ahead, low, high, alpha=0.25, linewidth=0, label=f"{share:.0%} band")
    name, unit = forecast.names[position], forecast.units[position]
    axes.set_ylabel(f"{name} [{unit}]" if unit else name, fontsize="small")
    axes.grid(alpha=0.3)
