"""Texts that end by themselves: beam search with a length penalty, and drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zoo.processing.decoding import Sampling, log_shares

# From the last codes, int32 (rows,), and the row of the step before that each goes on from, int
# (rows,), to logits, float (rows, codes); those of codes that may not be written are -inf.
Step = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Ends:
    """The codes at a text's two ends, and its longest length.

    Attributes:
        start: The code that stands before the first one.
        end: The code that ends a text.
        longest: Codes of each text of the batch, its end included, int (batch,).
    """

    start: int
    end: int
    longest: np.ndarray


@dataclass(frozen=True)
class Written:
    """What was found, the likeliest text of each first.

    Attributes:
        codes: int32 (batch, beams, steps), the end included, 0 after it.
        scores: Logarithms of the texts' probabilities, float (batch, beams); -inf where there are
            fewer texts than beams.
        rows: Which row of each step's logits a code was chosen from, int (batch, beams, steps).
    """

    codes: np.ndarray
    scores: np.ndarray
    rows: np.ndarray


def ended_beam(step: Step, ends: Ends, beams: int, penalty: float) -> Written:
    """The likeliest texts that a search of limited width finds.

    Texts that have ended stay in the beam beside those that have not; all are ranked by their score
    over the length penalty of Wu et al. 2016 (arXiv 1609.08144): ((5 + length) / 6) ** penalty.

    Args:
        step: The network, asked for `batch * beams` rows, those of a text beside each other.
        ends: Where texts begin and end.
        beams: Texts that are followed for each input; 1 is greedy.
        penalty: 0 prefers short texts, 1 and more long ones.
    """
    batch, time = len(ends.longest), int(ends.longest.max())
    first = np.arange(batch)[:, None] * beams
    longest = np.repeat(ends.longest, beams)
    scores: np.ndarray = np.full(batch * beams, -np.inf)
    scores[::beams] = 0.0
    lengths: np.ndarray = np.zeros(batch * beams, int)
    ended: np.ndarray = np.zeros(batch * beams, bool)
    codes: np.ndarray = np.zeros((batch * beams, time), np.int32)
    rows: np.ndarray = np.zeros((batch * beams, time), np.int32)
    last: np.ndarray = np.full(batch * beams, ends.start, np.int32)
    parents: np.ndarray = np.arange(batch * beams)
    for place in range(time):
        logs = log_shares(step(last, parents))
        _force(logs, ended, longest - 1 <= place, ends.end)
        lengths = lengths + ~ended
        logs += scores[:, None]
        best = _best(logs.reshape(batch, beams, -1), ((5 + lengths) / 6) ** penalty)
        chosen = (best + first * logs.shape[1]).reshape(-1)
        scores = logs.take(chosen)
        parents, written = np.divmod(chosen, logs.shape[1])
        codes, rows = codes.take(parents, axis=0), rows.take(parents, axis=0)
        codes[:, place], rows[:, place] = written, parents
        last = codes[:, place]
        lengths, ended = lengths.take(parents), ended.take(parents)
        ended = ended | (written == ends.end) | ~np.isfinite(scores)
        if ended.all():
            break
    shape = (batch, beams, -1)
    found, path = codes[:, : place + 1], rows[:, : place + 1]
    return Written(found.reshape(shape), scores.reshape(batch, beams), path.reshape(shape))


def drawn(step: Step, ends: Ends, sampling: Sampling) -> Written:
    """One text an input, drawn code by code, for each with the same seed as if it were alone."""
    steps = list(drawn_steps(step, ends, sampling))
    codes = np.stack([codes for codes, _ in steps], axis=1)[:, None]
    scores = np.sum([shares for _, shares in steps], axis=0)[:, None]
    rows = np.broadcast_to(np.arange(len(codes))[:, None, None], codes.shape)
    return Written(codes, scores, rows)


def drawn_steps(
    step: Step, ends: Ends, sampling: Sampling
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Codes int32 (batch,), 0 after each end, and logarithms of their probabilities, by step."""
    batch, time = len(ends.longest), int(ends.longest.max())
    rngs = [sampling.generator() for _ in range(batch)]
    ended = np.zeros(batch, bool)
    codes: np.ndarray = np.full(batch, ends.start, np.int32)
    for place in range(time):
        logits = step(codes, np.arange(batch))
        logs = log_shares(logits)
        _force(logs, ended, ends.longest - 1 <= place, ends.end)
        choices = [sampling.choose(row, rng) for row, rng in zip(logs, rngs, strict=True)]
        codes = np.array(choices, np.int32)
        yield codes, logs[np.arange(batch), codes]
        ended |= codes == ends.end
        if ended.all():
            return


def _force(logs: np.ndarray, ended: np.ndarray, due: np.ndarray, end: int) -> None:
    """Leaves nothing but 0 to rows that have ended, and the end to those that must."""
    if not (ended.any() or due.any()):
        return
    due = due & ~ended
    last = logs[due, end]
    logs[due | ended] = -np.inf
    logs[due, end] = last
    logs[ended, 0] = 0.0


def _best(scores: np.ndarray, penalties: np.ndarray) -> np.ndarray:
    """Places of the highest of (batch, beams * codes), as many as beams, the highest first.

    Args:
        scores: float (batch, beams, codes).
        penalties: What each beam's scores are divided by, (batch * beams,).
    """
    batch, beams, size = scores.shape
    if beams == 1:
        return np.asarray(scores.argmax(axis=2))
    count = min(beams, size)
    kept = scores.argpartition(size - count, axis=2)[:, :, size - count :]
    places = (kept + np.arange(beams)[:, None] * size).reshape(batch, -1)
    flat = places + np.arange(batch)[:, None] * beams * size
    ranks = scores.take(flat) / np.repeat(penalties, count).reshape(batch, -1)
    order = np.lexsort((places, -ranks))[:, :beams]
    return np.asarray(places.take(order + np.arange(batch)[:, None] * places.shape[1]))
