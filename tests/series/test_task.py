"""A table in, a forecast in its own units out, whatever runs the network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.series.made import hourly
from zoo.errors import InputError, RecipeError
from zoo.processing.series import SeriesProcessing
from zoo.tasks import Arrays, Run, load_task
from zoo.tasks.forecast import Forecast, Forecaster

OPTIONS = {"table": "made", "look_back": 24, "horizons": [6, 12], "season": 12}


def forecaster(**options: Any) -> Forecaster:
    return Forecaster(SeriesProcessing.fit(hourly(), {**OPTIONS, **options}))


def ask(task: Forecaster, network: Run, table: Any, **options: Any) -> Forecast:
    return task.predict(task.frontend.around(network), table, **options)


def repeat(arrays: Arrays) -> Arrays:
    """A network that repeats the last value."""
    assert arrays["history"].dtype == np.float32 and arrays["history"].shape[1] == 24
    return {"forecast": np.repeat(arrays["history"][:, -1:], 12, axis=1)}


def crossed(arrays: Arrays) -> Arrays:
    """A network whose quantiles cross."""
    last = repeat(arrays)["forecast"]
    return {"forecast": np.stack([last + 1, last, last - 1], axis=-1)}


def frame(rows: int = 100) -> dict[str, Any]:
    table = hourly().table
    assert table.times is not None
    columns = {name: table.values[:rows, i] for i, name in enumerate(table.names)}
    return {"time": table.times[:rows], **columns}


def test_units_times_and_names_come_back() -> None:
    forecast = ask(forecaster(), repeat, frame())
    assert forecast.values.shape == (12, 2)
    np.testing.assert_allclose(forecast.values[3], hourly().table.values[99], rtol=1e-5)
    assert forecast.times[0] == "2024-01-05 04:00:00"
    assert (forecast.names, forecast.units) == (("s0", "s1"), ("kW", "kW"))
    assert forecast.history.values.shape == (24, 2)
    shown = str(forecast)
    assert "s1 [kW]" in shown and "2024-01-05 15:00:00" in shown and len(shown.split("\n")) == 10


def test_quantiles_are_sorted_and_the_median_is_the_value() -> None:
    task = forecaster(quantiles=[0.1, 0.5, 0.9], transform="log", errors="raw")
    forecast = ask(task, crossed, frame(), horizon=5)
    assert forecast.quantiles.shape == (5, 2, 3)
    assert (np.diff(forecast.quantiles, axis=-1) > 0).all()
    np.testing.assert_array_equal(forecast.values, forecast.quantiles[..., 1])
    np.testing.assert_allclose(forecast.values[0], hourly().table.values[99], rtol=1e-5)
    assert "quantiles 0.1 to 0.9" in str(forecast) and " to " in str(forecast)


def test_the_answer_is_json() -> None:
    for task, run in ((forecaster(), repeat), (forecaster(quantiles=[0.1, 0.5, 0.9]), crossed)):
        forecast = ask(task, run, frame(), horizon=2)
        answer = json.loads(json.dumps(forecast.to_dict()))
        assert len(answer["times"]) == len(answer["series"][1]["values"]) == 2
        assert answer["series"][0]["name"] == "s0"
        assert set(answer["series"][0]["quantiles"]) == {f"{q:g}" for q in forecast.levels}


def test_arrays_without_times_count_steps() -> None:
    forecast = ask(forecaster(), repeat, hourly().table.values, horizon=3)
    assert forecast.times == ("+1", "+2", "+3")


def test_several_tables_are_answered_as_one_by_one() -> None:
    tables = [frame(), frame(60), hourly().table.values]
    together = forecaster().predict_many(forecaster().frontend.around(repeat), tables, horizon=3)
    for found, table in zip(together, tables, strict=True):
        assert found.to_dict() == ask(forecaster(), repeat, table, horizon=3).to_dict()
    with pytest.raises(InputError, match="no table"):
        forecaster().predict_many(forecaster().frontend.around(repeat), [])


def test_only_the_end_of_the_table_matters() -> None:
    columns = frame()
    tail = {name: column[-24:] for name, column in columns.items()}
    long, short = (ask(forecaster(), repeat, c) for c in (columns, tail))
    np.testing.assert_array_equal(long.values, short.values)
    assert long.times == short.times


def test_what_is_missing_is_filled_in_and_told() -> None:
    whole = ask(forecaster(), repeat, frame())
    assert whole.filled == 0 == whole.to_dict()["filled"]
    line = {"time": frame()["time"], "s0": np.arange(100.0), "s1": np.arange(100.0)}
    holes = {name: np.delete(column, [90, 91]).tolist() for name, column in line.items()}
    holes["s1"][80], holes["s1"][-1] = None, ""
    forecast = ask(forecaster(), repeat, holes)
    np.testing.assert_array_equal(forecast.history.values[:, 0], np.arange(76.0, 100))
    assert forecast.history.values[-1].tolist() == [99, 98] and forecast.filled == 6
    assert "filled in: 6 of the cells" in str(forecast)
    assert forecast.times == whole.times
    empty = {**frame(), "s1": [*range(90), *["NA"] * 10]}
    with pytest.raises(InputError, match="'s1': 10 of the last 24 steps have no value; at most 6"):
        ask(forecaster(), repeat, empty)


@pytest.mark.parametrize("horizon", [0, 13, -1, 2.0, True, "6"])
def test_horizons_out_of_range(horizon: Any) -> None:
    with pytest.raises(InputError, match="horizon="):
        ask(forecaster(), repeat, frame(), horizon=horizon)


def test_tables_that_cannot_be_used(tmp_path: Path) -> None:
    task = forecaster(transform="log")
    with pytest.raises(InputError, match="Received 23 rows; needed are at least 24"):
        ask(task, repeat, frame(23))
    odd = frame()
    odd["time"] = odd["time"] + (np.arange(100) > 90) * np.timedelta64(60, "s")
    with pytest.raises(InputError, match="are 61 minutes; needed is one row every 1 hour"):
        ask(task, repeat, odd)
    zero = frame()
    zero["s1"] = np.where(np.arange(100) == 95, 0.0, zero["s1"])
    with pytest.raises(InputError, match="'s1': received 0 where values are above 0"):
        ask(task, repeat, zero)
    path = tmp_path / "table.csv"
    path.write_text("time,s0\n2024-01-01,1\n")
    with pytest.raises(InputError, match="lacks the column 's1'; found: 'time', 's0'"):
        ask(task, repeat, path)


def test_the_task_is_rebuilt_from_json() -> None:
    task = forecaster(quantiles=[0.5])
    again = load_task("forecast", json.loads(json.dumps(task.processing)))
    assert again.processing == task.processing
    with pytest.raises(RecipeError, match="is missing"):
        load_task("forecast", {"table": "made"})


def test_pictures(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    banded = ask(forecaster(quantiles=[0.1, 0.5, 0.9]), crossed, frame())
    for name, forecast in {
        "two": ask(forecaster(), repeat, frame()),
        "band": banded,
        "steps": ask(forecaster(), repeat, hourly().table.values),
    }.items():
        figure = forecast.plot(tmp_path / f"{name}.png")
        assert len(figure.axes) == len(forecast.names)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["band.png", "steps.png", "two.png"]
