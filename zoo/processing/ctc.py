"""From the probabilities of frames to words, where a blank parts them: greedy and over beams.

Connectionist temporal classification, Graves et al. 2006; the search over prefixes is that of
Hannun et al. 2014 (arXiv 1408.2873), without a language model.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, inf, log, log1p

import numpy as np

from zoo.processing.frontend import Arrays

_SURE = 1e-3  # a frame whose words have less together is a blank and nothing else
_FAR = 50.0  # nats
_LEAST = 1e-30  # a probability under this counts as this
Step = tuple[float, list[tuple[int, float]]]


def merged(shares: np.ndarray) -> np.ndarray:
    """Probabilities (frames, 1 + words): silence and speech, the first two classes, are one blank.

    Args:
        shares: Probabilities (frames, 2 + words).
    """
    joint = np.delete(shares, 1, axis=1)
    joint[:, 0] += shares[:, 1]
    return joint


class GreedyRule:
    """A word is told after the frames in which it is the likeliest; see `zoo.processing.events`.

    Args:
        words: The classes after silence and speech.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._last = 0  # the word that goes on, from 1; 0 for none
        self._frame = 0  # where it is likeliest
        self._share = 0.0

    def found(self, shares: np.ndarray, first: int) -> list[tuple[int, str, float]]:
        """See `zoo.processing.events.Rule`; the frame is the one in which a word is likeliest."""
        events = []
        joint = merged(shares)
        best = joint.argmax(axis=1)
        likeliest = np.take_along_axis(joint, best[:, None], axis=1)[:, 0]
        found = zip(best.tolist(), likeliest.tolist(), strict=True)
        for frame, (code, share) in enumerate(found, first):
            if code != self._last:
                events += self.at_end(frame)
                self._last, self._share = code, 0.0
            if code and share > self._share:
                self._frame, self._share = frame, share
        return events

    def at_end(self, frames: int) -> list[tuple[int, str, float]]:
        """The word that goes on, if one does."""
        if not self._last:
            return []
        word, self._last = self._words[self._last - 1], 0
        return [(self._frame, word, self._share)]

    def state(self) -> Arrays:
        """The word that goes on, where it is likeliest, and its probability there."""
        place = np.array([self._last, self._frame], np.int64)
        return {"place": place, "share": np.array([self._share])}

    def restore(self, arrays: Arrays) -> None:
        """See `zoo.processing.events.Rule`."""
        last, frame = arrays["place"].tolist()
        if not 0 <= last <= len(self._words):
            raise ValueError(f"the word is {last} of {len(self._words)}")
        self._last, self._frame, self._share = last, frame, float(arrays["share"][0])


def best_words(shares: np.ndarray, beams: int) -> tuple[list[int], float]:
    """The likeliest words.

    Args:
        shares: Probabilities (frames, 1 + words), of the blank first.
        beams: Beginnings of the text that are kept after each frame; 1 is greedy: the words of the
            likeliest class of each frame.

    Returns:
        The words' numbers from 1 on, and the logarithm of their probability: all ways to say them
        that the search saw, or greedily the one way.
    """
    if beams == 1:
        best = shares.argmax(axis=1)
        way = np.log(np.maximum(shares.max(axis=1), _LEAST)).sum()
        changes = np.flatnonzero(np.diff(best, prepend=0))
        return [int(code) for code in best[changes] if code], float(way)
    tree: list[tuple[int, int]] = [(-1, 0)]  # the text before, and its last word
    longer: dict[tuple[int, int], int] = {}
    kept = {0: (0.0, -inf)}  # text -> log probability with a blank at the end, and without
    for step in _steps(shares):
        grown = _grown(step, kept, tree, longer)
        ranked = sorted(grown, key=lambda text: _sum(*grown[text]), reverse=True)
        kept = {text: grown[text] for text in ranked[:beams]}
    best_text = next(iter(kept))
    score, codes = _sum(*kept[best_text]), []
    while best_text:
        best_text, code = tree[best_text]
        codes.append(code)
    return codes[::-1], score


