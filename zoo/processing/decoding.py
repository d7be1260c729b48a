"""From logits to choices: sampling with temperature and top-k."""

from __future__ import annotations

import numpy as np

from zoo.errors import InputError


def sample(
    logits: np.ndarray, rng: np.random.Generator, temperature: float, top_k: int | None
) -> int:
    """Draws one code from the distribution that logits give.

    Args:
        logits: float of shape (vocabulary,).
        rng: Source of randomness; one draw is taken whatever the other arguments are.
        temperature: Divides the logits; 0 takes the most likely code.
        top_k: Keeps only the k most likely codes; None keeps all.

    Raises:
        InputError: The temperature is negative, or `top_k` is below 1.
    """
    if not temperature >= 0:
        raise InputError(f"Received temperature={temperature}; use 0 (most likely) or more.")
    if top_k is not None and top_k < 1:
        raise InputError(f"Received top_k={top_k}; use 1 or more, or None for all.")
    draw = rng.random()
    scores = np.asarray(logits, dtype=np.float64)
    if temperature == 0:
        return int(scores.argmax())
    # A stable order makes equal logits give equal choices on every machine.
    order = np.argsort(-scores, kind="stable")[:top_k]
    weights = np.exp((scores[order] - scores[order[0]]) / temperature)
    cumulative = np.cumsum(weights) / weights.sum()
    place = int(np.searchsorted(cumulative, draw, side="right"))
    return int(order[min(place, len(order) - 1)])
