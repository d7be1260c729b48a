"""Texts that end by themselves: beam search with a length penalty, and drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zoo.processing.continuations import continuations
from zoo.processing.decoding import Sampling, log_totals

# From the last codes, int32 (rows,), and the row of the step before that each goes on from, int
# (rows,), to logits, float (rows, codes), an array that the search may change; those of codes that
# may not be written are -inf.
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
    batch, time, shortest = len(ends.longest), int(ends.longest.max()), int(ends.longest.min())
    count, done, size = batch * beams, 0, 0
    longest = np.repeat(ends.longest, beams)
    scores: np.ndarray = np.full(count, -np.inf)
    scores[::beams] = 0.0
    lengths: np.ndarray = np.zeros(count, int)
    ended: np.ndarray = np.zeros(count, bool)
    last: np.ndarray = np.full(count, ends.start, np.int32)
    parents: np.ndarray = np.arange(count)
    trail: list[np.ndarray] = []
    for place in range(time):
        logits = step(last, parents)
        totals, penalties = log_totals(logits), None  # texts of one length rank as their scores do
        lengths += ~ended
        if done or place + 1 >= shortest:
            _force(logits, totals, ended, longest - 1 <= place, ends.end)
            penalties = ((5 + lengths) / 6) ** penalty
        offsets, size = scores - totals, logits.shape[1]
        chosen = continuations(logits, offsets, beams, batch, penalties).reshape(-1)
        trail.append(chosen)
        parents, written = np.divmod(chosen, size)
        scores = logits.take(chosen) + offsets.take(parents)
        last = written.astype(np.int32)
        stopped = (written == ends.end) | ~np.isfinite(scores)
        if done:
            lengths, ended = lengths.take(parents), ended.take(parents)
        ended = ended | stopped
        done = int(np.count_nonzero(ended))
        if done == count:
            break
    rows, codes = _traced(trail, size)
    shape = (batch, beams, -1)
    return Written(codes.reshape(shape), scores.reshape(batch, beams), rows.reshape(shape))


def _traced(trail: list[np.ndarray], size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and codes that the last texts were chosen from, int32 (batch * beams, steps) each."""
    rows: np.ndarray = np.arange(len(trail[-1]))
    path = []
    for chosen in reversed(trail):
        path.append(chosen.take(rows))
        rows = path[-1] // size
    found = np.stack(path[::-1], axis=1).astype(np.int32)
    return found // size, found % size


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
    batch, time, shortest = len(ends.longest), int(ends.longest.max()), int(ends.longest.min())
    rngs = [sampling.generator() for _ in range(batch)]
    everyone, ended = np.arange(batch), np.zeros(batch, bool)
    codes: np.ndarray = np.full(batch, ends.start, np.int32)
    for place in range(time):
        logits = step(codes, everyone)
        totals = log_totals(logits)
        if place + 1 >= shortest or ended.any():
            _force(logits, totals, ended, ends.longest - 1 <= place, ends.end)
        choices = [sampling.choose(row, rng) for row, rng in zip(logits, rngs, strict=True)]
        codes = np.array(choices, np.int32)
        yield codes, logits[everyone, codes] - totals
        ended |= codes == ends.end
        if ended.all():
            return


def _force(
    logits: np.ndarray, totals: np.ndarray, ended: np.ndarray, due: np.ndarray, end: int
) -> None:
    """Leaves nothing but 0 to rows that have ended, and the end to those that must."""
    due = due & ~ended
    last = logits[due, end]
    logits[due | ended] = -np.inf
    logits[due, end] = last
    logits[ended, 0] = 0.0
    totals[ended] = 0.0
