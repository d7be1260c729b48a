"""Texts that were never written but might have been: a Markov chain for each class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

_END = 0
Context = tuple[int, ...]


class MadeTexts:
    """Draws sequences of codes whose every few neighbours occur in a text of the class.

    The next code depends on up to `context` codes before it: on fewer where those have been seen
    with one successor only, so that a small class does more than repeat its texts.

    Args:
        rows: int (time,), one a text; codes are above 0.
        labels: int (texts,).
        context: Most codes that the next one depends on.
        longest: Where a text that does not end is cut.
    """

    def __init__(
        self, rows: Sequence[np.ndarray], labels: np.ndarray, context: int = 3, longest: int = 24
    ) -> None:
        self._context = context
        self._longest = longest
        self._after: dict[tuple[int, Context], list[int]] = defaultdict(list)
        for row, label in zip(rows, labels.tolist(), strict=True):
            codes = row.tolist()
            for place, code in enumerate([*codes, _END]):
                before = tuple(codes[max(0, place - context) : place])
                # Contexts that reach the start are told apart by the mark in front of them.
                before = before if place >= context else (_END, *before)
                for start in range(len(before)):
                    self._after[label, before[start:]].append(code)

    def draw(self, label: int, rng: np.random.Generator) -> np.ndarray:
        """One text of a class, int32 (time,), of at least one code."""
        codes: list[int] = []
        while len(codes) < self._longest:
            found = self._successors(label, codes)
            code = found[rng.integers(len(found))]
            if code == _END:
                break
            codes.append(code)
        return np.array(codes, np.int32)

    def _successors(self, label: int, codes: list[int]) -> list[int]:
        before = tuple(codes[-self._context :])
        before = before if len(codes) >= self._context else (_END, *before)
        for start in range(len(before)):
            found = self._after.get((label, before[start:]))
            if found and (len(set(found)) > 1 or start == len(before) - 1):
                return found
        return self._after[label, before[-1:]]
