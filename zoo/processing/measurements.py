"""One metric over time as a user has it, all of it or line by line, to times and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.tables import read_csv, read_table, show_time

VALUE = "value"
TIMES = ("timestamp", "time", "datetime", "date")  # names of a column of times, in small letters
_LARGEST = 1e30  # far from where float64 ends


@dataclass(frozen=True, eq=False)
class Measurements:
    """Successive values of one metric.

    Attributes:
        times: datetime64[s] (rows,), rising; None where the input has no times.
        values: float64 (rows,); NaN where nothing was measured.
    """

    times: np.ndarray | None
    values: np.ndarray


@dataclass(frozen=True, eq=False)
class OwnMetrics:
    """A user's metrics, all of whose values may be learned from.

    Attributes:
        series: File -> values, float64 (values,), none missing.
    """

    series: dict[str, np.ndarray]


def read_measurements(raw: Any, column: str | None = None) -> Measurements:
    """Takes a metric out of what a user has.

    Args:
        raw: A sequence of numbers, the path of a CSV file with a header line, a mapping from names
            to columns, or a data frame (pandas, polars, or alike; a time index will do). A blank
            cell, None or NaN says that nothing was measured. A column called "timestamp", "time",
            "datetime" or "date" gives the times.
        column: The column of values; by default the one called "value", or the only one beside
            that of times.

    Raises:
        InputError: Not a metric, no rows, a cell that is not a number, or times that are not in
            strictly rising order.
    """
    if isinstance(raw, list | tuple) or (isinstance(raw, np.ndarray) and not raw.dtype.names):
        if np.ndim(raw) != 1:
            raise InputError(f"Received shape {np.shape(raw)}; needed are numbers, one a row.")
        return _measurements({VALUE: raw}, VALUE, None)
    columns = _columns(raw)
    time = next((name for name in columns if name.casefold() in TIMES), None)
    names = [name for name in columns if name != time]
    chosen = column or (VALUE if VALUE in names or len(names) != 1 else names[0])
    if chosen not in names:
        raise InputError(
            f"The table lacks the column {chosen!r}; found: {', '.join(columns) or 'none'}; name "
            "the one to watch (column=...), under a header line."
        )
    return _measurements(columns, chosen, time)


def read_line(line: str, before: np.datetime64 | None) -> Measurements:
    """A line "value" or "time,value"; a blank value says that nothing was measured.

    Args:
        line: The line.
        before: The time of the line before, if it had one.

    Returns:
        One row.

    Raises:
        InputError: The line is something else, or its time is not after the one before.
    """
    time, comma, value = line.strip().rpartition(",")
    columns = {VALUE: [value], TIMES[0]: [time]}
    try:
        found = _measurements(columns, VALUE, TIMES[0] if comma else None)
    except InputError:
        raise InputError(
            f"Received the line {line.strip()!r:.99}; write a number, or a time and a number, such "
            "as 2024-12-31 23:00:00,4.2."
        ) from None
    if before is not None and found.times is not None and found.times[0] <= before:
        raise InputError(
            f"Received the time {show_time(found.times[0])} after {show_time(before)}; give lines "
            "in the order of time, one for each, or values without times."
        )
    return found


def is_header(line: str) -> bool:
    """Whether a line names columns: its last cell is neither blank nor a number."""
    try:
        read_line(line.rpartition(",")[2], None)
    except InputError:
        return not any(character.isdigit() for character in line)
    return False


def _columns(raw: Any) -> Mapping[str, Any]:
    if isinstance(raw, str | Path):
        return read_csv(Path(raw))
    if isinstance(raw, Mapping):
        return raw
    names = getattr(raw, "columns", None)
    if names is None:
        names = getattr(getattr(raw, "dtype", None), "names", None)
    if names is None:
        raise InputError(
            f"Received a {type(raw).__name__}; needed are numbers, a CSV file, a data frame, or a "
            "mapping from names to columns."
        )
    columns = {str(name): np.asarray(raw[name]) for name in names}
    index = np.asarray(getattr(raw, "index", ()))
    return {TIMES[0]: index, **columns} if index.dtype.kind == "M" else columns


def _measurements(columns: Mapping[str, Any], name: str, time: str | None) -> Measurements:
    """A column and maybe its times, checked."""
    if time is None:
        cells = columns[name]
        array = cells if isinstance(cells, np.ndarray) else np.array(cells, object)
        table = read_table(array, (name,), "", missing=True)
    else:
        table = read_table(columns, (name,), time, missing=True)
    values = table.values[:, 0]
    if not len(values):
        raise InputError("Received no values; give at least one.")
    large = np.flatnonzero(np.abs(values) > _LARGEST)
    if len(large):
        raise InputError(
            f"Row {large[0] + 1}, column {name!r}: received {values[large[0]]:g}, beyond "
            f"{_LARGEST:g}; check its units."
        )
    return Measurements(table.times, values)
