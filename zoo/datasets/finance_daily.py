"""Daily prices: the S&P 500 from 2000 to April 2020."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from zoo.errors import DataError, InputError
from zoo.processing.series_set import SeriesSet
from zoo.processing.tables import read_csv, read_table

FILE = "sp500_daily_2000_2020.csv.gz"
TRAIN, VALIDATION = 0.7, 0.8  # shares of the days at which these parts end
DAY = 24 * 3600


def read(folder: Path) -> SeriesSet:
    """Reads the closing prices of `sp500_daily_2000_2020.csv.gz`, a step a trading day.

    In time order 70 % of the days train, 10 % validate and the last 20 % are the test part.

    Raises:
        DataError: the file is missing or damaged, or a price is not above 0.
    """
    path = folder / FILE
    try:
        lines = gzip.decompress(path.read_bytes()).decode("utf-8").splitlines()
        prices = read_table(read_csv(lines), ("close",), "date").values[:, 0]
    except (OSError, EOFError, UnicodeDecodeError, InputError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None
    if prices.min() <= 0:
        raise DataError(f"{path}: row {np.argmin(prices) + 1} has a price that is not above 0.")
    count = len(prices)
    borders = (int(count * TRAIN), int(count * VALIDATION), count)
    return SeriesSet(("S&P 500",), (prices,), (borders,), DAY)
