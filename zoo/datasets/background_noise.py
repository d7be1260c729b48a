"""The six noise recordings of Google Speech Commands, 60 to 95 s each, 16 kHz.

Source: arXiv 1804.03209 (P. Warden), CC BY 4.0. Pink and white noise are synthetic.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.datasets._clips import read_flac
from zoo.errors import DataError


@dataclass(frozen=True)
class Noises:
    """Noise by its name.

    Attributes:
        waveforms: Name -> float32 (samples,), in [-1, 1].
        sampling_rate: In Hz.
    """

    waveforms: dict[str, np.ndarray]
    sampling_rate: int

    def __len__(self) -> int:
        return len(self.waveforms)


def read(folder: Path) -> Noises:
    """Reads every FLAC file of the folder.

    Raises:
        DataError: There is none, one is damaged, or their rates differ.
        MissingExtraError: The extra [audio] is not installed.
    """
    found = {path.stem: read_flac(path) for path in sorted(folder.glob("*.flac"))}
    rates = sorted({rate for _, rate in found.values()})
    if len(rates) != 1:
        raise DataError(f"{folder} has FLAC files of the rates {rates}; needed are some of one.")
    return Noises({name: audio for name, (audio, _) in found.items()}, rates[0])
