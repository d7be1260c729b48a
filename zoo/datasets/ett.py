"""ETT: loads and oil temperature of electricity transformers (Zhou et al. 2021, Informer)."""

from __future__ import annotations

import gzip
from functools import partial
from pathlib import Path

from zoo.errors import DataError, InputError
from zoo.processing.series import SeriesData, Tables
from zoo.processing.tables import read_csv, read_table

NAMES = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
# The files call the loads unitless and the oil temperature (OT) degrees Celsius.
UNITS = ("load", "load", "load", "load", "load", "load", "°C")
# Rows an hour of each table; the customary borders are 12, 4 and 4 months of 30 days.
TABLES = {"ETTh1": 1, "ETTh2": 1, "ETTm1": 4}
MONTH = 30 * 24


def read(folder: Path) -> Tables:
    """The tables that are there: `NAME.csv.gz` or `NAME.csv`.

    Raises:
        DataError: no table is there.
    """
    files = {path.name.split(".")[0]: path for path in sorted(folder.glob("ETT*.csv*"))}
    readers = {name: partial(_read, files[name], TABLES[name]) for name in TABLES if name in files}
    if not readers:
        raise DataError(f"{folder}: needed is ETTh1.csv.gz or ETTh1.csv; no table is there.")
    return Tables(readers)


def _read(path: Path, rate: int) -> SeriesData:
    try:
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
        table = read_table(read_csv(text.splitlines()), NAMES, "date")
    except (OSError, EOFError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{path} is damaged: {error}") from None
    borders = (12 * MONTH * rate, 16 * MONTH * rate, 20 * MONTH * rate)
    if len(table.values) < borders[-1]:
        raise DataError(f"{path} has {len(table.values)} rows; needed are {borders[-1]}.")
    return SeriesData(table, "date", UNITS, 3600 // rate, borders)
