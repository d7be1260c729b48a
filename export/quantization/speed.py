"""How fast a quantised file is beside the original."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from export.quantization.questions import Drawer
from export.timing import interleaved, session
from zoo.tasks import Arrays

BATCHES = (1, 32)
_STEPS, _OTHER = 100, 16
_SECONDS = 1.0


def speedups(
    original: Path, small: Path, drawer: Drawer, samples: Sequence[Arrays]
) -> dict[str, float]:
    """Time of the original over time of the small file, on one thread, at some batch sizes.

    Args:
        original: The float32 file.
        small: The quantised one.
        drawer: Draws inputs of 100 steps (of 16 along other open axes) where there is no sample.
        samples: Typical inputs; the first row of the middle one, by size, fills the batch.

    Returns:
        Batch size -> ratio; the model's own size alone where that is fixed.
    """
    sessions = [session(file.read_bytes()) for file in (original, small)]
    typical = sorted(samples, key=_size)[len(samples) // 2] if samples else None
    found = {}
    for batch in BATCHES:
        if typical is None or not drawer.open_batch():
            arrays = drawer.arrays(drawer.equal_sizes(batch, _STEPS, _OTHER))
        else:
            arrays = {name: np.repeat(array[:1], batch, axis=0) for name, array in typical.items()}
        rows = len(next(iter(arrays.values())))
        single, quantised = interleaved(sessions, [arrays, arrays], _SECONDS)
        found[str(rows)] = single / quantised
    return found


def _size(arrays: Arrays) -> int:
    return sum(array[:1].size for array in arrays.values())