def _grown(
    step: Step,
    kept: dict[int, tuple[float, float]],
    tree: list[tuple[int, int]],
    longer: dict[tuple[int, int], int],
) -> dict[int, tuple[float, float]]:
    """All texts after one more frame; new ones are added to the tree."""
    blank, words = step
    grown: dict[int, tuple[float, float]] = {}

    def add(text: int, in_blank: float, in_word: float) -> None:
        one, other = grown.get(text, (-inf, -inf))
        grown[text] = _sum(one, in_blank), _sum(other, in_word)

    for text, (in_blank, in_word) in kept.items():
        whole, last = _sum(in_blank, in_word), tree[text][1]
        add(text, whole + blank, -inf)
        for code, share in words:
            before = whole
            if code == last:  # the same again is new after a blank only
                add(text, -inf, in_word + share)
                before = in_blank
            if before > -inf:
                key = text, code
                if key not in longer:
                    longer[key] = len(tree)
                    tree.append(key)
                add(longer[key], -inf, before + share)
    return grown


def _sum(one: float, other: float) -> float:
    """log(exp(one) + exp(other))."""
    high, low = (one, other) if one > other else (other, one)
    return high if low == -inf else high + log1p(exp(low - high))


def _steps(shares: np.ndarray) -> list[Step]:
    """Log probabilities of the blank and of the words that count; sure blanks in a row are one."""
    steps = list[Step]()
    for start, end in _kept(shares):
        if end - start > 1 or shares[start, 1:].sum() < _SURE:
            steps.append((float(np.log(shares[start:end, 0]).sum()), []))
            continue
        row = shares[start].tolist()
        words = [(code, log(x)) for code, x in enumerate(row) if code and x > _SURE / len(row)]
        steps.append((log(max(row[0], _LEAST)), words))
    return steps


def _kept(shares: np.ndarray) -> list[tuple[int, int]]:
    """First frame and end of each step: runs of sure blanks, and every other frame."""
    sure = shares[:, 1:].sum(axis=1) < _SURE
    begins = ~(sure & np.append(False, sure[:-1]))
    places = [*np.flatnonzero(begins).tolist(), len(shares)]
    return list(pairwise(places))


def aligned(shares: np.ndarray, codes: Sequence[int]) -> list[int]:
    """The frame in which each word is told: where it is likeliest on the likeliest way.

    Args:
        shares: Probabilities (frames, 1 + words), of the blank first.
        codes: The words' numbers, as `best_words` finds them.
    """
    if not codes:
        return []
    frames = np.array([start for start, _ in _kept(shares)])
    logs = np.log(np.maximum(shares[frames], _LEAST))
    way = _likeliest_way(logs, np.array(codes))
    found = []
    for number, code in enumerate(codes):
        places = frames[way == 2 * number + 1]
        found.append(int(places[shares[places, code].argmax()]))
    return found


def _likeliest_way(logs: np.ndarray, codes: np.ndarray, far: float = _FAR) -> np.ndarray:
    """The state of each step, int (steps,): 0, 2 … are blanks, 1, 3 … the words (Viterbi).

    States that are `far` less likely than the best are given up, which bounds time and memory: a
    likeliest text has no way through them.
    """
    states = np.zeros(2 * len(codes) + 1, np.int64)
    states[1::2] = codes
    jumps = np.zeros(len(states), bool)  # a word may follow another one with no blank between
    jumps[3::2] = codes[1:] != codes[:-1]
    low, score = 0, logs[0, states[:2]]
    moves = [(low, np.zeros(2, np.int8))]
    for row in logs[1:]:
        size = min(len(score) + 2, len(states) - low)
        here = slice(low, low + size)
        before = np.full((3, size), -np.inf)
        before[0, : len(score)] = score
        before[1, 1:], before[2, 2:] = before[0, :-1], before[0, :-2]
        before[2, ~jumps[here]] = -np.inf
        moves.append((low, before.argmax(axis=0).astype(np.int8)))
        score = before.max(axis=0) + row[states[here]]
        kept = np.flatnonzero(score >= score.max() - far)
        low, score = low + int(kept[0]), score[kept[0] : kept[-1] + 1]
    ends = {low + place: value for place, value in enumerate(score.tolist())}
    place = max(len(states) - 1, len(states) - 2, key=lambda state: ends.get(state, -np.inf))
    if ends.get(place, -np.inf) == -np.inf and far < np.inf:
        return _likeliest_way(logs, codes, np.inf)
    way = np.zeros(len(logs), np.int64)
    for step in range(len(logs) - 1, -1, -1):
        way[step] = place
        first, chosen = moves[step]
        place -= int(chosen[place - first])
    return way
