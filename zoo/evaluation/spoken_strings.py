"""Strings of recordings to judge a transcription on, and how a network hears many at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.datasets._utterances import Utterances
from zoo.processing.mixtures import NoiseMaker, at_level, with_noise
from zoo.processing.strings import String, StringMaker
from zoo.tasks import Run
from zoo.tasks.transcription import Transcription

SPEED = 0.1  # share by which a recording is faster or slower at most
SEED = 2026
_MOST = 200  # strings
_LEVELS = (-45.0, -15.0)  # dB of full scale
_BATCH = 50
Words = tuple[str, ...]
Times = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Spoken:
    """What is judged on.

    Attributes:
        waveform: float32 (samples,).
        words: What is said.
        times: Start and end of each word in seconds; empty where they are not known.
    """

    waveform: np.ndarray
    words: Words
    times: Times


def made(data: Utterances, part: str, decibels: int | None) -> list[Spoken]:
    """The strings of a part, the same each time: two for each three recordings, at most 200.

    Args:
        data: What they are made of. Recordings that are not joined are heard as they are.
        part: "train", "validation" or "test".
        decibels: Level of a string over the noise, over the whole string; None for no noise.

    Raises:
        DataError: The part is empty.
    """
    chosen, rate = data.part(part), data.sampling_rate
    if chosen.joined == (1, 1):
        pairs = zip(chosen.waveforms, chosen.words, strict=True)
        return [Spoken(waveform, words, ()) for waveform, words in pairs]
    maker = StringMaker(chosen.waveforms, chosen.speakers.tolist(), rate, chosen.joined, SPEED)
    noises = NoiseMaker(chosen.noises.get(part, {}))
    strings = []
    for number in range(min(_MOST, -(-2 * len(chosen) // 3))):
        rng = np.random.default_rng([SEED, 0 if decibels is None else decibels, number])
        string = maker.draw(rng)
        waveform = string.waveform
        if decibels is not None:
            waveform = with_noise(waveform, noises.draw(len(waveform), rng), decibels)
        waveform = at_level(waveform, rng.uniform(*_LEVELS))
        words = tuple(word for item in string.placed for word in chosen.words[item.clip])
        strings.append(Spoken(waveform, words, _times(string, len(words), rate)))
    return strings


def _times(string: String, words: int, rate: int) -> Times:
    """Where each word speaks, if each is a recording of its own."""
    if words != len(string.placed):
        return ()
    found = []
    for item in string.placed:
        spoken = item.start + np.flatnonzero(string.active[item.start : item.start + item.length])
        if not len(spoken):
            return ()
        found.append((float(spoken[0] / rate), float((spoken[-1] + 1) / rate)))
    return tuple(found)


def heard(task: Transcription, run: Run, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Probabilities of each waveform, (frames, classes); those of like length run together.

    The network is causal, so that silence after the end of one changes nothing before.
    """
    raw, frames, rate = task.frontend.around(run), task.decisions.frames, task.config.sampling_rate
    found: dict[int, np.ndarray] = {}
    order = sorted(range(len(waveforms)), key=lambda number: len(waveforms[number]))
    for start in range(0, len(order), _BATCH):
        numbers = order[start : start + _BATCH]
        longest = -(-len(waveforms[numbers[-1]]) // rate) * rate  # whole seconds: few shapes
        rows = [np.pad(waveforms[x], (0, longest - len(waveforms[x]))) for x in numbers]
        shares = raw({"waveform": np.stack([frames.padded(row) for row in rows])})["probabilities"]
        for number, row in zip(numbers, shares, strict=True):
            found[number] = row[: frames.count(len(waveforms[number]))]
    return [found[number] for number in range(len(waveforms))]
