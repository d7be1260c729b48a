"""The hourly series of the M4 competition (Makridakis, Spiliotis and Assimakopoulos 2020)."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np

from zoo.errors import DataError
from zoo.processing.series_set import SeriesSet

HORIZON = 48  # the official test part
HOUR = 3600


def read(folder: Path) -> SeriesSet:
    """Reads `Hourly-train.csv.gz` and `Hourly-test.csv.gz`.

    The test part of each series are the official 48 steps; the 48 before them validate.

    Raises:
        DataError: a file is missing or damaged, or the two do not hold the same series.
    """
    learned = _rows(folder / "Hourly-train.csv.gz")
    tested = _rows(folder / "Hourly-test.csv.gz")
    odd = sorted(learned.keys() ^ tested.keys())
    if odd:
        raise DataError(f"{folder}: the series {odd[0]!r} stands in one of the two files only.")
    for name in learned:
        if len(tested[name]) != HORIZON or len(learned[name]) <= HORIZON:
            raise DataError(
                f"{folder}: the series {name!r} has {len(learned[name])} values and "
                f"{len(tested[name])} to forecast; needed are more than {HORIZON} and {HORIZON}."
            )
    values = tuple(np.concatenate([learned[name], tested[name]]) for name in learned)
    borders = tuple((len(x) - 2 * HORIZON, len(x) - HORIZON, len(x)) for x in values)
    return SeriesSet(tuple(learned), values, borders, HOUR)


def _rows(path: Path) -> dict[str, np.ndarray]:
    """Values by name of the series; rows end where empty cells begin."""
    try:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = csv.reader(file)
            next(rows)  # V1, V2, …
            found = {row[0]: np.array([float(x) for x in row[1:] if x]) for row in rows}
    except (OSError, EOFError, UnicodeDecodeError, ValueError, IndexError, csv.Error) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    except StopIteration:
        raise DataError(f"{path} is empty.") from None
    if not found or not all(np.isfinite(x).all() for x in found.values()):
        raise DataError(f"{path} holds no series, or values that are not numbers.")
    return found
