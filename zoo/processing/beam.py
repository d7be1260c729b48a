"""Beam search: for answers that come one for each input symbol, and for running text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zoo.processing.decoding import likeliest, log_shares

Step = Callable[[np.ndarray, int, np.ndarray], np.ndarray]
States = dict[str, np.ndarray]
FreeStep = Callable[[np.ndarray, States], tuple[np.ndarray, States]]


def aligned_beam(step: Step, lengths: np.ndarray, beams: int) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest sequences of answers, one answer a step.

    Args:
        step: From the answers so far, int32 (batch * beams, steps), the number of the step and, int
            (batch * beams,), which row of the step before each row goes on from, to the logits of
            that step's answers, float (batch * beams, answers).
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
    first = beams * np.arange(batch)[:, None]
    rows: np.ndarray = np.repeat(first, beams)
    for place in range(time):
        logs = log_shares(step(answers[:, :place], place, rows))
        ended = np.repeat(lengths <= place, beams) if place >= shortest else None
        if ended is not None:
            logs[ended] = -np.inf
            logs[ended, 0] = 0.0
        logs += scores[:, None]
        total, count = logs.reshape(batch, -1), logs.shape[1]
        best = (-total).argsort(axis=1, kind="stable")[:, :beams]
        chosen = (best + first * count).reshape(-1)
        rows, codes = np.divmod(chosen, count)
        scores, answers = logs.take(chosen), answers.take(rows, axis=0)
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
        logs = log_shares(logits)
        total = (scores[:, None] + logs).reshape(-1)
        best = likeliest(total, beams)
        parents, codes = np.divmod(best, logs.shape[1])
        scores = total[best]
        states = {name: state.take(parents, axis=0) for name, state in states.items()}
        written = np.concatenate([written[parents], codes[:, None].astype(np.int32)], axis=1)
    return written[0], float(scores[0])
