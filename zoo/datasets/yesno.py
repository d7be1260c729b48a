"""Sixty recordings of one person who says yes or no in Hebrew, eight words each, at 8 kHz.

Source: OpenSLR SLR1 (licence unclear). The first thirty files train; every fifth of them validates.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoo.datasets._clips import cut, read_flac, read_index
from zoo.datasets._utterances import Utterances

_VALIDATION = 5  # every so manieth file of the training part


def read(folder: Path) -> Utterances:
    """Reads all recordings.

    Args:
        folder: Holds `yesno_8k.flac`, all recordings one after the other, and `index.csv`, whose
            columns are file, transcript, start and length in samples, and split.

    Raises:
        DataError: A file is missing or damaged.
        MissingExtraError: The extra [audio] is not installed.
    """
    rows = read_index(folder, ("transcript", "start", "length", "split"))
    path = folder / "yesno_8k.flac"
    audio, rate = read_flac(path)
    splits = np.array([row["split"] for row in rows])
    trains = np.flatnonzero(splits == "train")
    splits = splits.astype("<U10")
    splits[trains[::_VALIDATION]] = "validation"
    return Utterances(
        waveforms=tuple(cut(audio, rows, path)),
        words=tuple(tuple(row["transcript"].lower().split()) for row in rows),
        speakers=np.full(len(rows), "one"),
        splits=splits,
        noises={},
        sampling_rate=rate,
        joined=(1, 1),
    )
