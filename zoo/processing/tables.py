"""A user's table, whatever holds it, to times and numbers; every fault named by row and column."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers of several series, a row for each time.

    Args:
        times: datetime64[s] of shape (rows,); None where the input has no times.
        names: one a series.
        values: float64 of shape (rows, series).
    """

    times: np.ndarray | None
    names: tuple[str, ...]
    values: np.ndarray


_BLANK = frozenset({"", "na", "n/a", "nan", "null", "none", "nat"})


def read_table(raw: Any, names: Sequence[str], time: str, missing: bool = False) -> Table:
    """Takes the named columns out of what a user has.

    Args:
        raw: path of a CSV file, mapping from names to columns, data frame (pandas, polars, or
            alike; a time index will do), structured array, or array (rows, series) in the order
            of `names`, which has no times.
        names: the series to take; other columns are left alone.
        time: the column of times: ISO 8601 text, `datetime`, `date` or datetime64; times that
            know their zone become UTC.
        missing: whether cells may be without a value (blank, None, NaN, "NA"); they become NaN.

    Raises:
        InputError: not a table, columns missing, no rows, a cell that is not a number, or times
            that are not in strictly rising order.
    """
    if _is_matrix(raw):
        return Table(None, tuple(names), _matrix(raw, names, missing))
    columns = _columns(raw, (time, *names), time)
    times = _times(columns[time], time)
    return Table(times, tuple(names), _values(columns, names, len(times), time, missing))


def read_rows(raw: Any, names: Sequence[str], missing: bool = False) -> np.ndarray:
    """Takes the named columns out of a table in which only the order of the rows matters.

    Args:
        raw: what `read_table` takes; times are left alone.
        names: the columns to take.
        missing: whether cells may be without a value; they become NaN.

    Returns:
        float64 (rows, columns), at least one row.

    Raises:
        InputError: not a table, columns missing, no rows, or a cell that is not a number.
    """
    if _is_matrix(raw):
        values = _matrix(raw, names, missing)
    else:
        columns = _columns(raw, names, None)
        values = _values(columns, names, len(columns[names[0]]), names[0], missing)
    if not len(values):
        raise InputError("The table has no rows; needed is at least one.")
    return values


def column_names(raw: Any) -> tuple[str, ...]:
    """The columns of a table, as `read_table` takes it; none of a plain array.

    Raises:
        InputError: not a table.
    """
    return () if _is_matrix(raw) else tuple(_columns(raw, (), None))


def find_times(raw: Any) -> str | None:
    """The first column whose first cell is a time; None where no column has one."""
    names = column_names(raw)
    for name, cells in _columns(raw, names, None).items():
        try:
            _time(next(iter(cells)), 1, name)
        except (InputError, StopIteration):
            continue
        return name
    return None


def read_all(raw: Any, names: Sequence[str] | None = None) -> Table:
    """Takes every column of numbers, and the times if a column, or a data frame's index, has them.

    Args:
        raw: what `read_table` takes; the series of an array are called "1", "2", …. Cells may be
            without a value; they become NaN.
        names: the columns to take, if not all.

    Raises:
        InputError: as `read_table`; there is no column besides the times.
    """
    if _is_matrix(raw):
        count = raw.shape[1] if raw.ndim == 2 else 1
        table = read_table(raw, [str(i) for i in range(1, count + 1)], "", missing=True)
        return table if names is None else _chosen(table, names)
    columns = read_csv(Path(raw)) if isinstance(raw, str | Path) else raw
    time = find_times(columns)
    if time is None and np.asarray(getattr(columns, "index", ())).dtype.kind == "M":
        time = "index"
    taken = names or [name for name in column_names(columns) if name != time]
    if not taken:
        raise InputError("The table has no column of numbers.")
    if time is not None:
        return read_table(columns, taken, time, missing=True)
    return Table(None, tuple(taken), read_rows(columns, taken, missing=True))


