"""Logistic regression over sparse yes-or-no features, a naive baseline of classifiers."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

_BATCH = 64


class LogisticRegression:
    """Multinomial logistic regression, learned by AdaGrad (Duchi et al. 2011) from zero weights.

    Args:
        rows: The features that each example has.
        labels: int (examples,).
        classes: Number of classes.
        epochs: Passes over the examples, in orders drawn with seed 0.
        rate: AdaGrad's step.
    """

    def __init__(
        self,
        rows: Sequence[Sequence[Hashable]],
        labels: np.ndarray,
        classes: int,
        epochs: int = 5,
        rate: float = 0.5,
    ) -> None:
        self._codes: dict[Hashable, int] = {}
        for row in rows:
            for feature in row:
                self._codes.setdefault(feature, len(self._codes) + 1)
        self._weights = np.zeros((len(self._codes) + 1, classes), np.float32)
        squares = np.full_like(self._weights, 1e-6)
        coded, rng = self._coded(rows), np.random.default_rng(0)
        wanted = np.eye(classes, dtype=np.float32)[labels]
        for _ in range(epochs):
            order = rng.permutation(len(rows))
            for start in range(0, len(order), _BATCH):
                chosen = order[start : start + _BATCH]
                features = coded[chosen]
                slope = (self._shares(features) - wanted[chosen]) / len(chosen)
                used, places = np.unique(features, return_inverse=True)
                gradient = np.zeros((len(used), classes), np.float32)
                np.add.at(gradient, places.reshape(features.shape), slope[:, None])
                gradient[used == 0] = 0
                squares[used] += gradient**2
                self._weights[used] -= rate * gradient / np.sqrt(squares[used])

    def predict(self, rows: Sequence[Sequence[Hashable]]) -> np.ndarray:
        """The likeliest class of each example, int (examples,); unknown features count nothing."""
        coded = self._coded(rows)
        parts = [coded[i : i + 1024] for i in range(0, len(coded), 1024)]
        return np.concatenate([self._weights[part].sum(axis=1).argmax(axis=1) for part in parts])

    def _coded(self, rows: Sequence[Sequence[Hashable]]) -> np.ndarray:
        """Codes int (examples, most features); 0, whose weights stay zero, fills up."""
        coded = np.zeros((len(rows), max(len(row) for row in rows)), np.int64)
        for target, row in zip(coded, rows, strict=True):
            target[: len(row)] = [self._codes.get(feature, 0) for feature in row]
        return coded

    def _shares(self, features: np.ndarray) -> np.ndarray:
        scores = self._weights[features].sum(axis=1)
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))
