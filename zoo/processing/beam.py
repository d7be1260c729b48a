"""Beam search: for answers that come one for each input symbol, and for running text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zoo.processing.continuations import continuations
from zoo.processing.decoding import log_shares, log_totals

Step = Callable[[np.ndarray, int, np.ndarray], np.ndarray]
States = dict[str, np.ndarray]
FreeStep = Callable[[np.ndarray, States], tuple[np.ndarray, States]]


def aligned_beam(step: Step, lengths: np.ndarray, beams: int) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest sequences of answers, one answer a step.

    Args:
        step: From the answers so far, int32 (batch * beams, steps), the number of the step and, int
            (batch * beams,), which row of the step before each row goes on from, to the logits of
            that step's answers, float (batch * beams, answers), an array that may be changed.
        lengths: Number of answers of each sequence, int (batch,).
        beams: Sequences that are followed for each input; 1 is greedy.

    Returns:
        Answers int32 (batch, beams, longest), likeliest first, 0 after each end; and the logarithm
        of their probabilities (batch, beams), -inf where there are fewer sequences than beams.
    """
    if beams == 1:
        return _greedy(step, lengths)
    batch, time, shortest = len(lengths), int(lengths.max()), int(lengths.min())
    scores: np.ndarray = np.full(batch * beams, -np.inf)
    scores[::beams] = 0.0
    answers: np.ndarray = np.zeros((batch * beams, time), np.int32)
    rows: np.ndarray = np.repeat(beams * np.arange(batch), beams)
    for place in range(time):
        logits = step(answers[:, :place], place, rows)
        totals = log_totals(logits)
        ended = np.repeat(lengths <= place, beams) if place >= shortest else None
        if ended is not None:
            logits[ended] = -np.inf
            logits[ended, 0] = totals[ended] = 0.0
        offsets = scores - totals
        chosen = continuations(logits, offsets, beams, batch).reshape(-1)
        rows, codes = np.divmod(chosen, logits.shape[1])
        scores, answers = logits.take(chosen) + offsets.take(rows), answers.take(rows, axis=0)
        answers[:, place] = codes
        if ended is not None:
            answers[ended, place] = 0
    return answers.reshape(batch, beams, time), scores.reshape(batch, beams)


def _greedy(step: Step, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One beam: its probability is counted once, at the end."""
    batch, time = len(lengths), int(lengths.max())
    answers, rows = np.zeros((batch, time), np.int32), np.arange(batch)
    given: list[np.ndarray] = []
    for place in range(time):
        given.append(step(answers[:, :place], place, rows))
        answers[:, place] = given[-1].argmax(axis=1)
    logs = log_shares(np.stack(given, axis=1))
    chosen = np.take_along_axis(logs, answers[:, :, None], axis=2)[:, :, 0]
    real = np.arange(time) < lengths[:, None]
    scores = np.where(real, chosen, 0.0).sum(axis=1, keepdims=True)
    return np.where(real, answers, 0)[:, None], scores


def free_beam(
    step: FreeStep, logits: np.ndarray, states: States, length: int, beams: int
) -> tuple[np.ndarray, float]:
    """The likeliest sequence of codes that a search of limited width finds.

    Args:
        step: From the last codes, int32 (rows,), and the states (rows, ...) before them, to the
            logits (rows, vocabulary) and the states after them.
        logits: Those of the first code, float (1, vocabulary).
        states: Those before it, each (1, ...).
        length: Number of codes.
        beams: Sequences that are followed; 1 is greedy.

    Returns:
        Codes int32 (length,), and the logarithm of their probability.
    """
    scores, written = np.zeros(1), np.zeros((1, 0), np.int32)
    for place in range(length):
        if place:
            logits, states = step(written[:, -1], states)
        offsets = scores - log_totals(logits)
        best = continuations(logits, offsets, beams).reshape(-1)
        parents, codes = np.divmod(best, logits.shape[1])
        scores = logits.take(best) + offsets.take(parents)
        states = {name: state.take(parents, axis=0) for name, state in states.items()}
        written = np.concatenate([written[parents], codes[:, None].astype(np.int32)], axis=1)
    return written[0], float(scores[0])
