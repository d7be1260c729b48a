"""Many series of their own lengths, each split in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.errors import RecipeError

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False)
class SeriesSet:
    """Series that one model forecasts, each by itself.

    Args:
        names: one a series.
        values: float64 of shape (steps,), finite, one a series; lengths may differ.
        borders: steps at which training, validation and test part of each series end.
        step: seconds from one value to the next.
    """

    names: tuple[str, ...]
    values: tuple[np.ndarray, ...]
    borders: tuple[tuple[int, int, int], ...]
    step: int

    def parts(self, split: str) -> list[tuple[np.ndarray, int]]:
        """Each series up to the end of a part, and the step at which the part begins.

        Raises:
            RecipeError: there is no such part.
        """
        if split not in SPLITS:
            raise RecipeError(f"Received the split {split!r}; use one of {', '.join(SPLITS)}.")
        place = SPLITS.index(split)
        starts = [(0, *ends)[place] for ends in self.borders]
        return [
            (series[: ends[place]], start)
            for series, ends, start in zip(self.values, self.borders, starts, strict=True)
        ]
