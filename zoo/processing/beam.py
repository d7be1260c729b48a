"""Beam search for answers that come one for each input symbol."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Step = Callable[[np.ndarray, int], np.ndarray]


def aligned_beam(step: Step, lengths: np.ndarray, beams: int) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest sequences of answers, one answer a step.

    Args:
        step: From the answers so far, int32 (batch * beams, steps), and the number of the step, to
            the logits of that step's answers, float (batch * beams, answers).
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
    for place in range(time):
        logs = _log_shares(step(answers.reshape(-1, time)[:, :place], place))
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


def _log_shares(logits: np.ndarray) -> np.ndarray:
    scores = logits.astype(np.float64)
    scores -= scores.max(axis=-1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True)))
