"""The naive way to find words: what is loud for a while, and the word whose mean is nearest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.processing.activity import STEP, decibels
from zoo.processing.audio import LogMel

_OVER = 10.0  # dB over the floor, the 10th percentile
_SHORTEST = 20  # steps of 10 ms
_MOST = 500  # clips of a word that its mean is taken of


class NearestWord:
    """Tells the words of a recording by energy and the nearest mean of mel vectors.

    Stretches of 0.2 s or more that are 10 dB over the recording's floor are taken for words. The
    vector of one is the mean of its log-mel bands with their own mean taken out.

    Args:
        config: Features.
        words: Those that are told.
        said: The word of each known clip (clips,); other words are told as nothing.
        waveforms: The clips, float32 (samples,) each.
    """

    def __init__(
        self,
        config: LogMel,
        words: Sequence[str],
        said: np.ndarray,
        waveforms: Sequence[np.ndarray],
    ) -> None:
        self._config = config
        self._names = [*words, None]
        places = [np.flatnonzero(said == word) for word in words]
        places.append(np.flatnonzero(~np.isin(said, words)))
        self._means = [
            np.mean([self._vector(waveforms[n]) for n in found[:_MOST]], axis=0)
            if len(found)
            else np.inf
            for found in places
        ]

    def told(self, waveforms: Sequence[np.ndarray]) -> list[list[str]]:
        """The words of each waveform, in their order."""
        return [self._words(waveform) for waveform in waveforms]

    def _words(self, waveform: np.ndarray) -> list[str]:
        found = []
        for start, end in loud_stretches(waveform, self._config.sampling_rate):
            vector = self._vector(waveform[start:end])
            distances = [float(np.square(vector - mean).sum()) for mean in self._means]
            name = self._names[int(np.argmin(distances))]
            found += [name] if name else []
        return found

    def _vector(self, waveform: np.ndarray) -> np.ndarray:
        mean = self._config(waveform).mean(axis=0)
        return np.asarray(mean - mean.mean())


def loud_stretches(waveform: np.ndarray, rate: int) -> list[tuple[int, int]]:
    """First sample and end of each stretch of 0.2 s or more that is 10 dB over the floor."""
    step = round(STEP * rate)
    levels = decibels(waveform, step)
    floor = np.percentile(levels, 10)
    edges = np.flatnonzero(np.diff(np.pad(levels > floor + _OVER, 1).astype(int)))
    pairs = edges.reshape(-1, 2).tolist()
    return [(a * step, b * step) for a, b in pairs if b - a >= _SHORTEST]
