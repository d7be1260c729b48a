"""Every window is scored, and as a plain loop would score it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.series.made import hourly, tables
from zoo.errors import DataError
from zoo.evaluation.forecast import evaluate
from zoo.evaluation.linear_forecast import LinearForecast
from zoo.processing.series import SeriesProcessing
from zoo.tasks import Arrays
from zoo.tasks.forecast import Forecaster

OPTIONS = {"table": "made", "look_back": 24, "horizons": [6, 12], "season": 12}


class Guess:
    """Answers with noise that depends on the input only; counts what it was asked."""

    def __init__(self, levels: int) -> None:
        self.levels = levels
        self.windows = 0

    def __call__(self, arrays: Arrays) -> Arrays:
        x = arrays["history"]
        assert x.dtype == np.float32
        self.windows += len(x)
        steps = np.cos(np.arange(12))[None, :, None]
        mean = x.mean(axis=1, keepdims=True) + x[:, -1:] * steps
        if not self.levels:
            return {"forecast": mean.astype("float32")}
        spread = np.linspace(-0.5, 0.5, self.levels)
        return {"forecast": (mean[..., None] + spread).astype("float32")}


@pytest.mark.parametrize(("rows", "split"), [(260, "test"), (2000, "test"), (260, "validation")])
@pytest.mark.parametrize("errors", ["standardised", "raw"])
def test_a_plain_loop_agrees(rows: int, split: str, errors: str) -> None:
    data = hourly(rows)
    levels = [0.1, 0.5, 0.9] if errors == "raw" else []
    transform = "log" if errors == "raw" else "none"
    task = Forecaster(
        SeriesProcessing.fit(
            data, {**OPTIONS, "errors": errors, "quantiles": levels, "transform": transform}
        )
    )
    guess = Guess(len(levels))
    metrics = {metric.name: metric for metric in evaluate(task, guess, tables(data), split)}
    series, values = task.series, data.table.values
    begin, end = data.rows(split)
    assert guess.windows == end - begin - 6 + 1
    for name, power in (("mae", 1), ("mse", 2)):
        expected, naive = [], []
        for horizon in (6, 12):
            error, last = [], []
            for origin in range(begin, end - horizon + 1):
                z = series.standardise(values[origin - 24 : origin])[None]
                answer = Guess(len(levels))({"history": z})["forecast"][0, :horizon]
                answer = answer[..., 1] if levels else answer
                truth, before = values[origin : origin + horizon], values[origin - 1]
                if errors == "standardised":
                    error.append(np.abs(answer - series.standardise(truth)) ** power)
                    gap = series.standardise(truth) - series.standardise(before)
                else:
                    error.append(np.abs(series.restore(answer) - truth) ** power)
                    gap = truth - before
                last.append(np.abs(gap) ** power)
            expected.append(np.mean(error))
            naive.append(np.mean(last))
            assert metrics[name].details[f"{name}_{horizon}"] == pytest.approx(
                expected[-1], rel=1e-4
            )
        assert metrics[name].value == pytest.approx(np.mean(expected), rel=1e-4)
        assert metrics[name].baselines["repeat_last"] == pytest.approx(np.mean(naive), rel=1e-4)
        assert metrics[name].direction == "lower" and metrics[name].split == split
        assert metrics[name].primary == (name == ("mae" if errors == "raw" else "mse"))


def test_a_perfect_season_has_no_error() -> None:
    data = hourly()
    wave = np.sin(2 * np.pi * np.arange(260) / 12)[:, None] + [2.0, 3.0]
    data = dataclasses.replace(data, table=dataclasses.replace(data.table, values=wave))
    task = Forecaster(SeriesProcessing.fit(data, OPTIONS))
    mse = evaluate(task, Guess(0), tables(data))[0]
    assert mse.baselines["seasonal_naive"] == pytest.approx(0, abs=1e-12)
    assert mse.baselines["repeat_last"] > 0.1


def test_the_band_is_counted() -> None:
    data = hourly()
    options = {**OPTIONS, "quantiles": [0.1, 0.5, 0.9], "errors": "raw"}
    task = Forecaster(SeriesProcessing.fit(data, options))

    def wide(arrays: Arrays) -> Arrays:
        levels = np.array([-100.0, 0.0, 100.0], "float32")
        return {"forecast": np.tile(levels, (len(arrays["history"]), 12, 2, 1))}

    metrics = {metric.name: metric for metric in evaluate(task, wide, tables(data))}
    assert metrics["band_error"].details == pytest.approx({"coverage": 1.0, "nominal": 0.8})
    assert metrics["band_error"].value == pytest.approx(0.2)
    pinball = metrics["pinball"]
    assert pinball.baselines["repeat_last"] == pytest.approx(
        metrics["mae"].baselines["repeat_last"]
    )


def test_parts_that_cannot_be_scored() -> None:
    data = hourly()
    task = Forecaster(SeriesProcessing.fit(data, OPTIONS))
    short = dataclasses.replace(data, borders=(156, 250, 260))
    with pytest.raises(DataError, match="10 rows to forecast; needed are 12"):
        evaluate(task, Guess(0), tables(short))
    values = data.table.values.copy()
    values[230] = np.nan
    holed = dataclasses.replace(data, table=dataclasses.replace(data.table, values=values))
    with pytest.raises(DataError, match="rows without a value"):
        evaluate(task, Guess(0), tables(holed))


@pytest.mark.parametrize("transform", ["none", "log"])
def test_the_linear_layer_knows_waves_it_has_seen_and_no_future(transform: str) -> None:
    data = hourly(600)
    t = np.arange(600)[:, None]
    waves = 3 + np.sin(2 * np.pi * t / 12 + np.arange(2)) + 0.5 * np.sin(2 * np.pi * t / 7)
    values = np.exp(waves) if transform == "log" else waves
    late = np.where(t >= 480, 5.0, values)  # the test part is another matter
    made = [
        dataclasses.replace(data, table=dataclasses.replace(data.table, values=x))
        for x in (values, late)
    ]
    series = SeriesProcessing.fit(made[0], {**OPTIONS, "transform": transform})
    linear, same = (LinearForecast(series, one) for one in made)
    history, truth = values[None, 400:424], values[None, 424:436]
    np.testing.assert_allclose(linear(history), truth, rtol=0.05)
    np.testing.assert_array_equal(linear(history), same(history))
    gaps = values.copy()
    gaps[100] = np.nan
    holed = dataclasses.replace(data, table=dataclasses.replace(data.table, values=gaps))
    np.testing.assert_allclose(LinearForecast(series, holed)(history), truth, rtol=0.05)
    short = dataclasses.replace(data, borders=(30, 480, 600))  # not one whole window
    repeated = np.repeat(history[:, -1:], 12, axis=1)
    np.testing.assert_allclose(LinearForecast(series, short)(history), repeated, rtol=1e-5)


def test_errors_on_the_scale_of_published_results() -> None:
    data = hourly()
    task = Forecaster(SeriesProcessing.fit(data, OPTIONS))
    plain = {m.name: m for m in evaluate(task, Guess(0), tables(data))}
    wide = tuple(3 * std for std in task.series.stds)
    data = dataclasses.replace(data, published_stds=wide)
    scaled = {m.name: m for m in evaluate(task, Guess(0), tables(data))}
    assert set(scaled) == {*plain, "mse_measured"} and scaled["mse"].primary
    assert scaled["mse_measured"].value == pytest.approx(plain["mse"].value)
    assert scaled["mse"].value == pytest.approx(plain["mse"].value / 9)
    assert scaled["mae"].baselines["repeat_last"] == pytest.approx(
        plain["mae"].baselines["repeat_last"] / 3
    )
    assert "published" in scaled["mse"].protocol and "published" not in plain["mse"].protocol
