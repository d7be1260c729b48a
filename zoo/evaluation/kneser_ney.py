"""An interpolated Kneser-Ney model, the strongest of the plain n-gram models of words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class _Order:
    """What is known of the runs of n codes, by their number.

    Attributes:
        keys: Number of the run without its last code, times the vocabulary, plus that code.
        discounted: Count of each run less its discount.
        totals: Sum of the counts of the runs that go on from each run of n - 1 codes.
        left: Sum of the discounts of those.
    """

    keys: np.ndarray
    discounted: np.ndarray
    totals: np.ndarray
    left: np.ndarray


class KneserNey:
    """Modified Kneser-Ney smoothing of all orders up to n (Chen and Goodman 1999, section 3.2).

    The highest order counts how often a run of codes stands in the text, each lower one how many
    different codes stand before it; three discounts an order are estimated from the counts, and the
    lowest order is mixed with the uniform distribution.

    Args:
        codes: int of shape (symbols,), to count.
        order: n.
        size: Size of the vocabulary.
    """

    def __init__(self, codes: np.ndarray, order: int, size: int) -> None:
        self.size = size
        number = np.zeros(len(codes) + 1, np.int64)  # of the run of n - 1 codes from each place
        runs: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for n in range(1, order + 1):
            named = number[: len(codes) - n + 1] * size + codes[n - 1 :]
            keys, first, number, counts = np.unique(
                named, return_index=True, return_inverse=True, return_counts=True
            )
            if runs:  # a run counts once for each different code before it
                later = runs[-1][2][first + 1]
                runs[-1] = (runs[-1][0], np.bincount(later, minlength=len(runs[-1][0])), later)
            runs.append((keys, counts, number))
        contexts = [1, *(len(keys) for keys, _, _ in runs[:-1])]
        self._orders = [
            _counted(keys, counts, keys // size, known)
            for (keys, counts, _), known in zip(runs, contexts, strict=True)
        ]

    def losses(self, codes: np.ndarray) -> np.ndarray:
        """Loss in nats of every symbol but the first, each given those before it.

        Args:
            codes: int of shape (symbols,).

        Returns:
            float64 of shape (symbols - 1,).
        """
        p = np.full(len(codes), 1 / self.size)
        context = np.zeros(len(codes) + 1, np.int64)
        for n, order in enumerate(self._orders, start=1):
            context = context[: len(codes) - n + 1]
            found = _look_up(order.keys, context * self.size + codes[n - 1 :])
            found[context < 0] = -1
            totals = np.where(context < 0, 0, order.totals[context])
            seen = np.where(found < 0, 0, order.discounted[found])
            tail, known = p[n - 1 :], totals > 0
            mixed = (seen + order.left[context] * tail) / np.maximum(totals, 1)
            tail[known] = mixed[known]
            context = found
        return np.asarray(-np.log(p[1:]))


def _counted(keys: np.ndarray, counts: np.ndarray, contexts: np.ndarray, known: int) -> _Order:
    """One order: counts of runs, discounted, and what that leaves to each context."""
    discount = _discounts(counts)[np.minimum(counts, 3)]
    return _Order(
        keys,
        counts - discount,
        np.bincount(contexts, counts, known),
        np.bincount(contexts, discount, known),
    )


def _discounts(counts: np.ndarray) -> np.ndarray:
    """What is taken off counts of 0, 1, 2 and more (equation 17 of the source)."""
    ones, twos, threes, fours = (max(1, int(np.sum(counts == count))) for count in (1, 2, 3, 4))
    share = ones / (ones + 2 * twos)
    found = [
        1 - 2 * share * twos / ones,
        2 - 3 * share * threes / twos,
        3 - 4 * share * fours / threes,
    ]
    return np.array([0.0, *np.clip(found, 0, [1, 2, 3])])


def _look_up(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Places of the wanted keys among the sorted keys; -1 where there is none."""
    places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[places] == wanted, places, -1)
