"""Spans of words as BIO tags: the best valid path through scores, and spans from tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
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


def transition_counts(tags: Sequence[str], rows: Iterable[Sequence[str]]) -> list[list[int]]:
    """How often each tag stands after which: [before, after, count] of those that do.

    Args:
        tags: Name of each tag.
        rows: Tagged sentences; the start of one counts as a tag, numbered after all others.
    """
    codes = {tag: code for code, tag in enumerate(tags)}
    counts: Counter[tuple[int, int]] = Counter()
    for row in rows:
        found = [len(codes), *(codes[tag] for tag in row)]
        counts.update(pairwise(found))
    return [[before, after, count] for (before, after), count in sorted(counts.items())]


def transition_scores(
    tags: Sequence[str], counts: Iterable[Sequence[int]], weight: float
) -> np.ndarray:
    """What each pair of neighbours adds to the score of a path.

    It is `weight` times log(p(after | before) / p(after)), from counts with 0.1 added to each: what
    the order of the tags says beyond their frequency, which the network's scores know already.

    Args:
        tags: Name of each tag.
        counts: From `transition_counts`.
        weight: 0 leaves the scores alone.

    Returns:
        float (tags + 1, tags), [before, after], -inf where a pair is not valid.
    """
    table = np.full((len(tags) + 1, len(tags)), 0.1)
    for before, after, count in counts:
        table[before, after] += count
    shares = table.sum(axis=0) / table.sum()
    gain = np.log(table / table.sum(axis=1, keepdims=True)) - np.log(shares)
    return np.where(may_follow(tags), weight * gain, -np.inf)


def best_path(scores: np.ndarray, transitions: np.ndarray) -> np.ndarray:
    """The path of the largest total score (Viterbi 1967).

    Args:
        scores: float (time, tags), logarithms of probabilities.
        transitions: From `transition_scores`.

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
