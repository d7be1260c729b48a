"""Sorts rows into batches of like lengths, so that little of a batch is padding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np


def length(raw: Any) -> int:
    """About how long a raw input is: characters, bytes of a file, samples, rows; 0 if unknown.

    Only the order matters, and only roughly: a wrong guess costs padding, no answer changes.
    """
    if isinstance(raw, Path):
        try:
            return raw.stat().st_size
        except OSError:
            return 0
    if isinstance(raw, np.ndarray):
        return int(raw.size)
    if isinstance(raw, Mapping):
        return max((length(column) for column in raw.values()), default=0)
    return len(raw) if isinstance(raw, str | bytes | bytearray | Sequence) else 0


def batches(lengths: Sequence[int], size: int, most: int) -> Iterator[list[int]]:
    """Cuts rows into batches, the shortest rows first.

    Args:
        lengths: Of each row.
        size: Most rows of a batch.
        most: Largest product of rows and longest length; a row beyond it is a batch by itself.

    Yields:
        Places in `lengths`; each place once.
    """
    batch: list[int] = []
    for place in sorted(range(len(lengths)), key=lambda place: (lengths[place], place)):
        if batch and (len(batch) == size or (len(batch) + 1) * lengths[place] > most):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch
