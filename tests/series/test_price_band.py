"""Daily prices in, quantiles of the price ahead out; scored beside models of volatility."""

from __future__ import annotations

import dataclasses
import gzip
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.series import made
from zoo import datasets
from zoo.builders import build
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.garch import garch_volatility
from zoo.evaluation.price_band import crps, evaluate
from zoo.evaluation.rolling_volatility import rolling_volatility
from zoo.model_card import Model, Recipe
from zoo.processing.series_set import SeriesSet
from zoo.tasks import Arrays
from zoo.tasks.forecast import Forecast
from zoo.tasks.price_band import from_processing
from zoo.training.price_band import own_series, prepare

LEVELS = [0.1, 0.5, 0.9]
PROCESSING = {"look_back": 12, "horizon": 3, "decay": 0.9, "quantiles": LEVELS}
TASK = from_processing(PROCESSING)
WIDTH = 1.2816  # of the normal distribution between the median and 0.9


def walk(arrays: Arrays) -> Arrays:
    """A random walk without drift, its quantiles in the wrong order."""
    assert arrays["history"].dtype == np.float32 and arrays["history"].shape[1:] == (11,)
    growth = np.sqrt(np.arange(1, 4, dtype="f4"))[:, None] * np.array([WIDTH, 0, -WIDTH], "f4")
    return {"forecast": np.broadcast_to(growth, (len(arrays["history"]), 3, 3))}


def ask(table: Any, **options: Any) -> Forecast:
    return TASK.predict(TASK.frontend.around(walk), table, **options)


def prices(days: int = 40, seed: int = 0, volatility: float = 0.01) -> np.ndarray:
    steps = volatility * np.random.default_rng(seed).standard_normal(days)
    return 100 * np.exp(np.cumsum(steps))


def table(days: int = 40) -> dict[str, Any]:
    first = np.datetime64("2024-01-01", "D")
    weekdays = np.busday_offset(first, np.arange(days), roll="forward")
    return {"Date": weekdays.astype("datetime64[s]"), "Close": prices(days)}


def test_a_band_in_points_on_the_weekdays_that_follow() -> None:
    forecast = ask(table(40))  # the last day is a Friday
    assert forecast.times == ("2024-02-26", "2024-02-27", "2024-02-28")
    assert forecast.names == ("Close",) and forecast.levels == (0.1, 0.5, 0.9)
    np.testing.assert_allclose(forecast.values[:, 0], prices(40)[-1])
    returns = np.diff(np.log(prices(40)[-12:]))
    weights = 0.9 ** np.arange(10, -1, -1)
    volatility = np.sqrt((weights * returns**2).sum() / weights.sum())
    expected = prices(40)[-1] * np.exp(np.sqrt(2) * WIDTH * volatility)
    assert forecast.quantiles[1, 0, 2] == pytest.approx(expected, rel=1e-6)


def test_no_times_are_needed_and_gaps_are_filled() -> None:
    plain = ask(prices())
    assert plain.times == ("+1", "+2", "+3")
    holes = prices()
    holes[-3] = np.nan
    assert ask({"close": holes}).filled == 1 and ask({"close": prices()}).filled == 0


@settings(deadline=None, max_examples=20)
@given(st.floats(1e-3, 1e6), st.integers(0, 99))
def test_points_or_cents_do_not_matter(size: float, seed: int) -> None:
    plain = ask(prices(seed=seed)).quantiles
    np.testing.assert_allclose(ask(size * prices(seed=seed)).quantiles, size * plain, rtol=1e-6)


def test_a_price_that_does_not_move_stays() -> None:
    np.testing.assert_allclose(ask(np.full(12, 7.25)).quantiles, 7.25, rtol=1e-12)


def test_tables_that_cannot_be_used_are_refused() -> None:
    weekly = np.datetime64("2024-01-01", "s") + np.arange(40) * np.timedelta64(7, "D")
    for given_table, words in (
        (prices(11), "Received 11 rows; needed are at least 12"),
        ({**table(), "Date": weekly}, "7 days apart; needed is one row a trading day"),
        ({**table(), "Return": -prices()}, "'Return': received -.* columns=close"),
        ({**table(), "Name": ["S&P"] * 40}, "'Name': received 'S&P' where a number is needed"),
    ):
        with pytest.raises(InputError, match=words):
            ask(given_table)
    assert ask({**table(), "Return": -prices()}, columns="Close").names == ("Close",)
    for change in (
        {"decay": 1.0},
        {"look_back": 1},
        {"horizon": 0},
        {"quantiles": [0.1]},
        {"x": 1},
    ):
        with pytest.raises(RecipeError, match=f"processing: .*{next(iter(change))}"):
            from_processing({**PROCESSING, **change})
    with pytest.raises(RecipeError, match=r"quantiles cannot be 0\.5"):
        from_processing({**PROCESSING, "quantiles": 0.5})


def index(days: int = 900) -> SeriesSet:
    borders = ((int(days * 0.6), int(days * 0.8), days),)
    return SeriesSet(("index",), (prices(days),), borders, 24 * 3600)


def recipe(**options: Any) -> Recipe:
    plain = made.recipe()
    return dataclasses.replace(
        plain,
        task="price_band",
        processing=dict(PROCESSING),
        model=Model("series.return_quantiles", {"units": 4}),
        training=dataclasses.replace(plain.training, options=options),
    )


