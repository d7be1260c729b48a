"""Errors of a forecaster of any series by the measures of the M4 competition, and its quantiles.

Makridakis, Spiliotis and Assimakopoulos 2020, "The M4 Competition", section 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from zoo.errors import DataError
from zoo.evaluation.naive2 import naive2
from zoo.model_card import Metric
from zoo.processing.own_scale import AnySeries
from zoo.processing.series_set import SeriesSet
from zoo.tasks import Run
from zoo.tasks.global_forecast import GlobalForecaster

BATCH = 256
MODEL, NAIVE2 = "model", "naive2"


@dataclass(frozen=True, eq=False)
class Windows:
    """What is to be forecast.

    Args:
        history: float64 (windows, look_back).
        truth: float64 (windows, horizon).
        sizes: mean change over a season before the part, of the window's series: (windows,).
        naive: forecasts by name, float64 (windows, horizon).
    """

    history: np.ndarray
    truth: np.ndarray
    sizes: np.ndarray
    naive: dict[str, np.ndarray]


def evaluate(
    task: GlobalForecaster[AnySeries], run: Run, data: SeriesSet, split: str = "test"
) -> list[Metric]:
    """Scores every window of each series whose targets all lie in the split.

    Where the split is one horizon long, as in the competition, that is one window a series. The
    look-back reaches into the part before. The medians are scored, and how often outcomes lie
    below each quantile. The naive forecasts repeat the last cycle (a week of hours), the last
    season (a day), and are Naive2.

    Returns:
        "smape" (primary) in percent; "mase"; "owa", the mean of both over those of Naive2; and
        "band_error", the distance of the outermost band's coverage from its nominal one, with the
        share of outcomes below each level in `details`. All the mean over windows.

    Raises:
        DataError: a series is too short to be forecast.
    """
    series = task.series
    windows = _windows(series, data, split)
    raw_run = task.frontend.around(run)
    pieces = range(0, len(windows.history), BATCH)
    answers = [raw_run({"history": windows.history[at : at + BATCH]})["forecast"] for at in pieces]
    quantiles = np.concatenate(answers)
    medians = {MODEL: quantiles[..., series.quantiles.index(0.5)], **windows.naive}
    protocol = (
        f"{len(windows.history)} windows of {len(data.names)} series: all whose "
        f"{series.horizon} steps lie in the {split} part, look-back {series.look_back}"
    )
    return list(_metrics(series, windows, medians, quantiles, split, protocol))


def _windows(series: AnySeries, data: SeriesSet, split: str) -> Windows:
    history, truth, sizes = [], [], []
    names = (f"seasonal_naive_{series.cycle}", f"seasonal_naive_{series.season}", NAIVE2)
    naive: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for name, (values, begin) in zip(data.names, data.parts(split), strict=True):
        before = values[:begin]
        ends = range(max(begin, series.look_back), len(values) - series.horizon + 1)
        if not ends or len(before) <= series.season:
            raise DataError(
                f"The series {name!r} has {len(values)} values, {len(values) - begin} of them in "
                f"the {split} part; needed are {series.look_back} and {series.horizon} more."
            )
        size = np.abs(before[series.season :] - before[: -series.season]).mean()
        for end in ends:
            past = values[:end]
            history.append(past[-series.look_back :])
            truth.append(values[end : end + series.horizon])
            sizes.append(size)
            naive[names[0]].append(past[-series.cycle :][: series.horizon])
            naive[names[1]].append(np.resize(past[-series.season :], series.horizon))
            naive[names[2]].append(naive2(past, series.horizon, series.season))
    stacked = {name: np.stack(rows) for name, rows in naive.items()}
    return Windows(np.stack(history), np.stack(truth), np.array(sizes), stacked)


def smape(truth: np.ndarray, forecast: np.ndarray) -> float:
    """Symmetric mean absolute percentage error, 0 to 200; 0 where both are 0."""
    total = np.abs(truth) + np.abs(forecast)
    shares = np.divide(np.abs(truth - forecast), total, out=np.zeros_like(total), where=total > 0)
    return float(200 * shares.mean())


def mase(truth: np.ndarray, forecast: np.ndarray, sizes: np.ndarray) -> float:
    """Mean absolute error over `sizes` (windows,); series that did not change are left out."""
    errors = np.abs(truth - forecast).mean(axis=1)
    return float((errors[sizes > 0] / sizes[sizes > 0]).mean())


def _metrics(
    series: AnySeries,
    windows: Windows,
    medians: dict[str, np.ndarray],
    quantiles: np.ndarray,
    split: str,
    protocol: str,
) -> Iterator[Metric]:
    truth = windows.truth
    found = {"smape": {name: smape(truth, x) for name, x in medians.items()}}
    found["mase"] = {name: mase(truth, x, windows.sizes) for name, x in medians.items()}
    found["owa"] = {
        name: float(np.mean([found[key][name] / found[key][NAIVE2] for key in ("smape", "mase")]))
        for name in medians
    }
    units = {"smape": "%", "mase": f"mean change in {series.season} steps", "owa": "of Naive2"}
    for name, values in found.items():
        yield Metric(
            name,
            value=values.pop(MODEL),
            unit=units[name],
            direction="lower",
            split=split,
            protocol=protocol,
            seeds=[],
            primary=name == "smape",
            baselines=values,
        )
    inside = float(((quantiles[..., 0] <= truth) & (truth <= quantiles[..., -1])).mean())
    nominal = series.quantiles[-1] - series.quantiles[0]
    below = {
        f"below_{level:g}": float((truth < quantiles[..., place]).mean())
        for place, level in enumerate(series.quantiles)
    }
    yield Metric(
        "band_error",
        abs(inside - nominal),
        "share",
        "lower",
        split,
        protocol,
        [],
        details={"coverage": inside, "nominal": nominal, **below},
    )
