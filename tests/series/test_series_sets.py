"""One forecaster of many series: windows without leaks, a training, and the measures of M4."""

from __future__ import annotations

import dataclasses
import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zoo
from tests.series import made
from zoo import datasets
from zoo.builders import build
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.global_forecast import evaluate, mase, smape
from zoo.evaluation.naive2 import naive2
from zoo.model_card import Model, Recipe
from zoo.processing.own_scale import AnySeries
from zoo.processing.series_set import SeriesSet
from zoo.tasks import Arrays
from zoo.tasks.global_forecast import from_processing
from zoo.training.batches import Problem
from zoo.training.fit import fit_recipe
from zoo.training.global_forecast import DrawnWindows, QuantileLoss, prepare
from zoo.training.own_series_set import own_series

PROCESSING = {
    "look_back": 24,
    "horizon": 6,
    "season": 4,
    "cycle": 8,
    "quantiles": [0.1, 0.5, 0.9],
}
RNG = np.random.default_rng(0)


def series_set(count: int = 3, seed: int = 0) -> SeriesSet:
    """Noisy waves of period 4 of several sizes and lengths, all above 0."""
    rng = np.random.default_rng(seed)
    values = []
    for place in range(count):
        steps = np.arange(90 + 10 * place)
        wave = 3 + np.sin(2 * np.pi * steps / 4) + 0.1 * rng.standard_normal(len(steps))
        values.append(10.0**place * wave)
    borders = tuple((len(x) - 12, len(x) - 6, len(x)) for x in values)
    return SeriesSet(tuple("abc"[:count]), tuple(values), borders, 3600)


def recipe(epochs: int = 2, **options: Any) -> Recipe:
    plain = made.recipe(epochs=epochs, learning_rate=0.02, average=0.5)
    training = dataclasses.replace(
        plain.training, options={"windows": 64, "with_validation": False, **options}
    )
    return dataclasses.replace(
        plain,
        task="global_forecast",
        processing=dict(PROCESSING),
        model=Model("series.seasonal", {"units": 8}),
        training=training,
        targets={"smape": 10.0},
    )


def drawn(problem: Problem) -> DrawnWindows:
    assert isinstance(problem.train.source, DrawnWindows)
    return problem.train.source


