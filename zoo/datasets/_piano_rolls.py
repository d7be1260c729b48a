"""Piano rolls in the form of Boulanger-Lewandowski et al. 2012 (arXiv 1206.6392)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import DataError, MissingExtraError

KEYS = 88
PARTS = {"train": "traindata", "validation": "validdata", "test": "testdata"}


@dataclass(frozen=True, eq=False)
class PianoRolls:
    """Pieces by part: each uint8 (frames, 88) of 0 and 1, the lowest key (A0) first."""

    parts: Mapping[str, Sequence[np.ndarray]]

    def seen(self, part: str) -> np.ndarray:
        """Which pieces of a part are also in the training part, bool (pieces,)."""
        known = {piece.tobytes() for piece in self.parts["train"]}
        return np.array([piece.tobytes() in known for piece in self.parts[part]])


def read_rolls(folder: Path, name: str) -> PianoRolls:
    """Reads the file `name`, a MATLAB file of three arrays of piano rolls.

    Raises:
        DataError: It is not there or damaged.
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError:
        raise MissingExtraError("music", "Reading MATLAB files of piano rolls") from None
    path = folder / name
    if not path.is_file():
        raise DataError(f"{folder}: needed is {name}.")
    try:
        file = loadmat(path)
        parts = {
            part: [np.asarray(p, np.uint8) for p in file[key][0]] for part, key in PARTS.items()
        }
    except (OSError, ValueError, TypeError, KeyError, IndexError, MatReadError) as error:
        raise DataError(f"{path} is damaged: {error}") from None
    for part, pieces in parts.items():
        if not pieces or any(p.ndim != 2 or p.shape[1] != KEYS or len(p) < 2 for p in pieces):
            raise DataError(f"{path} is damaged: {part} holds no rolls of {KEYS} keys.")
    return PianoRolls(parts)
