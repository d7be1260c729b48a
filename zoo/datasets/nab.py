"""The Numenta Anomaly Benchmark 1.1: 58 series, and windows around their anomalies (MIT).

Source: github.com/numenta/NAB. Lavin & Ahmad 2015, arXiv 1510.03336.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import DataError

ARCHIVE = "nab_data_labels.tar.gz"


@dataclass(frozen=True)
class Watched:
    """One metric over time, and when it was out of the ordinary.

    Attributes:
        times: datetime64[s] (rows,).
        values: float64 (rows,).
        windows: First and last row of each stretch around an anomaly, in order.
    """

    times: np.ndarray
    values: np.ndarray
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Benchmark:
    """All series, and what one detector of the board made of them.

    Attributes:
        series: "group/file" -> series.
        gaussian: Series -> the published scores of the detector Windowed Gaussian, float64 (rows,).
        board: Detector -> profile -> published score.
    """

    series: dict[str, Watched]
    gaussian: dict[str, np.ndarray]
    board: dict[str, dict[str, float]]


def read(folder: Path) -> Benchmark:
    """Reads `nab_data_labels.tar.gz`.

    Raises:
        DataError: The archive is missing or damaged.
    """
    path = folder / ARCHIVE
    try:
        with tarfile.open(path) as archive:
            files = {
                member.name.removeprefix("./"): archive.extractfile(member).read()  # type: ignore[union-attr]
                for member in archive
                if member.isfile()
            }
        windows = json.loads(files["labels/combined_windows.json"])
        scores = json.loads(gzip.decompress(files["windowedGaussian_scores.json.gz"]))
        return Benchmark(
            {name: _watched(files[f"data/{name}"], windows[name]) for name in windows},
            {name: np.array(scores[name], float) for name in windows},
            json.loads(files["results/final_results.json"]),
        )
    except (OSError, EOFError, tarfile.TarError, KeyError, ValueError, IndexError) as error:
        raise DataError(f"{path} is missing or damaged: {error!r}.") from None


def _watched(file: bytes, windows: list[list[str]]) -> Watched:
    rows = list(csv.reader(io.StringIO(file.decode())))[1:]
    times = np.array([time for time, _ in rows], "datetime64[s]")
    places = [
        (int(np.flatnonzero(times == start)[0]), int(np.flatnonzero(times == end)[-1]))
        for start, end in (np.array(pair, "datetime64[s]") for pair in windows)
    ]
    return Watched(times, np.array([value for _, value in rows], float), tuple(places))