def _chosen(table: Table, names: Sequence[str]) -> Table:
    missing = [name for name in names if name not in table.names]
    if missing:
        raise InputError(
            f"Received the column {missing[0]!r}; an array's are called 1 to {len(table.names)}."
        )
    places = [table.names.index(name) for name in names]
    return Table(table.times, tuple(names), table.values[:, places])


def _is_matrix(raw: Any) -> bool:
    return isinstance(raw, np.ndarray) and raw.dtype.names is None


def _columns(raw: Any, wanted: Sequence[str], time: str | None) -> Mapping[str, Any]:
    """The columns by name, the wanted ones among them; `time` may be a data frame's index."""
    if isinstance(raw, str | Path):
        columns: Mapping[str, Any] = read_csv(Path(raw))
    else:
        columns = raw if isinstance(raw, Mapping) else _frame(raw, wanted, time)
    missing = [name for name in wanted if name not in columns]
    if missing:
        found = ", ".join(map(repr, columns)) or "none"
        raise InputError(
            f"The table lacks the column{'s' * (len(missing) > 1)} "
            f"{', '.join(map(repr, missing))}; found: {found}."
        )
    return columns


def _values(
    columns: Mapping[str, Any], names: Sequence[str], rows: int, first: str, missing: bool = False
) -> np.ndarray:
    """The columns of numbers, float64 (rows, columns); `first` is the column that has `rows`."""
    values = np.empty((rows, len(names)))
    for position, name in enumerate(names):
        column = _numbers(columns[name], name, missing)
        if len(column) != rows:
            raise InputError(
                f"The column {name!r} has {len(column)} rows and {first!r} has {rows}; "
                "give every column the same length."
            )
        values[:, position] = column
    return values


def read_csv(source: Path | Iterable[str]) -> dict[str, list[str]]:
    """The columns of a CSV file with a header line, as text.

    Args:
        source: the file (UTF-8), or its lines.

    Raises:
        InputError: no such file, not text, empty, or a row of another length than the header.
    """
    if isinstance(source, Path):
        try:
            with source.open(encoding="utf-8-sig", newline="") as file:
                return read_csv(file)
        except UnicodeDecodeError:
            raise InputError(f"{source} is not a text file; give a CSV file in UTF-8.") from None
        except InputError as error:
            raise InputError(f"{source}: {error}") from None
        except (OSError, ValueError) as error:  # a path with a NUL in it
            reason = getattr(error, "strerror", None) or "cannot be read"
            raise InputError(f"{source!s:.99}: {reason}; give the path of a CSV file.") from None
    try:
        rows = [row for row in csv.reader(source) if row]
    except csv.Error as error:
        raise InputError(f"Not a CSV table: {error}.") from None
    if not rows:
        raise InputError("The table is empty; needed are a header line and rows of numbers.")
    header, *body = [[cell.strip() for cell in row] for row in rows]
    for number, row in enumerate(body, 1):
        if len(row) != len(header):
            raise InputError(
                f"Row {number} has {len(row)} cells and the header {len(header)}; "
                "a CSV table has the same number in every row."
            )
    return {name: [row[i] for row in body] for i, name in enumerate(header)}


def _matrix(raw: np.ndarray, names: Sequence[str], missing: bool = False) -> np.ndarray:
    matrix = raw[:, None] if raw.ndim == 1 else raw
    if matrix.ndim != 2 or matrix.shape[1] != len(names):
        raise InputError(
            f"Received an array of shape {raw.shape}; needed is (rows, {len(names)}) with the "
            f"columns {', '.join(names)}."
        )
    columns = [_numbers(matrix[:, i], name, missing) for i, name in enumerate(names)]
    return np.stack(columns, axis=1)


def _frame(raw: Any, wanted: Sequence[str], time: str | None) -> dict[str, Any]:
    dtype = getattr(raw, "dtype", None)
    known = getattr(dtype, "names", None) if dtype is not None else getattr(raw, "columns", None)
    if known is None or not hasattr(raw, "__getitem__"):
        raise InputError(
            f"Received a {type(raw).__name__}; needed is a CSV file, a data frame, an array, or "
            "a mapping from names to columns."
        )
    columns: dict[str, Any] = {n: np.asarray(raw[n]) if n in wanted else () for n in known}
    index = np.asarray(getattr(raw, "index", ()))
    if time is not None and time not in columns and index.dtype.kind == "M":
        columns[time] = index
    return columns


