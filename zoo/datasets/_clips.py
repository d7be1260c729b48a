"""Clips that lie one after the other in one FLAC file, and the index that says where."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import DataError, MissingExtraError

Rows = list[dict[str, str]]


def read_index(folder: Path, columns: Sequence[str]) -> Rows:
    """The rows of `index.csv`, one a clip.

    Args:
        folder: That of the data set.
        columns: What each row must have.

    Raises:
        DataError: The file is missing, has no rows or lacks a column.
    """
    path = folder / "index.csv"
    if not path.is_file():
        raise DataError(f"{path} is missing; {folder.name} needs it beside its FLAC files.")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    missing = [name for name in columns if not rows or rows[0].get(name) is None]
    if missing:
        raise DataError(f"{path} has no {missing[0]!r} of clips; fetch {folder.name} again.")
    return rows


def read_flac(path: Path) -> tuple[np.ndarray, int]:
    """All samples of a file of one channel, float32 (samples,), and their rate in Hz.

    Raises:
        DataError: The file is missing or damaged.
        MissingExtraError: The extra [audio] is not installed.
    """
    try:
        import soundfile
    except ImportError:
        raise MissingExtraError("audio", "Reading FLAC files") from None
    if not path.is_file():
        raise DataError(f"{path} is missing; fetch {path.parent.name} again.")
    try:
        return soundfile.read(path, dtype="float32")  # type: ignore[no-any-return]
    except soundfile.LibsndfileError as error:
        raise DataError(f"{path} is damaged: {error}") from None


def cut(audio: np.ndarray, rows: Rows, path: Path) -> list[np.ndarray]:
    """The clips of a file, float32 (samples,) each, at the `start` and `length` of its rows.

    Raises:
        DataError: A row is not a place within the file.
    """
    try:
        places = [(int(row["start"]), int(row["length"])) for row in rows]
    except (TypeError, ValueError) as error:  # a short row has None
        raise DataError(f"The index of {path} is damaged: {error}.") from None
    if any(start < 0 or length < 1 or start + length > len(audio) for start, length in places):
        raise DataError(f"{path} has {len(audio)} samples, fewer than its index says.")
    return [audio[start : start + length] for start, length in places]
