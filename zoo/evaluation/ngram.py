"""An interpolated n-gram model, the naive baseline of language models."""

from __future__ import annotations

import numpy as np


class Ngram:
    """Witten-Bell interpolation of all orders up to n (Witten and Bell 1991, method C).

    p(c | h) = (count(h c) + t(h) p(c | shorter h)) / (count(h) + t(h)), where t(h) is the number
    of different symbols seen after h; the shortest order falls back to the uniform distribution.

    Args:
        codes: int of shape (symbols,), to count.
        order: n; 1 is the unigram model.
        size: Size of the vocabulary.
    """

    def __init__(self, codes: np.ndarray, order: int, size: int) -> None:
        self.order = order
        self.size = size
        self._tables = [self._count(codes, n) for n in range(1, order + 1)]

    def losses(self, codes: np.ndarray) -> np.ndarray:
        """Loss in nats of every symbol but the first, each given those before it.

        Args:
            codes: int of shape (symbols,).

        Returns:
            float64 of shape (symbols - 1,).
        """
        p = np.full(len(codes), 1 / self.size)
        for n, (grams, gram_counts, contexts, totals, kinds) in enumerate(self._tables, start=1):
            keys = self._keys(codes, n)
            seen = _look_up(grams, gram_counts, keys)
            total = _look_up(contexts, totals, keys // self.size)
            kind = _look_up(contexts, kinds, keys // self.size)
            known = total > 0
            tail = p[n - 1 :]
            tail[known] = ((seen + kind * tail) / np.maximum(total + kind, 1))[known]
        return np.asarray(-np.log(p[1:]))

    def _count(self, codes: np.ndarray, n: int) -> tuple[np.ndarray, ...]:
        grams, counts = np.unique(self._keys(codes, n), return_counts=True)
        contexts, first = np.unique(grams // self.size, return_index=True)
        totals = np.add.reduceat(counts, first)
        kinds = np.diff(np.append(first, len(grams)))
        return grams, counts, contexts, totals, kinds

    def _keys(self, codes: np.ndarray, n: int) -> np.ndarray:
        """Each run of n codes as one number, the last code least."""
        keys = np.zeros(max(0, len(codes) - n + 1), dtype=np.int64)
        for i in range(n):
            keys = keys * self.size + codes[i : len(codes) - n + 1 + i]
        return keys


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, values[places], 0)
