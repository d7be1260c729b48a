"""The nearest neighbour under dynamic time warping, the naive baseline of sequence classifiers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


class NearestWarped:
    """Finds the sequence that is nearest when both may be stretched in time.

    The distance is the smallest sum of squared distances of paired steps, over all monotone
    pairings that begin with the first and end with the last steps, all features moved together
    (DTW_D of Shokoohi-Yekta et al. 2017); no window.

    Args:
        sequences: Where to look, (time, features) each; at least one.
    """

    def __init__(self, sequences: Sequence[np.ndarray]) -> None:
        self._lengths = np.array([len(sequence) for sequence in sequences])
        self._known = np.zeros((len(sequences), self._lengths.max(), sequences[0].shape[1]))
        for row, sequence in zip(self._known, sequences, strict=True):
            row[: len(sequence)] = sequence

    def distances(self, sequence: np.ndarray) -> np.ndarray:
        """Distance of a sequence (time, features) to each known one, float64 (sequences,)."""
        costs = np.square(self._known[:, None] - sequence[None, :, None]).sum(axis=-1)
        best = np.full((len(self._known), self._known.shape[1] + 1), np.inf)
        best[:, 0] = 0
        for step in range(len(sequence)):
            before, best = best, np.full_like(best, np.inf)
            diagonal = np.minimum(before[:, :-1], before[:, 1:])
            for place in range(self._known.shape[1]):
                shortest = np.minimum(diagonal[:, place], best[:, place])
                best[:, place + 1] = costs[:, step, place] + shortest
        return np.asarray(best[np.arange(len(best)), self._lengths])

    def find(self, sequence: np.ndarray) -> int:
        """The place of the nearest sequence, the first of equally near ones."""
        return int(self.distances(sequence).argmin())
