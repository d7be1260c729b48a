"""Whether arrays hold NaN or infinities, found quickly: a decoder asks at every step."""

from __future__ import annotations

from math import isfinite

import numpy as np

_SMALL = 2**14  # values that one product of vectors checks faster than looking at each


def all_finite(array: np.ndarray) -> bool:
    """Whether no value is NaN or infinite.

    Args:
        array: Floats of any shape.
    """
    # A sum of squares is finite only where all values are; it overflows where they are huge.
    quick = array.size <= _SMALL and array.dtype == np.float32
    if quick and isfinite(np.vdot(array, array)):
        return True
    finite = np.isfinite(array)
    return bool(np.count_nonzero(finite) == finite.size)  # the quickest of numpy's ways
