"""The Free Spoken Digit Dataset: ten digits, six speakers, fifty takes, 8 kHz.

Source: github.com/Jakobovski/free-spoken-digit-dataset, CC BY-SA 4.0, Zohar Jackson et al.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zoo.datasets._clips import cut, read_flac, read_index
from zoo.errors import DataError

AUDIO = "fsdd_8k.flac"
COLUMNS = ("digit", "speaker", "take", "split", "start", "length")


@dataclass(frozen=True)
class Recordings:
    """Labelled clips of known speakers; every field but the last two has one entry a clip.

    Attributes:
        waveforms: float32 (samples,) each, in [-1, 1].
        labels: int32 (clips,), positions in `label_names`.
        speakers: Speaker names (clips,).
        takes: int32 (clips,), the how-manieth time the speaker says this word, from 0.
        splits: "train", "validation" or "test" (clips,).
        label_names: One name a class.
        sampling_rate: In Hz.
    """

    waveforms: tuple[np.ndarray, ...]
    labels: np.ndarray
    speakers: np.ndarray
    takes: np.ndarray
    splits: np.ndarray
    label_names: tuple[str, ...]
    sampling_rate: int

    def __len__(self) -> int:
        return len(self.waveforms)

    def where(self, chosen: np.ndarray) -> Recordings:
        """The clips where bool (clips,) `chosen` is true."""
        return replace(
            self,
            waveforms=tuple(w for w, keep in zip(self.waveforms, chosen, strict=True) if keep),
            labels=self.labels[chosen],
            speakers=self.speakers[chosen],
            takes=self.takes[chosen],
            splits=self.splits[chosen],
        )


def read(folder: Path) -> Recordings:
    """Reads all 3,000 recordings.

    Args:
        folder: Holds `fsdd_8k.flac`, all clips one after the other, and `index.csv`, whose columns
            are file, digit, speaker, take, split, start and length in samples.

    Raises:
        DataError: A file is missing or damaged.
        MissingExtraError: The extra [audio] is not installed.
    """
    audio, rate = read_flac(folder / AUDIO)
    rows = read_index(folder, COLUMNS)
    try:
        return Recordings(
            waveforms=tuple(cut(audio, rows, folder / AUDIO)),
            labels=np.array([int(row["digit"]) for row in rows], np.int32),
            speakers=np.array([row["speaker"] for row in rows]),
            takes=np.array([int(row["take"]) for row in rows], np.int32),
            splits=np.array([row["split"] for row in rows]),
            label_names=tuple("0123456789"),
            sampling_rate=rate,
        )
    except (TypeError, ValueError) as error:
        raise DataError(f"{folder} is damaged: {error!r}; fetch fsdd again.") from None
