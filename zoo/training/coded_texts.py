"""Texts as codes, as a classifier learns them: some hidden, some made up, long ones in windows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.processing.vocabulary import UNKNOWN, padded
from zoo.training.made_texts import MadeTexts

Inputs = dict[str, np.ndarray]


class CodedTexts:
    """Texts as codes, a few of them unknown while training.

    Args:
        rows: int32 (time,), one a text.
        targets: float32 (texts, classes), the share of each class; they sum to 1.
        unknown_rate: Share of the codes that are taken for unknown, drawn anew each time.
        made_rate: Share of the texts in whose place one of the same class is made up.
        window: Most codes of a text that are learned from at once, from a place that is drawn anew
            each time; 0 for all.
        pad_to: Batches are padded to a multiple of this: a backend that compiles does so once a
            length.
    """

    def __init__(
        self,
        rows: Sequence[np.ndarray],
        targets: np.ndarray,
        unknown_rate: float = 0.0,
        made_rate: float = 0.0,
        window: int = 0,
        pad_to: int = 1,
    ) -> None:
        self._rows = rows
        self._targets = targets
        self._unknown_rate = unknown_rate
        self._made_rate = made_rate
        self._window = window
        self._pad_to = pad_to
        self._likeliest = targets.argmax(axis=1)
        self._made = MadeTexts(rows, self._likeliest) if made_rate else None

    def __len__(self) -> int:
        return len(self._targets)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """`tokens` and `lengths`, and targets float32 (batch, classes)."""
        tokens, lengths = padded([self._row(i, rng) for i in indices], self._pad_to)
        lost = (rng.random(tokens.shape) < self._unknown_rate) & (tokens > 0)
        inputs = {"tokens": np.where(lost, UNKNOWN, tokens).astype(np.int32), "lengths": lengths}
        return inputs, self._targets[indices]

    def _row(self, number: int, rng: np.random.Generator) -> np.ndarray:
        if self._made is None or rng.random() >= self._made_rate:
            return self._windowed(self._rows[number], rng)
        return self._made.draw(int(self._likeliest[number]), rng)

    def _windowed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if not self._window or len(row) <= self._window:
            return row
        start = int(rng.integers(len(row) - self._window + 1))
        return row[start : start + self._window]
