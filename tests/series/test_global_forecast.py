"""One model for any series: a table in, quantiles in its units out, whatever runs the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.tables import read_all
from zoo.tasks import Arrays, load_task
from zoo.tasks.forecast import Forecast
from zoo.tasks.global_forecast import GlobalForecaster, from_processing

PROCESSING = {
    "look_back": 24,
    "horizon": 6,
    "season": 4,
    "cycle": 8,
    "step": 3600,
    "quantiles": [0.1, 0.5, 0.9],
}
TASK = from_processing(PROCESSING)


def crossed(arrays: Arrays) -> Arrays:
    """A network that repeats the last value, with quantiles in the wrong order."""
    history = arrays["history"]
    assert history.dtype == np.float32 and history.shape[1:] == (24,)
    last = np.repeat(history[:, -1:], 6, axis=1)
    return {"forecast": np.stack([last + 1, last, last - 1], axis=-1)}


def ask(table: Any, task: GlobalForecaster[Any] = TASK, **options: Any) -> Forecast:
    return task.predict(task.frontend.around(crossed), table, **options)


def table(rows: int = 30) -> dict[str, Any]:
    wave = np.sin(np.arange(rows))
    times = np.datetime64("2024-01-01", "s") + np.arange(rows) * np.timedelta64(1, "h")
    return {"load": 100 + 5 * wave, "when": times, "visits": (np.arange(rows) % 7).astype(int)}


def test_every_column_is_forecast_in_its_own_units() -> None:
    forecast = ask(table())
    assert (forecast.names, forecast.units) == (("load", "visits"), ("", ""))
    assert forecast.times[0] == "2024-01-02 06:00:00" and len(forecast.times) == 6
    np.testing.assert_allclose(forecast.values[3], [table()["load"][-1], 1], rtol=1e-6)
    spread = np.std(table()["load"][-24:])
    np.testing.assert_allclose(forecast.quantiles[0, 0, 2] - forecast.values[0, 0], spread)
    assert (np.diff(forecast.quantiles, axis=-1) > 0).all()
    assert forecast.history.values.shape == (24, 2)


def test_no_times_are_needed_and_columns_can_be_chosen(tmp_path: Path) -> None:
    rows = zip(table()["load"], table()["visits"], strict=True)
    lines = ["load,visits", *(f"{a},{b}" for a, b in rows)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(lines))
    both, one = ask(path), ask(path, columns="visits", horizon=2)
    assert both.times[0] == "+1" and one.names == ("visits",)
    np.testing.assert_array_equal(one.values, both.values[:2, 1:])
    array = np.stack([table()["load"], table()["visits"]], axis=1)
    np.testing.assert_array_equal(ask(array).values, both.values)
    assert ask(array, columns=["2"]).names == ("2",) and ask(array[:, 0]).names == ("1",)
    many = TASK.predict_many(TASK.frontend.around(crossed), [path, array[:, 0]])
    assert [forecast.names for forecast in many] == [("load", "visits"), ("1",)]


def test_data_frames_and_their_time_index() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(table())
    assert ask(frame).times == ask(frame.set_index("when")).times == ask(table()).times
    assert read_all(frame.set_index("when")).names == ("load", "visits")


def test_what_is_missing_is_filled_in() -> None:
    made = table()
    holes = {name: np.delete(column, 20) for name, column in made.items()}
    holes["load"][-1] = np.nan
    forecast = ask(holes)
    assert forecast.filled == 3  # an hour of both, and the last load
    assert forecast.values[0, 0] == pytest.approx(made["load"][-2], rel=1e-6)
    no_times = {"load": np.where(np.arange(30) == 25, np.nan, made["load"])}
    assert ask(no_times).filled == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"city": ["Oslo"] * 30},
            r"Row 1, column 'city': received 'Oslo' where a number is needed",
        ),
        ({"load": [1.0] * 29}, "has 29 rows"),
        ({"load": [float("inf")] * 30}, "received inf"),
    ],
)
def test_columns_that_are_no_numbers_are_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        ask({**table(), **change})


def test_tables_that_cannot_be_used_are_refused() -> None:
    daily = np.datetime64("2024-01-01", "s") + np.arange(30) * np.timedelta64(1, "D")
    for given_table, words in (
        (table(23), "Received 23 rows; needed are at least 24"),
        ({**table(), "when": daily}, "are 1 day; needed is one row every 1 hour"),
        ({**table(), "when": table()["when"][::-1]}, "is earlier than"),
        ({"when": table()["when"]}, "no column of numbers"),
        (np.zeros((30, 2, 2)), "shape"),
    ):
        with pytest.raises(InputError, match=words):
            ask(given_table)
    for options, words in (
        ({"horizon": 7}, "use 1 to 6 steps"),
        ({"horizon": "2"}, "whole number"),
        ({"columns": "price"}, "lacks the column 'price'"),
    ):
        with pytest.raises(InputError, match=words):
            ask(table(), **options)
    with pytest.raises(InputError, match="called 1 to 1"):
        ask(np.zeros(30), columns="2")
    with pytest.raises(InputError, match="at least one"):
        TASK.predict_many(crossed, [])


@settings(deadline=None, max_examples=20)
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(0, 99))
def test_units_do_not_matter(level: float, size: float, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(24, 2))
    plain, other = ask(rows), ask(level + size * rows)
    expected = level + size * plain.quantiles
    np.testing.assert_allclose(other.quantiles, expected, rtol=1e-6, atol=1e-5 * size)


@given(st.floats(-1e12, 1e12))
@settings(deadline=None, max_examples=20)
def test_a_constant_goes_on(value: float) -> None:
    np.testing.assert_allclose(ask(np.full(24, value)).quantiles, value, rtol=1e-8)


@pytest.mark.parametrize(
    "change",
    [
        {"look_back": 7},
        {"horizon": 0},
        {"cycle": 5},
        {"season": 0},
        {"step": 1.5},
        {"quantiles": [0.1, 0.9]},
        {"quantiles": [0.5, 0.1]},
        {"quantiles": 0.5},
        {"units": "kW"},
    ],
)
def test_configurations_that_do_not_fit(change: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match=f"processing: .*{next(iter(change))}"):
        load_task("global_forecast", {**PROCESSING, **change})
