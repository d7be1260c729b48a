"""Errors of a forecaster on every window of a split, beside naive forecasts of the same windows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from zoo.errors import DataError
from zoo.evaluation.linear_forecast import LinearForecast
from zoo.model_card import Metric
from zoo.processing.histories import dtype_of
from zoo.processing.series import SeriesData, SeriesProcessing, Tables
from zoo.tasks import Run
from zoo.tasks.forecast import Forecaster

BATCH = 128
MODEL = "model"


def evaluate(task: Forecaster, run: Run, data: Tables, split: str = "test") -> list[Metric]:
    """Scores every window whose targets all lie in the split, for each horizon of its own.

    Windows start at every row, the look-back of the first ones reaches into the part before, and
    no window is left out. A horizon's error is the mean over windows, its steps and series; the
    metric is the mean over the horizons. The naive forecasts repeat the last value, and the values
    of the last season; the third rival is one linear layer, learned from the training part.

    Returns:
        On standardised values "mse" (primary) and "mae", on the scale of published results where
        that is another one, then also "mse_measured" on that of the measured values; on raw values
        "mae" (primary), in the units of the series. With quantiles also "pinball" (twice the
        quantile loss, the mean over the levels) and "band_error" (distance of the outermost band's
        coverage from its nominal one, both in `details`).

    Raises:
        DataError: the split is too short, or has gaps.
    """
    series = task.series
    part = data.get(series.table)
    names = (MODEL, "repeat_last", "seasonal_naive", "linear_layer")
    linear = LinearForecast(series, part)
    scores = {name: _Scores(series, part.published_stds) for name in names}
    raw_run = task.frontend.around(run)
    for origins, known, truth, history in _windows(series, part, split):
        answers = {
            MODEL: _answer(series, raw_run, history),
            "repeat_last": np.repeat(history[:, -1:, :, None], series.horizon, axis=1),
            "seasonal_naive": _seasonal(series, part, origins),
            "linear_layer": linear(history)[..., None],
        }
        for name, answer in answers.items():
            scores[name].add(answer, truth, known)
    return list(_metrics(series, scores, split))


def _answer(series: SeriesProcessing, run: Run, history: np.ndarray) -> np.ndarray:
    """A forecast in units, float64 (batch, horizon, series, quantiles or 1)."""
    forecast = run({"history": history.astype(dtype_of(series))})["forecast"].astype(np.float64)
    return forecast if series.quantiles else forecast[..., None]


def _windows(
    series: SeriesProcessing, part: SeriesData, split: str
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """Batches of origins, rows known ahead, truth (NaN after the end) and history, raw."""
    values, (begin, end) = part.table.values, part.rows(split)
    first = max(begin, series.look_back, series.season)
    origins = np.arange(first, end - min(series.horizons) + 1)
    if end - first < series.horizon:
        raise DataError(
            f"The {split} part has {end - first} rows to forecast; needed are {series.horizon}."
        )
    if not np.isfinite(values[first - max(series.look_back, series.season) : end]).all():
        raise DataError(f"The {split} part has rows without a value; its windows cannot be scored.")
    for at in range(0, len(origins), BATCH):
        batch = origins[at : at + BATCH]
        ahead = batch[:, None] + np.arange(series.horizon)
        truth = np.where((ahead < end)[..., None], values[np.minimum(ahead, end - 1)], np.nan)
        history = values[batch[:, None] + np.arange(-series.look_back, 0)]
        yield batch, end - batch, truth, history


def _seasonal(series: SeriesProcessing, part: SeriesData, origins: np.ndarray) -> np.ndarray:
    """The last season before each origin, over and over: (batch, horizon, series, 1)."""
    offsets = np.arange(series.horizon) % series.season - series.season
    values: np.ndarray = part.table.values[origins[:, None] + offsets][..., None]
    return values


@dataclass
class _Scores:
    """Sums of errors by horizon, of one forecaster."""

    series: SeriesProcessing
    published_stds: tuple[float, ...] | None = None
    sums: dict[tuple[str, int], float] = field(default_factory=dict)
    counts: dict[tuple[str, int], int] = field(default_factory=dict)

    def add(self, answer: np.ndarray, truth: np.ndarray, known: np.ndarray) -> None:
        """Adds a batch: answer (batch, horizon, series, quantiles or 1), truth (…, series)."""
        series, levels = self.series, self.series.quantiles
        median = answer[..., levels.index(0.5) if answer.shape[-1] > 1 else 0]
        if series.errors == "standardised":
            error = series.standardise(median) - series.standardise(truth)
        else:
            error = median - truth
        by_name: dict[str, np.ndarray] = {}
        if self.published_stds and series.errors == "standardised":
            by_name["mse_measured"] = error**2
            error = error * (np.array(series.stds) / self.published_stds)
        by_name |= {"mse": error**2, "mae": np.abs(error)}
        if levels:
            under = truth[..., None] - answer
            each = np.maximum(np.array(levels) * under, (np.array(levels) - 1) * under)
            by_name["pinball"] = 2 * each.mean(axis=-1)
            by_name["inside"] = (answer[..., 0] <= truth) & (truth <= answer[..., -1])
        for horizon in series.horizons:
            whole = known >= horizon
            for name, values in by_name.items():
                chosen = values[whole, :horizon]
                key = (name, horizon)
                self.sums[key] = self.sums.get(key, 0.0) + float(chosen.sum(dtype=np.float64))
                self.counts[key] = self.counts.get(key, 0) + chosen.size

    def at(self, name: str, horizon: int) -> float:
        """The mean error of one horizon."""
        return self.sums[name, horizon] / self.counts[name, horizon]

    def mean(self, name: str) -> float:
        """The mean over the horizons."""
        return float(np.mean([self.at(name, horizon) for horizon in self.series.horizons]))


def _metrics(series: SeriesProcessing, scores: dict[str, _Scores], split: str) -> Iterator[Metric]:
    model = scores[MODEL]
    windows = ", ".join(
        f"{model.counts['mae', h] // (h * len(series.names))} of {h} steps" for h in series.horizons
    )
    protocol = (
        f"every window of the {split} part ({windows}), look-back {series.look_back}, "
        f"mean over horizons, on {series.errors} values"
    )
    if model.published_stds and series.errors == "standardised":
        protocol += ", by the deviations of published results but for mse_measured"
    units = ["percentage points" if unit == "%" else unit for unit in dict.fromkeys(series.units)]
    unit = "standard deviations" if series.errors == "standardised" else " and ".join(units)

    names = ["mae", "mse"] if series.errors == "raw" else ["mse", "mae"]
    more = [name for name in ("mse_measured", "pinball") if (name, series.horizon) in model.sums]
    for name in names + more:
        yield Metric(
            name,
            value=model.mean(name),
            unit=f"{unit}²" if name.startswith("mse") else unit,
            direction="lower",
            split=split,
            protocol=protocol,
            seeds=[],
            primary=name == names[0],
            baselines={key: other.mean(name) for key, other in scores.items() if key != MODEL},
            details={f"{name}_{h}": model.at(name, h) for h in series.horizons},
        )
    if series.quantiles:
        nominal = series.quantiles[-1] - series.quantiles[0]
        inside = model.at("inside", series.horizon)
        details = {"coverage": inside, "nominal": nominal}
        yield Metric(
            "band_error",
            abs(inside - nominal),
            "share",
            "lower",
            split,
            protocol,
            [],
            details=details,
        )
