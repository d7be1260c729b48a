"""A user's own table as many series for one forecaster: split in time, every column by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import DataError, InputError
from zoo.processing.gaps import last_rows
from zoo.processing.own_scale import AnySeries
from zoo.processing.price_band import DAY, PriceBand
from zoo.processing.series_set import SeriesSet
from zoo.processing.tables import Table, read_all

TRAIN, VALIDATION = 0.7, 0.1
OWN_SPLIT = "70, 10 and 20 % in time order; the last part, which chose nothing, is scored"


def own_series(
    raw: Any,
    processing: Mapping[str, Any],
    target: str | Sequence[str] | None = None,
    horizon: int | None = None,
) -> tuple[SeriesSet, dict[str, Any]]:
    """Takes a table to learn from: 70 % of the rows train, 10 % validate, 20 % are the test part.

    Args:
        raw: What `zoo.processing.tables.read_all` takes, of one row a time step; with times,
            up to a quarter of the rows may be missing and are filled in.
        processing: That of the model to start from.
        target: Names of the columns to learn; all of them by default.
        horizon: Steps ahead; the model's by default, at most its cycle.

    Returns:
        The data, and the processing to train with.

    Raises:
        DataError: The table cannot be learned from: no numbers, times that are unsorted, repeated
            or no whole steps apart, a column that is constant, or too few rows.
        InputError: The horizon is out of range.
    """
    lengths = AnySeries.from_processing(processing)
    if horizon is not None and not 1 <= horizon <= lengths.cycle:
        raise InputError(f"Received horizon={horizon}; use 1 to {lengths.cycle} steps.")
    kept = {**processing, "horizon": horizon or lengths.horizon}
    lengths = AnySeries.from_processing(kept)
    return _split(raw, target, lengths), kept


def own_prices(
    raw: Any,
    processing: Mapping[str, Any],
    target: str | Sequence[str] | None = None,
    horizon: int | None = None,
) -> tuple[SeriesSet, dict[str, Any]]:
    """As `own_series`, of prices: a row is a trading day, whatever lies between the times.

    Raises:
        DataError: As `own_series`, or a price is not above 0.
        InputError: The horizon is below 1.
    """
    if horizon is not None and horizon < 1:
        raise InputError(f"Received horizon={horizon}; use 1 step or more.")
    kept = {**processing, "horizon": horizon or processing["horizon"]}
    return _split(raw, target, PriceBand.from_processing(kept)), kept


def _split(
    raw: Any, target: str | Sequence[str] | None, lengths: AnySeries | PriceBand
) -> SeriesSet:
    names = [target] if isinstance(target, str) else target
    try:
        table = read_all(raw, names)
        if isinstance(lengths, PriceBand):
            table, step = replace(lengths, look_back=len(table.values)).window(table)[0], DAY
        else:
            table, step = _gridded(table, lengths.step), lengths.step
        rows = len(table.values)
        needed = math.ceil(
            max((lengths.look_back + lengths.horizon) / TRAIN, lengths.horizon / VALIDATION)
        )
        if rows < needed:
            raise InputError(
                f"It has {rows} rows; learning to look {lengths.look_back} steps back and "
                f"{lengths.horizon} ahead needs at least {needed}."
            )
        borders = (int(rows * TRAIN), int(rows * (TRAIN + VALIDATION)), rows)
        for name, column in zip(table.names, table.values[: borders[0]].T, strict=True):
            if column.min() == column.max():
                raise InputError(f"The column {name!r} is constant in the training part.")
    except InputError as error:
        shown = raw if isinstance(raw, str | Path) else "a table"
        raise DataError(f"Received {shown}, which cannot be learned from: {error}") from None
    values = tuple(np.ascontiguousarray(column) for column in table.values.T)
    return SeriesSet(table.names, values, (borders,) * len(values), step)


def _gridded(table: Table, step: int) -> Table:
    """All steps of a table, the missing ones filled in."""
    rows = len(table.values)
    if table.times is not None:
        between = (table.times[-1] - table.times[0]).astype(np.int64)
        rows = int(between) // step + 1
    return last_rows(table, rows, step)[0]
