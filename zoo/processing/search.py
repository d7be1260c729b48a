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
    scores = np.full((batch, beams), -np.inf)
    scores[:, 0] = 0.0
    lengths, ended = np.zeros((batch, beams), int), np.zeros((batch, beams), bool)
    codes, rows = (np.zeros((batch, beams, time), np.int32) for _ in range(2))
    last: np.ndarray = np.full(batch * beams, ends.start, np.int32)
    parents: np.ndarray = np.arange(batch * beams)
    for place in range(time):
        logs = log_shares(step(last, parents)).reshape(batch, beams, -1)
        _force(logs, ended, ends, place)
        lengths = lengths + ~ended
        total = scores[:, :, None] + logs
        best = _best(total / (((5 + lengths) / 6) ** penalty)[:, :, None], beams)
        scores = np.take_along_axis(total.reshape(batch, -1), best, axis=1)
        beam, chosen = np.divmod(best, logs.shape[2])
        codes, rows = (np.take_along_axis(x, beam[:, :, None], axis=1) for x in (codes, rows))
        lengths, ended = (np.take_along_axis(x, beam, axis=1) for x in (lengths, ended))
        codes[:, :, place], rows[:, :, place] = chosen, first + beam
        ended = ended | (chosen == ends.end) | ~np.isfinite(scores)
        last, parents = chosen.reshape(-1).astype(np.int32), rows[:, :, place].reshape(-1)
        if ended.all():
            break
    return Written(codes[:, :, : place + 1], scores, rows[:, :, : place + 1])


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
    ended = np.zeros((batch, 1), bool)
    codes: np.ndarray = np.full(batch, ends.start, np.int32)
    for place in range(time):
        logits = step(codes, np.arange(batch))
        logs = log_shares(logits)[:, None]
        _force(logs, ended, ends, place)
        choices = [sampling.choose(row[0], rng) for row, rng in zip(logs, rngs, strict=True)]
        codes = np.array(choices, np.int32)
        yield codes, logs[np.arange(batch), 0, codes]
        ended |= codes[:, None] == ends.end
        if ended.all():
            return


def _force(logs: np.ndarray, ended: np.ndarray, ends: Ends, place: int) -> None:
    """Leaves nothing but 0 to texts that have ended, and the end to those that must."""
    due = (ends.longest - 1 <= place)[:, None] & ~ended
    last = logs[:, :, ends.end].copy()
    logs[due | ended] = -np.inf
    logs[:, :, ends.end] = np.where(due, last, logs[:, :, ends.end])
    logs[ended, 0] = 0.0


def _best(ranks: np.ndarray, count: int) -> np.ndarray:
    """Places of the `count` highest of (batch, beams * codes), the highest first."""
    batch, beams, size = ranks.shape
    kept = np.argpartition(-ranks, min(count, size - 1), axis=2)[:, :, :count]
    places = (kept + np.arange(beams)[:, None] * size).reshape(batch, -1)
    values = np.take_along_axis(ranks.reshape(batch, -1), places, axis=1)
    order = np.lexsort((places, -values))[:, :count]
    return np.take_along_axis(places, order, axis=1)