def test_windows_learn_returns_over_volatility() -> None:
    data = index()
    problem = prepare(recipe(), data)
    assert problem.arguments == {"look_back": 12, "horizon": 3, "levels": LEVELS}
    source = problem.train.source
    history, target = source.take(np.array([0, 100]), np.random.default_rng(0))
    logs = np.log(data.values[0])
    returns = np.diff(logs[100:112])
    volatility = np.sqrt(returns**2 @ TASK.series.weights())
    np.testing.assert_allclose(history[1], returns / volatility, rtol=1e-5)
    np.testing.assert_allclose(target[1], (logs[112:115] - logs[111]) / volatility, rtol=1e-4)
    assert len(source) == 540 - 12 - 3 + 1
    first = problem.validation[0][1][0]  # its look-back reaches into the training part
    window = np.diff(logs[528:540]) ** 2 @ TASK.series.weights()
    np.testing.assert_allclose(first, (logs[540:543] - logs[539]) / np.sqrt(window), rtol=1e-4)
    with pytest.raises(RecipeError, match="unknown training option 'x'"):
        prepare(recipe(x=1), data)
    with pytest.raises(RecipeError, match="no groups"):
        prepare(recipe(), data, "index")
    with pytest.raises(RecipeError, match="no window of 12 days back and 3 ahead"):
        prepare(recipe(), dataclasses.replace(data, borders=((540, 541, 900),)))


def test_without_learning_the_network_is_a_normal_random_walk() -> None:
    model = build("series.return_quantiles", look_back=12, horizon=3, units=4)
    found = np.asarray(model(np.random.default_rng(0).normal(size=(2, 11)).astype("f4")))
    assert found.shape == (2, 3, 3)
    expected = np.sqrt([[1], [2], [3]]) * np.array([-1.281552, 0, 1.281552])
    np.testing.assert_allclose(found, np.broadcast_to(expected, (2, 3, 3)), atol=1e-5)


def test_a_walk_is_scored_beside_its_rivals() -> None:
    pytest.importorskip("arch")
    metrics = {m.name: m for m in evaluate(TASK, walk, index())}
    score = metrics["crps"]
    assert score.primary and "walk-forward from 178 days of the test part" in score.protocol
    rolling = score.baselines["random_walk_rolling_volatility"]
    assert score.value == pytest.approx(rolling, rel=0.1)
    assert score.baselines["garch_1_1"] == pytest.approx(rolling, rel=0.1)
    assert metrics["crps_ratio"].value == pytest.approx(score.value / rolling)
    direction = metrics["direction"]
    assert direction.details["low_95"] <= direction.value <= direction.details["high_95"]
    band = metrics["band_error"]
    assert band.value == pytest.approx(abs(band.details["coverage"] - 0.8)) and band.value < 0.1
    with pytest.raises(DataError, match="'index' has 100 days"):
        evaluate(TASK, walk, index(100))


def test_crps_of_a_normal_forecast_is_near_its_closed_form() -> None:
    levels = tuple((np.arange(999) + 1) / 1000)
    from statistics import NormalDist

    normal = NormalDist()
    quantiles = np.array([normal.inv_cdf(level) for level in levels])
    for truth in (0.0, 0.7, -2.0):
        exact = truth * (2 * normal.cdf(truth) - 1) + 2 * normal.pdf(truth) - 1 / math.sqrt(math.pi)
        found = crps(quantiles[None], np.array([truth]), levels)[0]
        assert found == pytest.approx(exact, abs=2e-3)


def test_volatility_of_made_returns_is_found() -> None:
    returns = np.diff(np.log(prices(1500, volatility=0.02)), prepend=np.log(100))
    origins = np.array([1000, 1001, 1040])
    expected = [np.sqrt(np.mean(returns[o - 60 : o] ** 2)) for o in origins]
    np.testing.assert_allclose(rolling_volatility(returns, origins, 60), expected)
    pytest.importorskip("arch")
    ahead = garch_volatility(returns, origins, 4)
    np.testing.assert_allclose(ahead, 0.02 * np.sqrt([1, 2, 3, 4]) * np.ones((3, 1)), rtol=0.15)
    # What comes after an origin changes nothing.
    np.testing.assert_array_equal(garch_volatility(returns[:1040], origins[:2], 4), ahead[:2])


def test_prices_of_ones_own_are_split_in_time() -> None:
    data, kept = own_series(table(100), PROCESSING, "Close", 2)
    assert data.borders == ((70, 80, 100),) and kept["horizon"] == 2
    with pytest.raises(DataError, match=r"cannot be learned from: .*above 0"):
        own_series(-prices(100), PROCESSING)
    with pytest.raises(DataError, match=r"20 rows; learning .* needs at least 30"):
        own_series(prices(20), PROCESSING)
    with pytest.raises(InputError, match="1 step or more"):
        own_series(prices(100), PROCESSING, None, 0)


def test_closing_prices_are_read_and_faults_told(tmp_path: Path) -> None:
    path = tmp_path / "sp500_daily_2000_2020.csv.gz"
    days = [f"2000-01-{day:02},1,2,3,{day}.5,4,5" for day in range(3, 23)]
    path.write_bytes(
        gzip.compress("\n".join(["date,open,high,low,close,adjclose,volume", *days]).encode())
    )
    data = datasets.load("finance-daily", tmp_path)
    assert data.names == ("S&P 500",) and data.borders == ((14, 16, 20),)
    assert data.values[0][[0, -1]].tolist() == [3.5, 22.5]
    path.write_bytes(gzip.compress(b"date,close\n2000-01-03,0\n"))
    with pytest.raises(DataError, match="row 1 has a price that is not above 0"):
        datasets.load("finance-daily", tmp_path)
    path.write_bytes(b"no gzip")
    with pytest.raises(DataError, match="cannot be read"):
        datasets.load("finance-daily", tmp_path)
