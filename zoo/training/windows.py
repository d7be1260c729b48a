"""Windows of a running text, each symbol's target the next one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Windows:
    """Windows of `length` codes that start at every multiple of it.

    Args:
        codes: int32 of shape (characters,).
        length: Codes a window.
        shift: Whether each window starts up to `length` later, drawn anew each time.
    """

    codes: np.ndarray
    length: int
    shift: bool

    def __len__(self) -> int:
        return (len(self.codes) - 1) // self.length

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Codes and next codes, both int32 of shape (batch, length)."""
        starts = indices * self.length
        if self.shift:
            last = len(self.codes) - self.length - 1
            starts = np.minimum(starts + rng.integers(0, self.length, len(starts)), last)
        grid = starts[:, None] + np.arange(self.length + 1)
        windows = self.codes[grid]
        return windows[:, :-1], windows[:, 1:]