def test_windows_are_drawn_from_the_training_part_of_all_series() -> None:
    data = series_set()
    problem = prepare(recipe(), data)
    source = drawn(problem)
    assert len(source) == 64 and len(problem.train) == 2
    assert [len(x) for x in source.series] == [78, 88, 98]
    longer = drawn(prepare(recipe(with_validation=True), data))
    assert [len(x) for x in longer.series] == [84, 94, 104]
    kept = drawn(prepare(recipe(with_validation=True), data, None, problem.processing))
    assert [len(x) for x in kept.series] == [78, 88, 98]
    (history, target, weights), again = problem.train[0], problem.train[0]
    assert history.shape == (32, 24) and target.shape == (32, 6) and weights.shape == (32,)
    assert history.dtype == target.dtype == weights.dtype == np.float32
    np.testing.assert_array_equal(history, again[0])
    np.testing.assert_allclose(history.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(history.std(axis=1), 1, atol=1e-5)
    problem.train.epoch = 1
    assert not np.array_equal(problem.train[0][0], history)


def test_a_window_is_the_rows_that_it_names() -> None:
    data = series_set()
    source = drawn(prepare(recipe(), data))
    history, target, weights = source.at(np.array([[1, 30], [2, 24]]))
    rows = data.values[1][6:30]
    np.testing.assert_allclose(history[0], (rows - rows.mean()) / rows.std(), rtol=1e-5)
    ahead = (data.values[1][30:36] - rows.mean()) / rows.std()
    np.testing.assert_allclose(target[0], ahead, rtol=1e-4)
    assert weights[0] == pytest.approx(rows.std() / rows.mean(), rel=1e-5)


def test_validation_is_what_follows_the_training_part() -> None:
    problem = prepare(recipe(), series_set())
    ((history, target, _),) = (problem.validation[i] for i in range(len(problem.validation)))
    assert history.shape == (3, 24) and target.shape == (3, 6)
    rows, ahead = series_set().values[0][54:78], series_set().values[0][78:84]
    np.testing.assert_allclose(target[0], (ahead - rows.mean()) / rows.std(), rtol=1e-4)


def test_recipes_that_do_not_fit() -> None:
    data = series_set()
    with pytest.raises(RecipeError, match="unknown training option 'jitter'"):
        prepare(recipe(jitter=1), data)
    with pytest.raises(RecipeError, match="no groups"):
        prepare(recipe(), data, "a")
    short = dataclasses.replace(data, values=tuple(x[-40:] for x in data.values))
    short = dataclasses.replace(short, borders=((28, 34, 40),) * 3)
    with pytest.raises(RecipeError, match="'a' has 28 values to learn from; needed are 30"):
        prepare(recipe(), short)
    with pytest.raises(RecipeError, match="'dev'"):
        data.parts("dev")
    for change in ({"look_back": 25}, {"horizon": 9}, {"cycle": 28}):
        with pytest.raises(RecipeError, match="multiple of season"):
            build("series.seasonal", **{"look_back": 24, "season": 4, "cycle": 8, **change})


def test_the_loss_is_twice_the_pinball_loss() -> None:
    truth, answer = RNG.normal(size=(5, 6)), RNG.normal(size=(5, 6, 3))
    levels = np.array([0.1, 0.5, 0.9])
    under = truth[..., None] - answer
    expected = 2 * np.where(under > 0, levels * under, (levels - 1) * under).mean(axis=(1, 2))
    loss = QuantileLoss((0.1, 0.5, 0.9))
    found = loss(truth.astype("f4"), answer.astype("f4"))
    assert float(found) == pytest.approx(expected.mean(), rel=1e-5)
    assert QuantileLoss.from_config(loss.get_config()).quantiles == (0.1, 0.5, 0.9)


def test_without_learning_the_network_mixes_the_last_season_and_cycle() -> None:
    model = build("series.seasonal", look_back=24, horizon=6, season=4, cycle=8, units=4)
    for name in ("trust", "quantiles"):
        layer = model.get_layer(name)
        layer.set_weights([np.zeros_like(x) for x in layer.get_weights()])
    history = RNG.normal(size=(2, 24)).astype("f4")
    season = np.concatenate([history[:, 20:], history[:, 20:22]], axis=1)
    expected = (history[:, 16:22] + season) / 2
    found = np.asarray(model(history))
    assert found.shape == (2, 6, 5)
    np.testing.assert_allclose(found, np.repeat(expected[..., None], 5, axis=-1), atol=1e-6)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("trained")
    path = folder / "recipe.toml"
    from zoo.training.recipe_file import write_recipe

    write_recipe(recipe(epochs=4), path)
    fit_recipe(recipe(epochs=4), path, folder, data=series_set(), verbose=0)
    return zoo.load(folder)


def test_a_trained_model_beats_naive_forecasts_and_knows_no_units(trained: Any) -> None:
    metrics = {m.name: m for m in zoo.evaluate(trained, data=series_set())}
    found = metrics["smape"]
    assert found.primary and 0 < found.value < found.baselines["seasonal_naive_4"]
    assert metrics["owa"].baselines["naive2"] == 1 and metrics["mase"].value > 0
    assert "3 windows of 3 series" in found.protocol
    table = {"x": series_set().values[0], "y": 1000 * series_set().values[0] - 5}
    forecast = trained.predict(table, horizon=4)
    x, y = forecast.quantiles[:, 0], forecast.quantiles[:, 1]
    np.testing.assert_allclose(1000 * x - 5, y, rtol=1e-4)


def test_training_goes_on_with_a_table_of_ones_own(trained: Any, tmp_path: Path) -> None:
    values = 50 + 9 * np.sin(np.arange(120) * np.pi / 2) + np.random.default_rng(1).normal(size=120)
    table = {"sold": values, "other": values[::-1]}
    mine = zoo.train(
        start=str(trained.card.folder),
        folder=tmp_path / "mine",
        data=table,
        target="sold",
        epochs=1,
        verbose=0,
    )
    metric = mine.card.primary
    assert metric is not None and metric.split == "test" and metric.baselines
    assert "20 windows of 1 series" in metric.protocol
    assert mine.predict(table, columns="sold").values.shape == (6, 1)


def test_own_tables_are_split_in_time_and_faults_told() -> None:
    processing = {**PROCESSING, "step": 3600}
    wave = 5 + np.sin(np.arange(100))
    data, kept = own_series({"a": wave, "b": 2 * wave}, processing, None, 4)
    assert data.names == ("a", "b") and data.borders == ((70, 80, 100),) * 2
    assert kept["horizon"] == 4 and from_processing(kept).series.horizon == 4
    times = np.datetime64("2024-01-01", "s") + np.arange(100) * np.timedelta64(1, "h")
    gone = {"t": np.delete(times, 50), "a": np.delete(wave, 50)}
    assert len(own_series(gone, processing)[0].values[0]) == 100
    for table, target, words in (
        ({"a": wave[:40]}, None, "40 rows; learning .* needs at least 60"),
        ({"a": np.ones(100)}, None, "'a' is constant"),
        ({"a": ["x"] * 100}, None, "received 'x'"),
        ({"a": wave}, "b", "lacks the column 'b'"),
    ):
        with pytest.raises(DataError, match=f"cannot be learned from: .*{words}"):
            own_series(table, processing, target)
    with pytest.raises(InputError, match="use 1 to 8 steps"):
        own_series({"a": wave}, processing, None, 9)


def test_naive2_takes_the_season_out_and_puts_it_back() -> None:
    season, steps = np.array([1.0, 2.0, 4.0, 1.0]), np.arange(40)
    np.testing.assert_allclose(naive2(7 * season[steps % 4], 6, 4), 7 * season[np.arange(6) % 4])
    noise = np.random.default_rng(0).normal(size=200)
    assert (naive2(noise, 3, 4) == noise[-1]).all()
    odd = np.tile([1.0, 2.0, 3.0], 20)
    np.testing.assert_allclose(naive2(odd, 4, 3), [1, 2, 3, 1])
    assert (naive2(np.ones(30), 2, 4) == 1).all()


def test_errors_by_hand() -> None:
    truth, forecast = np.array([[0.0, 10.0], [3.0, 3.0]]), np.array([[0.0, 30.0], [3.0, 1.0]])
    assert smape(truth, forecast) == pytest.approx((0 + 100 + 0 + 100) / 4)
    assert mase(truth, forecast, np.array([5.0, 0.0])) == pytest.approx(2.0)


def test_every_window_of_a_longer_part_is_scored_and_coverage_counted() -> None:
    data = dataclasses.replace(series_set(1), borders=((60, 70, 90),))
    task = from_processing({**PROCESSING, "step": 3600})

    def wide(arrays: Arrays) -> Arrays:
        middle = np.zeros((len(arrays["history"]), 6), "f4")
        return {"forecast": np.stack([middle - 9, middle, middle - 8], axis=-1)}

    metrics = {m.name: m for m in evaluate(task, wide, data)}
    assert "15 windows of 1 series" in metrics["smape"].protocol
    band = metrics["band_error"]
    assert 0.3 < band.details["below_0.9"] < 0.7  # the median, once sorted
    assert band.details["below_0.1"] == 0 and band.details["nominal"] == 0.8
    assert band.value == pytest.approx(abs(band.details["coverage"] - 0.8))
    short = dataclasses.replace(data, borders=((60, 86, 90),))
    with pytest.raises(DataError, match="'a' has 90 values, 4 of them in the test part"):
        evaluate(task, wide, short)


def write_m4(folder: Path, learned: list[str], tested: list[str]) -> None:
    for name, rows in (("train", learned), ("test", tested)):
        text = "\n".join(['"V1","V2"', *rows]) + "\n"
        (folder / f"Hourly-{name}.csv.gz").write_bytes(gzip.compress(text.encode()))


def test_m4_files_are_read_and_their_faults_told(tmp_path: Path) -> None:
    numbers = ",".join(str(i) for i in range(60))
    ahead = ",".join(str(100 + i) for i in range(48))
    write_m4(tmp_path, [f"H1,{numbers},,", f"H2,{numbers},7"], [f"H1,{ahead}", f"H2,{ahead}"])
    data = datasets.load("m4-hourly", tmp_path)
    assert data.names == ("H1", "H2") and data.borders == ((12, 60, 108), (13, 61, 109))
    assert data.values[1][59:63].tolist() == [59, 7, 100, 101]
    for learned, tested, words in (
        ([f"H1,{numbers}"], [f"H2,{ahead}"], "'H1' stands in one"),
        ([f"H1,{numbers}"], ["H1,1,2"], "'H1' has 60 values and 2"),
        (["H1,x"], [f"H1,{ahead}"], "cannot be read"),
        (["H1,nan"], [f"H1,{ahead}"], "not numbers"),
    ):
        write_m4(tmp_path, learned, tested)
        with pytest.raises(DataError, match=words):
            datasets.load("m4-hourly", tmp_path)
    (tmp_path / "Hourly-train.csv.gz").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        datasets.load("m4-hourly", tmp_path)


@pytest.mark.skipif(
    not os.environ.get("RNN_ZOO_DATA"), reason="RNN_ZOO_DATA does not name the data folder"
)
def test_the_published_naive2_of_the_real_series() -> None:
    data = datasets.load("m4-hourly")
    assert len(data.names) == 414
    assert {ends[1] for ends in data.borders} == {700, 960}
    found = [naive2(past[:begin], 48, 24) for past, begin in data.parts("test")]
    truth = np.stack([values[begin:] for values, begin in data.parts("test")])
    assert smape(truth, np.stack(found)) == pytest.approx(18.383, abs=5e-4)


def test_lengths_of_a_configuration() -> None:
    made_of = {**PROCESSING, "step": 3600}
    assert AnySeries.from_processing(made_of).to_processing() == made_of
