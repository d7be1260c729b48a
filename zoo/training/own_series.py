"""A user's own table as data for a forecaster: checked, split in time, scaled anew if asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DataError, InputError
from zoo.processing.series import SeriesData, SeriesProcessing, Tables
from zoo.processing.tables import (
    Table,
    column_names,
    find_times,
    read_table,
    show_duration,
    show_time,
)

TRAIN, VALIDATION = 0.7, 0.1
OWN_SPLIT = "70, 10 and 20 % in time order; the last part, which chose nothing, is scored"
DAY = 24 * 3600
# After how many rows a forecast that has only steps may expect the same again.
CYCLES = {7 * DAY: 52, DAY: 7}


def own_series(
    raw: Any,
    processing: Mapping[str, Any],
    target: str | Sequence[str] | None = None,
    horizon: int | None = None,
) -> tuple[Tables, dict[str, Any]]:
    """Takes a table to learn from: 70 % of the rows train, 10 % validate, 20 % are the test part.

    Without target and horizon, columns, units, scale and horizons are those of the model that
    training starts from. With either, the scale is that of the table's own training part.

    Args:
        raw: What `zoo.processing.tables.read_table` takes, of one row a time step.
        processing: That of the model to start from.
        target: Names of the columns to forecast; those of the model by default.
        horizon: Steps ahead; those of the model by default.

    Returns:
        The data, and the processing to train with.

    Raises:
        DataError: The table cannot be learned from: columns are missing, times are unsorted,
            repeated or not one step apart, a cell is no number, a column is constant, or there
            are too few rows.
        InputError: The horizon is below 1.
    """
    series = SeriesProcessing.from_processing(processing)
    names = (target,) if isinstance(target, str) else tuple(target or series.names)
    horizons = series.horizons if horizon is None else (horizon,)
    if min(horizons) < 1:
        raise InputError(f"Received horizon={horizon}; use 1 step or more.")
    anew = target is not None or horizon is not None
    try:
        time = _time_column(raw, series.time) if anew else series.time
        table = read_table(raw, names, time)
        step = series.step if table.times is None else _only_step(table, None if anew else series)
        data = _split(table, time, step, series, max(horizons))
        if anew:
            fresh = {
                "table": "own",
                "look_back": series.look_back,
                "horizons": list(horizons),
                "season": _season(step, series),
                "transform": series.transform,
                "quantiles": list(series.quantiles),
                "errors": series.errors,
            }
            series = SeriesProcessing.fit(data, fresh)
    except InputError as error:
        shown = raw if isinstance(raw, str | Path) else "a table"
        raise DataError(f"Received {shown}, which cannot be learned from: {error}") from None
    return Tables({series.table: lambda: data}), series.to_processing()


def _time_column(raw: Any, usual: str) -> str:
    """The model's own name of the times, if the table has it, else the first column of times."""
    names = column_names(raw)
    return usual if usual in names or not names else find_times(raw) or usual


def _only_step(table: Table, series: SeriesProcessing | None) -> int:
    """Seconds between rows.

    Raises:
        InputError: They are not the same everywhere, or not the model's.
    """
    assert table.times is not None
    gaps = np.diff(table.times).astype(np.int64)
    if not len(gaps):
        raise InputError("It has one row.")
    step = series.step if series else int(np.median(gaps))
    odd = np.flatnonzero(gaps != step)
    if len(odd):
        row = int(odd[0])
        raise InputError(
            f"From row {row + 1} ({show_time(table.times[row])}) to the next one are "
            f"{show_duration(int(gaps[row]))}; needed is one row every {show_duration(step)}: "
            "add the rows that are missing, or give the part after the gap."
        )
    return step


def _split(
    table: Table, time: str, step: int, series: SeriesProcessing, horizon: int
) -> SeriesData:
    rows = len(table.values)
    needed = math.ceil(max((series.look_back + horizon) / TRAIN, horizon / VALIDATION))
    if rows < needed:
        raise InputError(
            f"It has {rows} rows; learning to look {series.look_back} steps back and {horizon} "
            f"ahead needs at least {needed}."
        )
    borders = (int(rows * TRAIN), int(rows * (TRAIN + VALIDATION)), rows)
    for name, column in zip(table.names, table.values[: borders[0]].T, strict=True):
        if column.min() == column.max():
            raise InputError(f"The column {name!r} is constant in the training part.")
    units = series.units if table.names == series.names else ("",) * len(table.names)
    return SeriesData(table, time, units, step, borders)


def _season(step: int, series: SeriesProcessing) -> int:
    """Rows after which a series of this step may repeat: a day of shorter steps, a week of days."""
    if step == series.step:
        return series.season
    return DAY // step if step < DAY and DAY % step == 0 else CYCLES.get(step, 1)
