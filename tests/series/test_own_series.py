"""A user's own table: taken as it is, split in time, and each fault told in a sentence."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zoo
from tests.series.made import hourly
from zoo.errors import DataError, InputError
from zoo.processing.series import SeriesProcessing
from zoo.training.own_series import own_series

OPTIONS = {"table": "made", "look_back": 24, "horizons": [6, 12], "season": 12}


def processing() -> dict[str, Any]:
    return SeriesProcessing.fit(hourly(), OPTIONS).to_processing()


def frame(rows: int = 200, step: timedelta = timedelta(days=1)) -> dict[str, Any]:
    wave = np.sin(np.arange(rows) / 3)
    times = [datetime(2024, 1, 1) + step * row for row in range(rows)]
    return {"shop": ["north"] * rows, "day": times, "sold": 7 + wave, "s0": wave, "s1": 2 * wave}


def test_targets_of_ones_own_have_their_own_scale_step_and_horizon() -> None:
    data, made = own_series(frame(), processing(), "sold", 5)
    series = SeriesProcessing.from_processing(made)
    part = data.get("own")
    assert (series.names, series.units, series.time) == (("sold",), ("",), "day")
    assert (series.horizons, series.look_back, series.season) == ((5,), 24, 7)
    assert series.step == part.step == 24 * 3600
    assert part.borders == (140, 160, 200)
    assert series.means[0] == pytest.approx(float(np.mean(frame()["sold"][:140])))


def test_the_models_own_columns_keep_its_scale() -> None:
    table = {"time": frame(step=timedelta(hours=1))["day"], **frame()}
    data, made = own_series(table, processing())
    assert made == processing() and data.get("made").units == ("kW", "kW")
    with pytest.raises(DataError, match="1 day; needed is one row every 1 hour"):
        own_series({**table, "time": frame()["day"]}, processing())


def test_seasons_of_other_steps() -> None:
    for step, season in (
        (timedelta(minutes=15), 96),
        (timedelta(hours=1), 12),  # the model's own
        (timedelta(days=7), 52),
        (timedelta(days=3), 1),
    ):
        assert own_series(frame(step=step), processing(), ["s0", "sold"])[1]["season"] == season


def test_an_array_is_rows_of_steps() -> None:
    data, made = own_series(np.stack([frame()["s0"], frame()["s1"]], 1), processing(), horizon=3)
    assert data.get("own").table.times is None and made["horizons"] == [3]


def changed(column: str, row: int, value: Any) -> dict[str, Any]:
    table = frame()
    cells = list(table[column])
    cells[row] = value
    return {**table, column: cells}


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (changed("day", 10, datetime(2023, 1, 1)), "Row 11, column 'day': 2023-01-01 is earlier"),
        (changed("day", 10, datetime(2024, 1, 10)), "Row 11, column 'day': 2024-01-10 repeats"),
        ({k: np.delete(v, 10).tolist() for k, v in frame().items()}, "From row 10 .* are 2 days"),
        ({**frame(), "sold": np.ones(200)}, "'sold' is constant in the training part"),
        (frame(44), "44 rows; learning to look 24 steps back and 10 ahead needs at least 100"),
        (frame(1), "one row"),
        (changed("sold", 4, "many"), "Row 5, column 'sold': received 'many'"),
        (changed("sold", 4, ""), "Row 5, column 'sold': received a blank"),
        ({"day": frame()["day"]}, "lacks the column 'sold'; found: 'day'"),
    ],
)
def test_tables_that_cannot_be_learned_from(table: Any, says: str) -> None:
    with pytest.raises(DataError, match=says) as caught:
        own_series(table, processing(), "sold", 10)
    assert "\n" not in str(caught.value)


def test_arguments_that_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="horizon=0"):
        own_series(frame(), processing(), "sold", 0)
    with pytest.raises(InputError, match="target=x and horizon=None for names-rnn"):
        zoo.train(None, tmp_path / "a", start="names-rnn", data="names.csv", target="x")
    with pytest.raises(InputError, match="without start"):
        zoo.train("etth1-segrnn", tmp_path / "b", horizon=3)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_model_learns_a_table_and_is_scored_beside_naive_forecasts(tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    table = frame(400)
    rows = zip(table["day"], table["sold"], strict=True)
    path.write_text("day,sold\n" + "".join(f"{d},{s}\n" for d, s in rows))
    mine = zoo.train(
        None,
        tmp_path / "mine",
        start="etth1-segrnn",
        data=str(path),
        target="sold",
        horizon=14,
        epochs=2,
        batch_size=16,
        verbose=0,
    )
    card = mine.card
    assert card.measured is not None and card.recipe.data.name == "sales.csv"
    metric = card.measured.metrics[0]
    assert (metric.name, metric.split) == ("mse", "test")
    assert set(metric.baselines) == {"repeat_last", "seasonal_naive", "linear_layer"}
    assert metric.value < metric.baselines["repeat_last"]
    forecast: Any = mine.predict(path)
    assert forecast.values.shape == (14, 1) and forecast.times[0] == "2025-02-04"
    assert card.recipe.processing["horizons"] == [14]
