"""Recordings of digits to learn voices from, and the texts by which it is found out how well.

Nobody has to listen: networks that learned from the real recordings alone say what they hear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.datasets import spread
from zoo.datasets.fsdd import Recordings

SOURCES = ("fsdd",)
DIGITS, STRINGS = 500, 200
_LONGEST = 8  # digits of a string
_SEEDS = {"test": 10_000, "validation": 50_000}  # the first seed of each part
_FEW = (60, 20)


@dataclass(frozen=True)
class Saying:
    """A text, who is to say it, and the seed by which."""

    text: str
    speaker: str
    seed: int


@dataclass(frozen=True)
class DigitsToSay:
    """Recordings, and texts in two kinds for each part.

    Attributes:
        recordings: Real ones, each of one digit.
        digits: Part -> single digits, all digits and speakers in turn.
        strings: Part -> 1 to 8 digits each, drawn.
    """

    recordings: Recordings
    digits: Mapping[str, tuple[Saying, ...]]
    strings: Mapping[str, tuple[Saying, ...]]

    def few(self) -> DigitsToSay:
        """A small part of the test texts, evenly spaced, and of the test recordings."""
        real = np.flatnonzero(self.recordings.splits == "test")
        kept = self.recordings.splits != "test"
        kept[spread(real, _FEW[0])] = True
        return replace(
            self,
            recordings=self.recordings.where(kept),
            digits={"test": spread(self.digits["test"], _FEW[0])},
            strings={"test": spread(self.strings["test"], _FEW[1])},
        )


def join(parts: Mapping[str, Any]) -> DigitsToSay:
    """Texts for the speakers of the recordings of SOURCES, by name."""
    recordings: Recordings = parts["fsdd"]
    speakers = sorted(set(recordings.speakers.tolist()))
    return DigitsToSay(
        recordings,
        {part: _digits(speakers, seed) for part, seed in _SEEDS.items()},
        {part: _strings(speakers, seed) for part, seed in _SEEDS.items()},
    )


def _digits(speakers: list[str], first: int) -> tuple[Saying, ...]:
    pairs = [(str(digit), speaker) for digit in range(10) for speaker in speakers]
    return tuple(Saying(*pairs[n % len(pairs)], first + n) for n in range(DIGITS))


def _strings(speakers: list[str], first: int) -> tuple[Saying, ...]:
    rng = np.random.default_rng(first)
    found = []
    for number in range(STRINGS):
        digits = rng.integers(0, 10, rng.integers(1, _LONGEST + 1))
        speaker = speakers[number % len(speakers)]
        found.append(Saying("".join(map(str, digits)), speaker, first + DIGITS + number))
    return tuple(found)
