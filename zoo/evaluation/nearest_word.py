"""The naive way to find words: what is loud for a while, and the word whose mean is nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.processing.activity import STEP, decibels
from zoo.processing.audio import LogMel
from zoo.tasks.keywords import Keywords

_OVER = 10.0  # dB over the floor, the 10th percentile
_SHORTEST = 20  # steps of 10 ms
_MOST = 500  # clips of a word that its mean is taken of


class NearestWord:
    """Tells the words of a recording by energy and the nearest mean of mel vectors.

    Stretches of 0.2 s or more that are 10 dB over the recording's floor are taken for words. The
    vector of one is the mean of its log-mel bands with their own mean taken out.

    Args:
        task: For its features and words.
        known: The clips that train.
    """

    def __init__(self, task: Keywords, known: VoicesInNoise) -> None:
        self._config: LogMel = task.config
        self._names = [*task.words, None]
        places = [np.flatnonzero(known.words == word) for word in task.words]
        places.append(np.flatnonzero(~np.isin(known.words, task.words)))
        self._means = [
            np.mean([self._vector(known.waveforms[n]) for n in found[:_MOST]], axis=0)
            if len(found)
            else np.inf
            for found in places
        ]

    def told(self, waveforms: Sequence[np.ndarray]) -> list[list[str]]:
        """The words of each waveform, in their order."""
        return [self._words(waveform) for waveform in waveforms]

    def _words(self, waveform: np.ndarray) -> list[str]:
        found = []
        step = round(STEP * self._config.sampling_rate)
        levels = decibels(waveform, step)
        floor = np.percentile(levels, 10)
        edges = np.flatnonzero(np.diff(np.pad(levels > floor + _OVER, 1).astype(int)))
        for start, end in edges.reshape(-1, 2).tolist():
            if end - start >= _SHORTEST:
                vector = self._vector(waveform[start * step : end * step])
                distances = [float(np.square(vector - mean).sum()) for mean in self._means]
                name = self._names[int(np.argmin(distances))]
                found += [name] if name else []
        return found

    def _vector(self, waveform: np.ndarray) -> np.ndarray:
        mean = self._config(waveform).mean(axis=0)
        return np.asarray(mean - mean.mean())
