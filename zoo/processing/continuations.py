"""The likeliest of all ways to write texts on by one more code: what each step of a search asks."""

from __future__ import annotations

import numpy as np

_ROUNDED = 1e-6  # more than float32 loses of a logit


def continuations(
    logits: np.ndarray,
    offsets: np.ndarray,
    count: int,
    groups: int = 1,
    penalties: np.ndarray | None = None,
) -> np.ndarray:
    """Places of the likeliest continuations in each group of texts.

    What counts is the logit of a code and the offset of its text, over the text's penalty. Of equal
    ones the first comes first, so that choices are equal on every machine.

    Args:
        logits: Of each text's next code, float (groups * texts, codes); -inf is never chosen, and
            each row holds more. There are `count` texts in a group, unless there is one group.
        offsets: Of each text, its score less `log_totals` of its logits, float (groups * texts,).
        count: How many are asked for.
        groups: Inputs that the texts answer, those of one beside each other.
        penalties: Above 0, (groups * texts,); None for 1.

    Returns:
        `row * codes + code`, int (groups, count), the likeliest first; fewer where one group has
        fewer.
    """
    rows, size = logits.shape
    if count == 1 and rows == groups:
        return np.asarray(logits.argmax(axis=1)[:, None] + np.arange(rows)[:, None] * size)
    bounds = _bounds(logits, offsets, count, groups, 1.0 if penalties is None else penalties)
    places = (logits >= bounds).ravel().nonzero()[0]
    texts = places // size
    ranks = logits.take(places) + offsets.take(texts)
    if penalties is not None:
        ranks /= penalties.take(texts)
    if groups == 1:
        return np.asarray(places.take((-ranks).argsort(kind="stable")[:count])[None])
    owners = texts // (rows // groups)
    order = np.lexsort((-ranks, owners))
    first = np.searchsorted(owners, np.arange(groups))
    return np.asarray(places.take(order.take(first[:, None] + np.arange(count))))


def _bounds(
    logits: np.ndarray, offsets: np.ndarray, count: int, groups: int, penalties: np.ndarray | float
) -> np.ndarray:
    """What a logit must reach to be chosen, (groups * texts, 1) in its type; few others do."""
    rows, size = logits.shape
    if rows == groups * count:
        best = (np.maximum.reduce(logits, axis=1) + offsets) / penalties
        # Each text's best continuation makes as many as are asked for: none below them is chosen.
        least = np.minimum.reduce(best.reshape(groups, count), axis=1)
        if np.isfinite(np.add.reduce(least)):
            bounds = least.repeat(count) * penalties - offsets
            bounds -= _ROUNDED * (1 + np.abs(bounds))
            return np.asarray(bounds.astype(logits.dtype)[:, None])
    kept = size - min(count, size)
    found = np.partition(logits, kept, axis=1)[:, kept, None]
    return np.asarray(np.maximum(found, np.finfo(logits.dtype).min))
