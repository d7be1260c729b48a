"""Windows without leaks, the loss, and a whole training on a small made series."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.series.made import hourly, recipe, tables
from zoo.builders import build
from zoo.errors import RecipeError
from zoo.evaluation.forecast import evaluate
from zoo.model_card import Recipe
from zoo.processing.series import SeriesData
from zoo.tasks.forecast import from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.fit import fit_recipe
from zoo.training.forecast import ForecastLoss, Windows, prepare
from zoo.weights import load_weights, read_header

FLU = {"quantiles": [0.1, 0.5, 0.9], "transform": "log", "errors": "raw"}


def changed(data: SeriesData, rows: slice, value: float) -> SeriesData:
    values = data.table.values.copy()
    values[rows] = value
    return dataclasses.replace(data, table=dataclasses.replace(data.table, values=values))


def everything(batches: Batches) -> tuple[np.ndarray, np.ndarray]:
    taken = [batches[position] for position in range(len(batches))]
    return np.concatenate([x for x, _ in taken]), np.concatenate([y for _, y in taken])


def source(batches: Batches) -> Windows:
    assert isinstance(batches.source, Windows)
    return batches.source


def test_windows_are_the_rows_they_name() -> None:
    data = hourly()
    problem = prepare(recipe(), tables(data))
    series = from_processing(problem.processing).series
    z = series.standardise(data.table.values)
    windows = source(problem.train)
    assert len(windows) == 156 - 24 - 6 + 1
    x, y = windows.take(np.array([0, 7, len(windows) - 1]), np.random.default_rng(0))
    assert x.dtype == y.dtype == np.float32
    np.testing.assert_array_equal(x[1], z[7:31])
    np.testing.assert_array_equal(y[1], z[31:43])
    np.testing.assert_array_equal(y[2, :6], z[150:156])
    assert np.isnan(y[2, 6:]).all()


def test_validation_looks_back_but_forecasts_only_its_own_rows() -> None:
    data = hourly()
    problem = prepare(recipe(), tables(data))
    z = from_processing(problem.processing).series.standardise(data.table.values)
    x, y = everything(problem.validation)
    assert len(x) == 208 - 156 - 6 + 1
    np.testing.assert_array_equal(x[0], z[132:156])
    np.testing.assert_array_equal(y[0], z[156:168])
    np.testing.assert_array_equal(y[-1, :6], z[202:208])


@pytest.mark.parametrize("jitter", [0.0, 0.3])
def test_later_parts_do_not_leak(jitter: float) -> None:
    data = hourly()
    options = {"loss": "mae", "jitter": jitter}

    def batches(rows: slice) -> tuple[Problem, tuple[np.ndarray, np.ndarray]]:
        problem = prepare(recipe(options=options), tables(changed(data, rows, 55.0)))
        return problem, everything(problem.train)

    before, expected = batches(slice(0, 0))
    after, learnt = batches(slice(156, 260))
    assert after.processing == before.processing
    np.testing.assert_array_equal(learnt[0], expected[0])
    np.testing.assert_array_equal(learnt[1], expected[1])
    unseen, _ = batches(slice(208, 260))
    for got, want in zip(everything(unseen.validation), everything(before.validation), strict=True):
        np.testing.assert_array_equal(got, want)


def test_jitter_keeps_the_last_value_and_leaves_validation_alone() -> None:
    plain = prepare(recipe(), tables(hourly()))
    options = {"loss": "mae", "jitter": 0.5}
    shaken = prepare(recipe(options=options), tables(hourly()))
    (x, y), (jx, jy) = everything(plain.train), everything(shaken.train)
    np.testing.assert_array_equal(jx[:, -1], x[:, -1])
    factor = (jy - jx[:, -1:]) / (y - x[:, -1:])
    assert np.nanstd(np.log(np.nanmean(factor, axis=(1, 2)))) > 0.2
    unshaken = everything(shaken.validation)[0]
    np.testing.assert_array_equal(unshaken, everything(plain.validation)[0])


def test_windows_with_unknown_history_are_left_out_and_unknown_targets_stay() -> None:
    problem = prepare(recipe(), tables(changed(hourly(), slice(60, 63), np.nan)))
    windows = source(problem.train)
    assert not {*range(37, 63)} & {*windows.starts.tolist()}
    assert {36, 63} <= {*windows.starts.tolist()}
    x, y = everything(problem.train)
    assert np.isfinite(x).all() and np.isnan(y).any()


@pytest.mark.parametrize("kind", ["mae", "mse", "pinball"])
def test_the_loss_is_the_mean_over_horizons(kind: str) -> None:
    rng = np.random.default_rng(0)
    levels = (0.1, 0.5, 0.9) if kind == "pinball" else ()
    truth = rng.standard_normal((4, 6, 2))
    answer = rng.standard_normal((4, 6, 2, 3) if levels else (4, 6, 2))
    if kind == "pinball":
        under = truth[..., None] - answer
        error = 2 * np.maximum(np.array(levels) * under, (np.array(levels) - 1) * under).mean(-1)
    else:
        error = np.abs(truth - answer) if kind == "mae" else (truth - answer) ** 2
    loss = ForecastLoss(kind, (2, 6), levels)
    expected = (error[:, :2].mean() + error.mean()) / 2
    assert float(loss(truth, answer)) == pytest.approx(expected, rel=1e-5)
    assert ForecastLoss.from_config(loss.get_config()).get_config() == loss.get_config()
    truth[1:] = np.nan
    known = (error[:1, :2].mean() + error[:1].mean()) / 2
    assert float(loss(truth, answer)) == pytest.approx(known, rel=1e-5)


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (recipe(options={"loss": "pinball"}), "'pinball'"),
        (recipe(options={"loss": "mae"}, processing={"quantiles": [0.5]}), "'mae'"),
        (recipe(options={"loss": "huber"}), "'huber'"),
        (recipe(options={"loss": "mae", "speed": 2}), "unknown key 'speed'"),
        (recipe(processing={"look_back": 240}), "no window of 240 rows"),
        (recipe(processing={"colour": 1}), "'colour' is unknown"),
    ],
)
def test_wrong_recipes_are_refused(made: Recipe, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        prepare(made, tables(hourly()))
    with pytest.raises(RecipeError, match="hold_out='me'"):
        prepare(made, tables(hourly()), "me")


def test_a_fitted_processing_is_kept() -> None:
    fitted = prepare(recipe(), tables(hourly())).processing
    again = prepare(recipe(), tables(hourly(seed=5)), None, fitted)
    assert again.processing == fitted


@pytest.mark.parametrize(("processing", "loss"), [({}, "mae"), (FLU, "pinball")])
def test_training_beats_the_naive_forecast(
    tmp_path: Path, processing: dict[str, Any], loss: str
) -> None:
    made = recipe(processing, {"units": 16, "dropout": 0.0}, {"loss": loss}, epochs=8)
    data = tables(hourly(rows=500))
    path = tmp_path / "recipe.toml"
    path.write_text("")
    run = fit_recipe(made, path, tmp_path / "run", data=data, verbose=0)
    header = read_header(run.folder / "weights.safetensors")
    model = build("series.segrnn", **{**made.model.arguments, **header["arguments"]})
    load_weights(model, run.folder / "weights.safetensors")
    task = from_processing(header["processing"])
    metrics = evaluate(task, lambda x: {"forecast": np.asarray(model(x["history"]))}, data)
    main = next(metric for metric in metrics if metric.primary)
    assert main.value < 0.7 * main.baselines["repeat_last"]
    assert {m.name for m in metrics} >= {"mae", "mse"}
    assert ("pinball" in {m.name for m in metrics}) == (loss == "pinball")
