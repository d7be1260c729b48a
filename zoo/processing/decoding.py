"""From logits to choices: the likeliest code, or one drawn by temperature, top-k and top-p."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np

from zoo.errors import InputError

_MANY = 256  # codes that are sorted at once as quickly
_LEAST = (1e-2, 1e-5)  # shares of the likeliest code's weight: most draws end above, nearly all


@dataclass(frozen=True)
class Sampling:
    """How a code is chosen from logits; what is cut off counts as impossible.

    Args:
        temperature: Divides the logits; 0 takes the likeliest code.
        top_k: Keeps the k likeliest codes; None keeps all.
        top_p: Of those, keeps the fewest likeliest whose probabilities come to at least p
            (nucleus sampling, Holtzman et al. 2020, arXiv 1904.09751); None keeps all.
        seed: The same seed and logits give the same choices.

    Raises:
        InputError: A setting is no number or out of its range.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not (isinstance(self.temperature, Real) and self.temperature >= 0):
            raise InputError(
                f"Received temperature={self.temperature!r}; use 0 (most likely) or more."
            )
        if self.top_k is not None:
            check_count("top_k", self.top_k, 1, ", or None for all")
        if self.top_p is not None and not (isinstance(self.top_p, Real) and 0 < self.top_p <= 1):
            raise InputError(
                f"Received top_p={self.top_p!r}; use more than 0 and at most 1, or None for all."
            )
        check_count("seed", self.seed, 0)

    def generator(self) -> np.random.Generator:
        """A source of randomness that starts from the seed."""
        return np.random.default_rng(int(self.seed))

    def choose(self, logits: np.ndarray, rng: np.random.Generator) -> int:
        """One code.

        Args:
            logits: float of shape (vocabulary,).
            rng: Source of randomness; one draw is taken whatever the settings are.
        """
        draw = rng.random()
        scores = np.asarray(logits, dtype=np.float64)
        if self.temperature == 0:
            return int(scores.argmax())
        order, cumulative = self._ranked(scores, draw)
        if self.top_p is not None:
            kept = int(cumulative.searchsorted(self.top_p)) + 1
            cumulative = cumulative[:kept] / cumulative[:kept][-1]
        place = int(cumulative.searchsorted(draw, side="right"))
        return int(order[min(place, len(cumulative) - 1)])

    def _ranked(self, scores: np.ndarray, draw: float) -> tuple[np.ndarray, np.ndarray]:
        """Codes that can be chosen, the likeliest first, and the sums of their probabilities."""
        if self.top_k is None and len(scores) > _MANY:  # to sort all takes longer than to try
            weights = scores - np.maximum.reduce(scores)
            weights /= self.temperature
            np.exp(weights, out=weights)
            total, wanted = np.add.reduce(weights), draw if self.top_p is None else self.top_p
            for least in _LEAST:
                codes = (weights >= least).nonzero()[0]
                order = codes.take((-scores.take(codes)).argsort(kind="stable"))
                cumulative = np.add.accumulate(weights.take(order)) / total
                if cumulative[-1] > wanted:
                    return order, cumulative
        order = likeliest(scores, self.top_k)
        weights = np.exp((scores[order] - scores[order[0]]) / self.temperature)
        return order, np.cumsum(weights) / weights.sum()


def likeliest(scores: np.ndarray, count: int | None = None) -> np.ndarray:
    """Codes of the largest scores, the largest first, int (count,).

    Of equal scores the smaller code comes first, so that choices are equal on every machine.

    Args:
        scores: float (vocabulary,).
        count: How many; None for all.
    """
    if count is None or count >= len(scores):
        return np.argsort(-scores, kind="stable")
    least = np.partition(scores, -count)[-count]
    codes = np.flatnonzero(scores >= least)
    return np.asarray(codes[np.argsort(-scores[codes], kind="stable")][:count])


def check_count(name: str, value: object, least: int, more: str = "") -> None:
    """Refuses what is not a whole number of at least `least`.

    Raises:
        InputError: It is not; the message names the setting.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise InputError(f"Received {name}={value!r}; use {least} or more{more}.")


def log_totals(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the sums of the logits' exponentials, float64 without the last axis.

    Exponentials are computed in the logits' own type. A logit less its total is the logarithm of
    its probability.
    """
    # Reductions of ufuncs: methods of arrays take twice as long for few values.
    most = np.maximum.reduce(logits, axis=-1, keepdims=True)
    shares = logits - most
    np.exp(shares, out=shares)
    sums = np.add.reduce(shares, axis=-1, dtype=np.float64)
    return np.asarray(np.log(sums) + most[..., 0])


def log_shares(logits: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities (softmax over the last axis), float64."""
    scores = logits.astype(np.float64)
    scores -= log_totals(scores)[..., None]
    return np.asarray(scores)
