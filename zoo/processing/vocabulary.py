"""Items (characters, words) to integer codes, with a code for what is unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import RecipeError

PADDING, UNKNOWN = 0, 1
FIRST = 2  # the code of the first known item


class Vocabulary:
    """One code an item; 0 is padding and 1 stands for every item that is not known.

    Args:
        items: The known items; an item's code is its position plus 2.

    Raises:
        RecipeError: There is no item, or one stands twice.
    """

    def __init__(self, items: Sequence[str]) -> None:
        self.items = tuple(items)
        self._codes = {item: code for code, item in enumerate(self.items, FIRST)}
        if not self.items or len(self._codes) != len(self.items):
            raise RecipeError(
                f"Received a vocabulary of {len(self.items)} items, "
                f"{len(self._codes)} of them different; each must stand there once."
            )

    @classmethod
    def fit(cls, items: Iterable[str], minimum: int = 1) -> Vocabulary:
        """The items that occur at least `minimum` times, in order of their text."""
        counts = Counter(items)
        return cls(sorted(item for item, count in counts.items() if count >= minimum))

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any], key: str = "vocabulary") -> Vocabulary:
        """The vocabulary that a configuration holds as a list, or as a text of single characters.

        Raises:
            RecipeError: It is missing, empty, or repeats an item.
        """
        if key not in processing:
            raise RecipeError(f"Received a processing without {key!r}; it has {list(processing)}.")
        return cls(tuple(processing[key]))

    def __len__(self) -> int:
        """Number of codes, those of padding and of the unknown included."""
        return len(self.items) + FIRST

    def __contains__(self, item: str) -> bool:
        return item in self._codes

    def encode(self, items: Iterable[str]) -> np.ndarray:
        """Codes of items, int32 of shape (items,)."""
        return np.array([self._codes.get(item, UNKNOWN) for item in items], np.int32)


def padded(rows: Sequence[np.ndarray], multiple: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Stacks sequences of codes, zeros after each end.

    Args:
        rows: int of shape (time, ...), at least one row.
        multiple: The padded length is a multiple of this.

    Returns:
        int32 (batch, longest, ...) and lengths int32 (batch,).
    """
    lengths = np.array([len(row) for row in rows], np.int32)
    longest = -(-int(lengths.max()) // multiple) * multiple
    stacked = np.zeros((len(rows), longest, *rows[0].shape[1:]), np.int32)
    for target, row in zip(stacked, rows, strict=True):
        target[: len(row)] = row
    return stacked, lengths
