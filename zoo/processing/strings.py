"""Recordings of one speaker laid out one after the other: a string of words, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.processing.activity import STEP, speaking
from zoo.processing.mixtures import Placed, at_level

PAUSES = (0.05, 0.4)  # seconds before, between and after recordings
_LEVELS = (-3.0, 3.0)  # dB of one recording over the others


@dataclass(frozen=True)
class String:
    """What is said, without noise.

    Attributes:
        waveform: float32 (samples,), each recording with a power of about one.
        active: Where it speaks, bool (samples,).
        placed: The recordings in it.
    """

    waveform: np.ndarray
    active: np.ndarray
    placed: tuple[Placed, ...]


class StringMaker:
    """Draws strings of recordings.

    Args:
        waveforms: Clean recordings, float32 (samples,) each.
        speakers: Who speaks in each; those of a string are of one speaker.
        rate: Their sampling rate in Hz.
        joined: Fewest and most recordings in a string.
        speed: Each recording is played faster or slower by up to this share.
    """

    def __init__(
        self,
        waveforms: Sequence[np.ndarray],
        speakers: Sequence[str],
        rate: int,
        joined: tuple[int, int],
        speed: float,
    ) -> None:
        self._waveforms = waveforms
        names = np.asarray(speakers)
        self._places = [np.flatnonzero(names == name) for name in sorted(set(names.tolist()))]
        self._pauses = round(PAUSES[0] * rate), round(PAUSES[1] * rate)
        self._joined = joined
        self._speed = np.log1p(speed)
        self._rate = rate
        self._active: dict[int, np.ndarray] = {}

    def draw(self, rng: np.random.Generator, most: int | None = None) -> String:
        """One string.

        Args:
            rng: Decides all.
            most: Samples of the line. What does not fit is left out, and what is free at its end
                is silent. Left out, the line ends with a pause after the last recording.
        """
        places = self._places[rng.integers(len(self._places))]
        count = int(rng.integers(self._joined[0], self._joined[1] + 1))
        placed, pieces = list[Placed](), list[tuple[np.ndarray, np.ndarray]]()
        place = self._pause(rng)
        for _ in range(count):
            number = int(rng.choice(places))
            piece = self._retimed(number, rng)
            if most is not None and place + len(piece[0]) > most:
                break
            placed.append(Placed(number, place, len(piece[0])))
            pieces.append(piece)
            place += len(piece[0]) + self._pause(rng)
        line = np.zeros(place if most is None else most, np.float32)
        active = np.zeros(len(line), bool)
        for item, (waveform, spoken) in zip(placed, pieces, strict=True):
            line[item.start : item.start + item.length] = waveform
            active[item.start : item.start + item.length] = spoken
        return String(line, active, tuple(placed))

    def _pause(self, rng: np.random.Generator) -> int:
        return int(rng.integers(self._pauses[0], self._pauses[1] + 1))

    def _retimed(self, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A recording at another tempo, with a power near one, and where it speaks."""
        waveform = self._waveforms[number]
        if number not in self._active:
            steps = speaking(waveform, self._rate)
            self._active[number] = np.repeat(steps, round(STEP * self._rate))[: len(waveform)]
        places = np.arange(0, len(waveform) - 1, np.exp(rng.uniform(-self._speed, self._speed)))
        played = np.interp(places, np.arange(len(waveform)), waveform)
        return at_level(played, rng.uniform(*_LEVELS)), self._active[number][places.astype(int)]
