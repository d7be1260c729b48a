"""JSB chorales: Bach's chorales in quarter notes, 229, 76 and 77 pieces."""

from __future__ import annotations

from pathlib import Path

from zoo.datasets._piano_rolls import PianoRolls, read_rolls


def read(folder: Path) -> PianoRolls:
    """Reads `JSB_Chorales.mat`; see `read_rolls`."""
    return read_rolls(folder, "JSB_Chorales.mat")
