"""Texts put together from stretches of others, for a teacher to judge."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_STRETCHES = 3
_SHORTEST, _LONGEST = 20, 120


def mixed(texts: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    """Texts of one to three stretches of 20 to 120 words, each of another text drawn at random.

    A text that is shorter than its stretch is taken whole.

    Args:
        texts: What the stretches are of.
        count: How many texts to make.
        rng: What draws.
    """
    words = [text.split() for text in texts]
    return [" ".join(_mixture(words, rng)) for _ in range(count)]


def _mixture(words: Sequence[list[str]], rng: np.random.Generator) -> list[str]:
    mixture: list[str] = []
    for _ in range(rng.integers(1, _STRETCHES + 1)):
        source = words[rng.integers(len(words))]
        length = int(rng.integers(_SHORTEST, _LONGEST + 1))
        start = int(rng.integers(max(1, len(source) - length + 1)))
        mixture += source[start : start + length]
    return mixture
