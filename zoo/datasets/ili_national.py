"""ILINet: weekly US visits for influenza-like illness, from the CDC (public domain)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoo.errors import DataError, InputError
from zoo.processing.series import SeriesData, Tables
from zoo.processing.tables import Table, read_csv, read_table

TIME, SHARE, PATIENTS = "DATE", "% WEIGHTED ILI", "TOTAL PATIENTS"
WEEK = 7 * 24 * 3600


def read(folder: Path) -> Tables:
    """Reads `ILINet.csv`: the table "national", with one series, in percent of all visits.

    Up to 2002 nobody reported in summer: those weeks stand in the file as 0.0 of 0 patients and
    become NaN. Four times a January date jumps by two weeks; the reports go on week by week there
    (the dates were made from week numbers), so rows are weeks. The last 20 % of the weeks are the
    test part and the 10 % before them the validation part.

    Raises:
        DataError: the file is not there or damaged.
    """
    path = folder / "ILINet.csv"
    try:
        table = read_table(read_csv(path), (SHARE, PATIENTS), TIME)
    except InputError as error:
        raise DataError(f"{folder}: needed is ILINet.csv as the CDC has it: {error}") from None
    share, patients = table.values.T
    values = np.where(patients > 0, share, np.nan)[:, None]
    weeks = len(values)
    test = weeks - int(weeks * 0.2)
    borders = (test - int(weeks * 0.1), test, weeks)
    weekly = SeriesData(Table(table.times, (SHARE,), values), TIME, ("%",), WEEK, borders)
    return Tables({"national": lambda: weekly})
