"""A series over its anomaly scores, with the alarms and, where they are known, the anomalies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.plots.figure import new_figure, save_figure
from zoo.tasks._alarms import Anomalies

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_anomalies(
    answer: Anomalies, path: Path | None = None, windows: Sequence[tuple[int, int]] = ()
) -> Figure:
    """Draws a series with its alarms, and under it the scores with the threshold.

    Args:
        answer: What the model said of a series.
        path: A PNG to write too.
        windows: First and last row of stretches to shade, such as known anomalies.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    times, values = answer.measured.times, answer.measured.values
    axis = np.arange(len(values)) if times is None else times.astype(object)
    figure = new_figure(9.0, 4.2)
    above, below = figure.subplots(2, sharex=True, height_ratios=(2, 1))
    above.plot(axis, values, color="0.35", linewidth=0.8, label="value")
    rows = [alarm.row - answer.first for alarm in answer.alarms]
    above.plot(axis[rows], values[rows], "v", color="C3", markersize=7, label="alarm")
    below.plot(axis, answer.scores, color="C0", linewidth=0.8)
    below.axhline(answer.threshold, color="C3", linewidth=0.8, linestyle="--")
    below.set_ylim(0, 1)
    for panel in (above, below):
        if answer.learning:
            last = min(answer.learning, len(axis) - 1)
            label = "learning" if panel is above else None
            panel.axvspan(axis[0], axis[last], color="0.9", linewidth=0, label=label)
        for number, (first, last) in enumerate(windows):
            label = "known anomaly" if panel is above and not number else None
            panel.axvspan(axis[first], axis[last], color="C1", alpha=0.25, linewidth=0, label=label)
        panel.grid(alpha=0.3)
    above.set_ylabel("value", fontsize="small")
    below.set_ylabel("score", fontsize="small")
    figure.legend(loc="outside upper left", fontsize="small", ncols=4)
    if times is None:
        below.set_xlabel("rows")
    else:
        figure.autofmt_xdate()
    if path is not None:
        save_figure(figure, path)
    return figure
