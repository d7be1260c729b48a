"""619 spoken coffee orders of more than 50 speakers, 8 kHz, without transcripts.

Source: github.com/Picovoice/speech-to-intent-benchmark, Apache-2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.datasets._clips import cut, read_flac, read_index

_SPLITS = ("test", "validation", "train", "train", "train")


@dataclass(frozen=True)
class Orders:
    """Whole sentences; who says them is not known.

    Attributes:
        waveforms: float32 (samples,) each, in [-1, 1].
        splits: "train", "validation" or "test" (clips,): every fifth order, by id, tests, the next
            one validates. A speaker may be in all three.
        sampling_rate: In Hz.
    """

    waveforms: tuple[np.ndarray, ...]
    splits: np.ndarray
    sampling_rate: int

    def __len__(self) -> int:
        return len(self.waveforms)


def read(folder: Path) -> Orders:
    """Reads all orders.

    Args:
        folder: Holds `audio_8k.flac` and `index.csv`, whose columns are id, what was ordered,
            start and length in samples.

    Raises:
        DataError: A file is missing or damaged.
        MissingExtraError: The extra [audio] is not installed.
    """
    rows = sorted(read_index(folder, ("id", "start", "length")), key=lambda row: row["id"])
    path = folder / "audio_8k.flac"
    audio, rate = read_flac(path)
    return Orders(
        waveforms=tuple(cut(audio, rows, path)),
        splits=np.array([_SPLITS[place % len(_SPLITS)] for place in range(len(rows))]),
        sampling_rate=rate,
    )
