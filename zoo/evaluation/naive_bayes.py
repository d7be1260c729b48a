"""Naive Bayes over character n-grams, the naive baseline of text classifiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np


class NaiveBayes:
    """Multinomial naive Bayes with additive smoothing over all n-grams of 1 to `order` characters.

    Texts are put between a start and an end mark, so that n-grams know the ends.

    Args:
        texts: What is counted.
        labels: int (texts,).
        classes: Number of classes.
        order: Most characters of an n-gram.
        smoothing: Added to each count.
        prior: Power of the class frequencies; 0 makes all classes equally likely beforehand.
    """

    def __init__(
        self,
        texts: Sequence[str],
        labels: np.ndarray,
        classes: int,
        order: int = 4,
        smoothing: float = 0.01,
        prior: float = 1.0,
    ) -> None:
        self.order = order
        grams = [self._grams(text) for text in texts]
        self._codes = {g: i for i, g in enumerate(sorted({g for row in grams for g in row}))}
        counts = np.full((classes, len(self._codes)), smoothing)
        for row, label in zip(grams, labels, strict=True):
            for gram, count in row.items():
                counts[label, self._codes[gram]] += count
        self._logs = np.log(counts / counts.sum(axis=1, keepdims=True))
        shares = np.bincount(labels, minlength=classes) / len(labels)
        self._prior = prior * np.log(np.maximum(shares, 1e-12))

    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """The likeliest class of each text, int (texts,)."""
        return np.asarray(self.scores(texts).argmax(axis=1))

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Joint log probabilities (texts, classes); n-grams never seen count for none."""
        scores = np.tile(self._prior, (len(texts), 1))
        for total, text in zip(scores, texts, strict=True):
            known = [
                (code, count)
                for gram, count in self._grams(text).items()
                if (code := self._codes.get(gram)) is not None
            ]
            if known:
                codes, counts = np.array(known).T
                total += self._logs[:, codes] @ counts
        return scores

    def _grams(self, text: str) -> Counter[str]:
        marked = f"\x02{text}\x03"
        return Counter(
            marked[start : start + n]
            for n in range(1, self.order + 1)
            for start in range(len(marked) - n + 1)
        )
