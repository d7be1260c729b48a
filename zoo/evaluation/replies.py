"""How like another a reply is, and how varied replies are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def mean_f1(replies: Sequence[str], references: Sequence[str]) -> float:
    """Mean over replies of the F1 of their words against those of the reference, in any order.

    Words are without case and signs, as Dinan et al. 2019 (arXiv 1811.01241) count them but with
    articles; two texts without words score 1.
    """
    scores = []
    for reply, reference in zip(replies, references, strict=True):
        given, wanted = Counter(words(reply)), Counter(words(reference))
        total = given.total() + wanted.total()
        scores.append(2 * (given & wanted).total() / total if total else 1.0)
    return float(np.mean(scores))


def distinct_2(replies: Sequence[str]) -> float:
    """Share of different ones among all pairs of neighbouring words (Li et al. 2016, N16-1014)."""
    rows = [words(reply) for reply in replies]
    pairs = [pair for row in rows for pair in pairwise(row)]
    return len(set(pairs)) / max(1, len(pairs))


def words(text: str) -> list[str]:
    """Runs of letters, digits and apostrophes, in lower case."""
    return re.findall(r"[\w']+", text.lower())
