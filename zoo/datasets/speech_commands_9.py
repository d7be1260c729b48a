"""Nine command words of Google Speech Commands 0.01: 4,983 clips of 478 speakers, 16 kHz.

Source: arXiv 1804.03209 (P. Warden), CC BY 4.0; the words of it that
github.com/anshulgupta0803/isolated-speech-commands holds.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoo.datasets._clips import Rows, cut, read_flac, read_index
from zoo.datasets.fsdd import Recordings

_SPLITS = {"train": "train", "val": "validation", "test": "test"}


def read(folder: Path) -> Recordings:
    """Reads all clips.

    Args:
        folder: Holds a FLAC file a word and `index.csv`, whose columns are file, word, speaker,
            official_split, suggested_split (no speaker is in two parts), audio_file, start and
            length in samples.

    Raises:
        DataError: A file is missing or damaged.
        MissingExtraError: The extra [audio] is not installed.
    """
    columns = ("word", "speaker", "suggested_split", "audio_file", "start", "length")
    files: dict[str, Rows] = {}
    for row in read_index(folder, columns):
        files.setdefault(row["audio_file"], []).append(row)
    waveforms: list[np.ndarray] = []
    rate = 16_000
    for name, rows in files.items():
        audio, rate = read_flac(folder / name)
        waveforms += cut(audio, rows, folder / name)
    ordered = [row for rows in files.values() for row in rows]
    words = tuple(sorted({row["word"] for row in ordered}))
    return Recordings(
        waveforms=tuple(waveforms),
        labels=np.array([words.index(row["word"]) for row in ordered], np.int32),
        speakers=np.array([row["speaker"] for row in ordered]),
        takes=_takes(ordered),
        splits=np.array([_SPLITS[row["suggested_split"]] for row in ordered]),
        label_names=words,
        sampling_rate=rate,
    )


def _takes(rows: Rows) -> np.ndarray:
    """The how-manieth time the speaker says the word, int32 (clips,)."""
    seen: dict[tuple[str, str], int] = {}
    takes = []
    for row in rows:
        key = row["word"], row["speaker"]
        takes.append(seen.setdefault(key, 0))
        seen[key] += 1
    return np.array(takes, np.int32)
