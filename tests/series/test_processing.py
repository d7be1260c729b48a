"""Standardisation there and back, windows, and the JSON-able configuration."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.series.made import HOUR, hourly
from zoo.errors import DataError, InputError, RecipeError
from zoo.processing.gaps import last_rows
from zoo.processing.series import SeriesData, SeriesProcessing, Tables
from zoo.processing.tables import Table

OPTIONS = {"table": "made", "look_back": 24, "horizons": [6, 12], "season": 12}


def fitted(**options: Any) -> SeriesProcessing:
    return SeriesProcessing.fit(hourly(), {**OPTIONS, **options})


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20),
    st.sampled_from(["none", "log"]),
    st.floats(1e-3, 1e3),
)
def test_standardising_is_undone(numbers: list[float], transform: str, spread: float) -> None:
    values = np.array(numbers)[:, None]
    if transform == "log":
        values = np.exp(values / 1e5)
    series = dataclasses.replace(
        fitted(transform=transform), names=("x",), units=("m",), means=(0.7,), stds=(spread,)
    )
    back = series.restore(series.standardise(values))
    scale = np.abs(values).max() if transform == "none" else values
    allowed = 1e-5 * scale * (1 + spread) + 1e-6 * (spread + 0.7)  # float32 of values less the mean
    np.testing.assert_array_less(np.abs(back - values), allowed)


def test_training_values_get_zero_mean_and_unit_deviation() -> None:
    data = hourly()
    for transform in ("none", "log"):
        z = fitted(transform=transform).standardise(data.table.values[: data.borders[0]])
        assert z.dtype == np.float32
        np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(z.std(axis=0), 1, atol=1e-5)


def test_quantiles_are_restored_along_their_series() -> None:
    series = fitted(quantiles=[0.1, 0.5, 0.9])
    z = np.random.default_rng(0).standard_normal((3, 4, 2, 5)).astype("float32")
    restored = series.restore(z, axis=-2)
    for q in range(5):
        np.testing.assert_allclose(restored[..., q], series.restore(z[..., q]))


def test_only_the_training_part_is_fitted() -> None:
    data = hourly()
    later = data.table.values.copy()
    later[data.borders[0] :] *= 100
    other = dataclasses.replace(data, table=dataclasses.replace(data.table, values=later))
    assert SeriesProcessing.fit(other, OPTIONS) == SeriesProcessing.fit(data, OPTIONS)


def test_the_configuration_is_json() -> None:
    series = fitted(quantiles=[0.1, 0.5, 0.9], transform="log", errors="raw")
    processing = json.loads(json.dumps(series.to_processing()))
    assert SeriesProcessing.from_processing(processing) == series
    assert series.horizon == 12


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("names", ["s0", "s0"]),
        ("names", "s0"),
        ("units", ["kW"]),
        ("means", [0.0, float("nan")]),
        ("stds", [1.0, 0.0]),
        ("transform", "sqrt"),
        ("look_back", 0),
        ("look_back", 2.5),
        ("look_back", True),
        ("horizons", []),
        ("horizons", [0, 3]),
        ("season", 0),
        ("step", -1),
        ("quantiles", [0.1, 0.9]),
        ("quantiles", [0.9, 0.5]),
        ("quantiles", [0.5, 1.0]),
        ("errors", "relative"),
        ("table", 3),
    ],
)
def test_wrong_configurations_are_refused(key: str, value: Any) -> None:
    processing = {**fitted().to_processing(), key: value}
    with pytest.raises(RecipeError, match=key):
        SeriesProcessing.from_processing(processing)


def test_unknown_and_missing_keys_are_refused() -> None:
    processing = fitted().to_processing()
    with pytest.raises(RecipeError, match="'colour' is unknown"):
        SeriesProcessing.from_processing({**processing, "colour": "red"})
    del processing["season"]
    with pytest.raises(RecipeError, match="'season' is missing"):
        SeriesProcessing.from_processing(processing)
    with pytest.raises(RecipeError, match="'colour' is unknown"):
        fitted(colour="red")


def test_series_that_cannot_be_fitted() -> None:
    data = hourly()
    for change, says in (
        (1.0, "'s1' is constant"),
        (np.nan, "no value"),
        (-1.0, "'s1': received -1"),
    ):
        values = data.table.values.copy()
        values[:, 1] = change
        table = dataclasses.replace(data.table, values=values)
        with pytest.raises(InputError, match=says):
            SeriesProcessing.fit(
                dataclasses.replace(data, table=table),
                {**OPTIONS, "transform": "log" if change == -1.0 else "none"},
            )


def test_the_window_is_the_end_of_the_table() -> None:
    table, series = hourly().table, fitted()
    window, filled = series.window(table)
    np.testing.assert_array_equal(window.values, table.values[-24:])
    assert filled == 0
    with pytest.raises(InputError, match="Received 23 rows; needed are at least 24"):
        series.window(Table(None, table.names, table.values[:23]))
    assert table.times is not None
    ahead = series.times_ahead(table.times[-1], 2) - table.times[-1]
    assert ahead.astype(int).tolist() == [HOUR, 2 * HOUR]


@given(st.sets(st.integers(1, 258), max_size=6), st.booleans())
@example({236}, False)  # the first row of the window
def test_missing_rows_and_blank_cells_are_the_same(holes: set[int], line: bool) -> None:
    table = hourly().table
    assert table.times is not None
    values = np.linspace([0.0, 5.0], [1.0, 9.0], 260) if line else table.values
    gone = sorted(holes)
    blank = values.copy()
    blank[gone] = np.nan
    cut = Table(np.delete(table.times, gone), table.names, np.delete(values, gone, axis=0))
    a, few = last_rows(cut, 24, HOUR)
    b, same = last_rows(Table(table.times, table.names, blank), 24, HOUR)
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.times, table.times[-24:])
    assert few == same == 2 * sum(hole >= 236 for hole in gone)
    if line and 236 not in gone:  # the first value of the window has nothing before it
        np.testing.assert_allclose(a.values, values[-24:])


def test_splits_and_tables_by_name() -> None:
    data = hourly()
    assert [data.rows(s) for s in ("train", "validation", "test")] == [
        (0, 156),
        (156, 208),
        (208, 260),
    ]
    with pytest.raises(RecipeError, match="'dev'"):
        data.rows("dev")
    with pytest.raises(DataError, match="Received the table 'x'; here: made"):
        Tables({"made": lambda: data}).get("x")
    assert isinstance(Tables({"made": lambda: data}).get("made"), SeriesData)
