"""Nottingham: folk tunes with chords in eighth notes, 694, 173 and 170 pieces."""

from __future__ import annotations

from pathlib import Path

from zoo.datasets._piano_rolls import PianoRolls, read_rolls


def read(folder: Path) -> PianoRolls:
    """Reads `Nottingham.mat`; see `read_rolls`."""
    return read_rolls(folder, "Nottingham.mat")
