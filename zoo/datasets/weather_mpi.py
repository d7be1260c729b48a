"""The weather benchmark: 21 variables every 10 minutes of 2020, Jena (Autoformer's table)."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from zoo.errors import DataError, InputError
from zoo.processing.series import SeriesData, Tables
from zoo.processing.tables import Table, read_csv, read_rows

TIME, STEP, UNMEASURED = "date", 600, -9999.0
# The file's own headings, whose unit signs were lost, are "name (unit)"; the last is CO2.
UNITS = {
    "p": "mbar",
    "T": "°C",
    "Tpot": "K",
    "Tdew": "°C",
    "rh": "%",
    "VPmax": "mbar",
    "VPact": "mbar",
    "VPdef": "mbar",
    "sh": "g/kg",
    "H2OC": "mmol/mol",
    "rho": "g/m³",
    "wv": "m/s",
    "max. wv": "m/s",
    "wd": "°",
    "rain": "mm",
    "raining": "s",
    "SWDR": "W/m²",
    "PAR": "µmol/m²/s",
    "max. PAR": "µmol/m²/s",
    "Tlog": "°C",
    "OT": "ppm",
}


def read(folder: Path) -> Tables:
    """Reads `weather.csv.gz` or `weather.csv`: the table "weather", 21 series.

    -9999 marks what was not measured (81 cells, all in the training part) and becomes NaN.
    Published results keep the marks, and so divide the errors of three series by deviations of
    31, 1.1 and 21 times their own: those are in `published_stds`. A time stamp that comes twice
    and a gap of 100 minutes are published as they are, rows as steps: the table has no times. The
    last 20 % are the test part, the 10 % before them the validation part.

    Raises:
        DataError: the file is not there or damaged.
    """
    paths = [folder / name for name in ("weather.csv.gz", "weather.csv")]
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        raise DataError(f"{folder}: needed is weather.csv.gz or weather.csv.")
    try:
        packed = path.read_bytes()
        text = (gzip.decompress(packed) if path.suffix == ".gz" else packed).decode("utf-8")
        columns = {head.split(" (")[0]: c for head, c in read_csv(text.splitlines()).items()}
        marked = read_rows(columns, tuple(UNITS))
    except (OSError, EOFError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{path} is damaged: {error}") from None
    rows = len(marked)
    borders = (int(rows * 0.7), rows - int(rows * 0.2), rows)
    values = np.where(marked == UNMEASURED, np.nan, marked)
    published = tuple(marked[: borders[0]].std(axis=0).tolist())
    table = Table(None, tuple(UNITS), values)
    data = SeriesData(table, TIME, tuple(UNITS.values()), STEP, borders, published)
    return Tables({"weather": lambda: data})