def _numbers(column: Any, name: str, missing: bool) -> np.ndarray:
    """A column as finite float64, or NaN where that may be; the first other cell is named."""
    cells = np.asarray(column) if hasattr(column, "dtype") else list(column)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "iuf":
        numbers = cells.astype(np.float64)
    else:
        numbers = np.array([_number(cell, row, name, missing) for row, cell in enumerate(cells, 1)])
    bad = np.flatnonzero(np.isinf(numbers) if missing else ~np.isfinite(numbers))
    if len(bad):
        raise _not_a_number(str(numbers[bad[0]]), int(bad[0]) + 1, name)
    return numbers


def _number(cell: Any, row: int, name: str, missing: bool) -> float:
    if missing and (cell is None or str(cell).strip("<> ").casefold() in _BLANK):
        return np.nan
    try:
        return float(cell)
    except (TypeError, ValueError):
        raise _not_a_number(_shown(cell), row, name) from None


def _shown(cell: Any) -> str:
    if isinstance(cell, str):
        return repr(str(cell)) if cell else "a blank"
    return repr(cell)


def _not_a_number(found: str, row: int, name: str) -> InputError:
    return InputError(
        f"Row {row}, column {name!r}: received {found} where a number is needed; "
        "fill it in, or give only the rows after it."
    )


def _times(column: Any, name: str) -> np.ndarray:
    """A column of times as datetime64[s], strictly rising."""
    cells = np.asarray(column) if hasattr(column, "dtype") else list(column)
    if not len(cells):
        raise InputError("The table has a header but no rows.")
    if isinstance(cells, np.ndarray) and cells.dtype.kind == "M":
        times = cells.astype("datetime64[s]")
    else:
        times = np.array([_time(cell, row, name) for row, cell in enumerate(cells, 1)])
    unknown = np.flatnonzero(np.isnat(times))
    if len(unknown):
        raise InputError(f"Row {unknown[0] + 1}, column {name!r}: the time is missing.")
    wrong = np.flatnonzero(np.diff(times) <= np.timedelta64(0, "s"))
    if len(wrong):
        row = int(wrong[0]) + 2
        what = "repeats" if times[row - 1] == times[row - 2] else "is earlier than"
        raise InputError(
            f"Row {row}, column {name!r}: {show_time(times[row - 1])} {what} the time of the row "
            "before; sort the rows by time and keep one row for each time."
        )
    return times


def _time(cell: Any, row: int, name: str) -> np.datetime64:
    try:
        if isinstance(cell, np.datetime64):
            cell = cell.astype("datetime64[s]").item()
        if isinstance(cell, str):
            cell = datetime.fromisoformat(cell.strip())
        if isinstance(cell, datetime) and cell.tzinfo is not None:
            cell = cell.astimezone(UTC).replace(tzinfo=None)
        if isinstance(cell, date):
            return np.datetime64(cell.isoformat(), "s")
        if cell is None:
            return np.datetime64("NaT", "s")
    except (ValueError, OverflowError):
        pass
    raise InputError(
        f"Row {row}, column {name!r}: received {_shown(cell)} where a time is needed; "
        "write times as 2024-12-31 or 2024-12-31 23:00:00."
    )


def show_time(time: np.datetime64) -> str:
    """A time as people write it, without a clock that says midnight."""
    return str(time).removesuffix("T00:00:00").replace("T", " ")


def show_duration(seconds: int) -> str:
    """Whole seconds in the largest unit that divides them."""
    sizes = {"day": 86400, "hour": 3600, "minute": 60, "second": 1}
    name = next(name for name, size in sizes.items() if seconds % size == 0)
    count = seconds // sizes[name]
    return f"{count} {name}{'s' * (count != 1)}"
