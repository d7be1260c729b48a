"""How much the words of labelled texts tell of the label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def telling(bags: Sequence[Iterable[str]], labels: Sequence[int]) -> dict[str, float]:
    """The log-likelihood ratio G2 of each word's presence against the label.

    It is the mutual information of the two in nats, times twice the number of texts, and falls to
    0 for a word that is as frequent in every class. Unlike chi-squared it does not overrate rare
    words.

    Source: Dunning 1993, "Accurate methods for the statistics of surprise and coincidence".

    Args:
        bags: The different words of each text.
        labels: The class of each text, from 0.
    """
    codes: dict[str, int] = {}
    rows = [[codes.setdefault(word, len(codes)) for word in bag] for bag in bags]
    texts = np.bincount(np.asarray(labels, int))
    present = np.zeros((len(codes), len(texts)))
    for row, label in zip(rows, labels, strict=True):
        present[row, label] += 1
    share = present.sum(axis=1, keepdims=True) / texts.sum()
    ratios = _weighed(present, texts * share) + _weighed(texts - present, texts * (1 - share))
    return dict(zip(codes, (2 * ratios).tolist(), strict=True))


def _weighed(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Sum over the classes of `found * log(found / expected)`, 0 where nothing was found."""
    safe = np.where(found > 0, found / np.where(found > 0, expected, 1.0), 1.0)
    return np.asarray((found * np.log(safe)).sum(axis=1))
