"""Speech laid out on a line with pauses, and noise under it: mixtures made of clean recordings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.processing.activity import STEP, speaking

_DEPTH = 0.1  # a quiet stretch of a noise counts as this share of the whole noise's power at least


@dataclass(frozen=True)
class Placed:
    """Where a clip lies on a line: its number, its first sample there and its length."""

    clip: int
    start: int
    length: int


def laid_out(
    draw: Callable[[], tuple[int, np.ndarray]],
    samples: int,
    pauses: tuple[int, int],
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[Placed]]:
    """Clips one after the other with pauses of digital silence before each.

    Args:
        draw: Gives the next clip: its number and its float samples.
        samples: Length of the line; no clip goes beyond its end.
        pauses: Shortest and longest pause, in samples.
        rng: Draws the pauses.

    Returns:
        float32 (samples,), and where the clips lie; perhaps there are none.
    """
    line, placed = np.zeros(samples, np.float32), list[Placed]()
    place = int(rng.integers(pauses[0], pauses[1] + 1))
    while True:
        number, clip = draw()
        if place + len(clip) > samples:
            return line, placed
        line[place : place + len(clip)] = clip
        placed.append(Placed(number, place, len(clip)))
        place += len(clip) + int(rng.integers(pauses[0], pauses[1] + 1))


class NoiseMaker:
    """Draws stretches of recorded noise, alone or two at once, and of made noise.

    Args:
        noises: Name -> float32 (samples,); there may be none where all is made.
        made: Share of the stretches that are made: coloured noise that swells, see `made_noise`.
    """

    def __init__(self, noises: Mapping[str, np.ndarray], made: float = 0.0) -> None:
        self._made = made if noises else 1.0
        self._noises = [noises[name] for name in sorted(noises)]
        self._powers = [float(np.square(noise, dtype=np.float64).mean()) for noise in self._noises]

    def draw(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        """A stretch of power one, float32 (samples,); one in three is a blend of two noises.

        A stretch that is quieter than a tenth of its whole noise stays quieter.
        """
        stretch = self._one(samples, rng)
        if rng.random() < 1 / 3:
            share = rng.uniform(0.1, 0.9)
            other = self._one(samples, rng)
            stretch = np.sqrt(share) * stretch + np.sqrt(1 - share) * other
        return np.asarray(stretch, np.float32)

    def _one(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        if self._made and rng.random() < self._made:
            return made_noise(samples, rng)
        place = int(rng.integers(len(self._noises)))
        noise, whole = self._noises[place], self._powers[place]
        start = int(rng.integers(len(noise)))
        stretch = np.take(noise, np.arange(start, start + samples), mode="wrap")
        power = float(np.square(stretch, dtype=np.float64).mean())
        return np.asarray(stretch / np.sqrt(max(power, _DEPTH * whole, 1e-12)), np.float32)


def made_noise(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise of power one with a random tilt and a random hump, that swells at random.

    Returns:
        float32 (samples,).
    """
    length = samples + samples % 2
    place = np.linspace(0.01, 1, length // 2 + 1)
    hump = rng.uniform(0, 3) * np.exp(-(((place - rng.random()) / rng.uniform(0.02, 0.3)) ** 2))
    spectrum = rng.standard_normal((2, len(place))) * place ** -rng.uniform(-0.3, 1.0) * (1 + hump)
    noise = np.fft.irfft(spectrum[0] + 1j * spectrum[1], length)[:samples]
    depth, waves, phase = rng.uniform(0, 0.9), rng.uniform(0.5, 12), rng.uniform(0, 2 * np.pi)
    noise *= 1 + depth * np.sin(2 * np.pi * waves * np.arange(samples) / samples + phase)
    return np.asarray(noise / np.sqrt(np.square(noise).mean()), np.float32)


def with_noise(speech: np.ndarray, noise: np.ndarray, decibels: float) -> np.ndarray:
    """Speech with noise so many decibels under it, both over the whole length.

    Args:
        speech: Float samples (samples,).
        noise: The same of power one.
        decibels: 10 log10 of the power of the speech over that of the noise.
    """
    power = float(np.square(speech, dtype=np.float64).mean())
    return np.asarray(speech + noise * np.sqrt(power * 10 ** (-decibels / 10)), np.float32)


def at_level(waveform: np.ndarray, decibels: float) -> np.ndarray:
    """The waveform with its power, over the whole length, at so many dB of full scale."""
    power = max(float(np.square(waveform, dtype=np.float64).mean()), 1e-12)
    return np.asarray(waveform * np.sqrt(10 ** (decibels / 10) / power), np.float32)


def shares_of_frames(active: np.ndarray, hop: int, length: int, frames: int) -> np.ndarray:
    """How much of each frame is active, float (frames,).

    Args:
        active: bool (samples,).
        hop: Samples from frame to frame.
        length: Samples of a frame.
        frames: How many; what lies beyond the samples is not active.
    """
    sums = np.concatenate([[0], np.cumsum(active)])
    starts = np.arange(frames) * hop
    ends = np.minimum(starts + length, len(active))
    return np.asarray((sums[ends] - sums[np.minimum(starts, len(active))]) / length)


class SpeechMixtures:
    """Draws stretches of speech and pauses with noise, and says where the speech is.

    A stretch has clips of one group only, as a recording has one source.

    Args:
        waveforms: Clean clips, float32 (samples,) each.
        groups: Name of the group of each (clips,); every group is drawn equally often.
        noises: Name -> float32 (samples,).
        rate: Sampling rate of all, in Hz.
        seconds: Length of a stretch.
        pauses: Shortest and longest pause before a clip, in seconds.
    """

    def __init__(
        self,
        waveforms: Sequence[np.ndarray],
        groups: Sequence[str],
        noises: Mapping[str, np.ndarray],
        rate: int,
        seconds: float,
        pauses: tuple[float, float],
    ) -> None:
        self.groups = tuple(sorted(set(groups)))
        self._waveforms = waveforms
        self._places = [np.flatnonzero(np.asarray(groups) == name) for name in self.groups]
        self._noises = NoiseMaker(noises)
        self._rate = rate
        self._samples = round(seconds * rate)
        self._pauses = round(pauses[0] * rate), round(pauses[1] * rate)
        self._active: dict[int, np.ndarray] = {}

    def draw(
        self, group: int, decibels: float, level: float, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """One stretch.

        Args:
            group: Place of the group in `groups`.
            decibels: Level of the speech over that of the noise, over the whole stretch.
            level: Of the sum, in dB of full scale.
            rng: Decides the rest.

        Returns:
            float32 (samples,), and where the clean speech is active, bool (samples,).
        """
        places = self._places[group]

        def one() -> tuple[int, np.ndarray]:
            clip = int(rng.choice(places))
            return clip, at_level(self._waveforms[clip], 0.0)

        speech, placed = laid_out(one, self._samples, self._pauses, rng)
        active = np.zeros(self._samples, bool)
        for item in placed:
            active[item.start : item.start + item.length] = self.active(item.clip)
        noise = self._noises.draw(self._samples, rng)
        mixture = with_noise(speech, noise, decibels) if placed else noise
        return at_level(mixture, level), active

    def active(self, clip: int) -> np.ndarray:
        """Where a clip speaks, bool (samples,)."""
        if clip not in self._active:
            waveform = self._waveforms[clip]
            steps = speaking(waveform, self._rate)
            self._active[clip] = np.repeat(steps, round(STEP * self._rate))[: len(waveform)]
        return self._active[clip]
