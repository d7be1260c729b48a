"""Spans of words as BIO tags: the best valid path through scores, and spans from tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Span(NamedTuple):
    """Words `start` to `stop` (not included) of a sentence."""

    label: str
    start: int
    stop: int


def may_follow(tags: Sequence[str]) -> np.ndarray:
    """Which tag may stand after which: `I-x` only after `B-x` or `I-x`.

    Returns:
        bool (tags + 1, tags), [before, after]; the last row is for the start of a sentence.
    """
    allowed = np.ones((len(tags) + 1, len(tags)), bool)
    for after, tag in enumerate(tags):
        if tag.startswith("I-"):
            for before, other in enumerate([*tags, ""]):
                allowed[before, after] = other[2:] == tag[2:] and other[:2] in ("B-", "I-")
    return allowed


def best_path(scores: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """The path of the largest total score (Viterbi 1967).

    Args:
        scores: float (time, tags).
        transitions: float (tags + 1, tags), what a pair [before, after] adds to the score, -inf
            where it is not valid; the last row is for the start.

    Returns:
        int (time,).
    """
    total = scores[0].astype(np.float64) + transitions[-1]
    back = np.zeros(scores.shape, np.int64)
    for time in range(1, len(scores)):
        candidates = total[:, None] + transitions[:-1]
        back[time] = candidates.argmax(axis=0)
        total = candidates.max(axis=0) + scores[time]
    path = [int(total.argmax())]
    for time in range(len(scores) - 1, 0, -1):
        path.append(int(back[time, path[-1]]))
    return np.array(path[::-1])


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans that BIO tags mark; an `I-` that continues nothing begins one, as in conlleval."""
    found: list[Span] = []
    label, start = "", 0
    for place, tag in enumerate([*tags, "O"]):
        kind, _, name = tag.partition("-")
        if label and (kind != "I" or name != label):
            found.append(Span(label, start, place))
            label = ""
        if kind in ("B", "I") and not label:
            label, start = name, place
    return found
