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
    batch, time = len(lengths), int(lengths.max())
    scores = np.full((batch, beams), -np.inf)
    scores[:, 0] = 0.0
    answers = np.zeros((batch, beams, time), np.int32)
    first = beams * np.arange(batch)[:, None]
    parents = np.zeros((batch, beams), int)
    for place in range(time):
        rows = (first + parents).reshape(-1)
        logs = log_shares(step(answers.reshape(-1, time)[:, :place], place, rows))
        logs = logs.reshape(batch, beams, -1)
        ended = lengths <= place
        logs[ended] = -np.inf
        logs[ended, :, 0] = 0.0
        total = (scores[:, :, None] + logs).reshape(batch, -1)
        best = np.argsort(-total, axis=1, kind="stable")[:, :beams]
        scores = np.take_along_axis(total, best, axis=1)
        parents, codes = np.divmod(best, logs.shape[2])
        answers = np.take_along_axis(answers, parents[:, :, None], axis=1)
        answers[:, :, place] = np.where(ended[:, None], 0, codes)
    return answers, scores


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
        states = {name: state[parents] for name, state in states.items()}
        written = np.concatenate([written[parents], codes[:, None].astype(np.int32)], axis=1)
    return written[0], float(scores[0])
