"""The end of a table on its grid of time steps, with what is missing filled in."""

from __future__ import annotations

import numpy as np

from zoo.errors import InputError
from zoo.processing.tables import Table, show_duration, show_time

MOST = 0.25  # of a series' look-back may be missing


def last_rows(table: Table, rows: int, step: int) -> tuple[Table, int]:
    """The last rows of a table, one a time step, and how many cells of them were filled in.

    A time that has no row counts as a row without values. A cell without a value is filled in
    linearly between its neighbours in these rows, before the first and after the last value with
    that value.

    Args:
        table: Times may be missing in it, values may be NaN. Without times, rows are steps.
        rows: How many are taken.
        step: Seconds from one to the next.

    Raises:
        InputError: Too few rows, a time that is not whole steps before the last one, or a series
            of which more than a quarter is missing.
    """
    on_grid = table if table.times is None else _on_grid(table, rows, step)
    found = len(on_grid.values)
    if found < rows:
        raise InputError(f"Received {found} rows; needed are at least {rows}.")
    values = on_grid.values[-rows:]
    times = None if on_grid.times is None else on_grid.times[-rows:]
    missing = ~np.isfinite(values)
    if not missing.any():
        return Table(times, table.names, values), 0
    share = missing.mean(axis=0)
    if share.max() > MOST:
        worst = int(share.argmax())
        raise InputError(
            f"Column {table.names[worst]!r}: {missing[:, worst].sum()} of the last {rows} steps "
            f"have no value; at most {int(MOST * rows)} can be filled in."
        )
    return Table(times, table.names, _filled(values, missing)), int(missing.sum())


def _on_grid(table: Table, rows: int, step: int) -> Table:
    """The rows of at most so many last steps, one a step."""
    assert table.times is not None
    before = (table.times[-1] - table.times).astype(np.int64)  # seconds
    last = before[-rows:]
    if len(last) > 1 and (last[:-1] - last[1:]).min() > step:  # a step of another length
        raise _not_one_step(table.times[-2:], step)
    kept = before < rows * step
    before, values, times = before[kept], table.values[kept], table.times[kept]
    odd = np.flatnonzero(before % step)
    if len(odd):
        raise _not_one_step(times[odd[-1] : odd[-1] + 2], step)
    # Where there are rows before these, the first of them may be missing too.
    count = before[0] // step + 1 if kept.all() else rows
    grid = np.full((count, values.shape[1]), np.nan)
    grid[count - 1 - before // step] = values
    since = np.arange(1 - count, 1) * np.timedelta64(step, "s")
    return Table(times[-1] + since, table.names, grid)


def _not_one_step(times: np.ndarray, step: int) -> InputError:
    between = show_duration(int((times[1] - times[0]).astype(np.int64)))
    return InputError(
        f"From {show_time(times[0])} to {show_time(times[1])} are {between}; needed is one row "
        f"every {show_duration(step)}."
    )


def _filled(values: np.ndarray, missing: np.ndarray) -> np.ndarray:
    filled, steps = values.copy(), np.arange(len(values))
    for column, without in enumerate(missing.T):
        known = ~without
        filled[without, column] = np.interp(steps[without], steps[known], values[known, column])
    return filled
