"""When two answers are equal: one tolerance, never raised to make a model pass."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.errors import ExportError
from zoo.tasks import Arrays

ABSOLUTE = 1e-5
RELATIVE = 1e-5


def difference(name: str, answer: Any, original: Any, inputs: Arrays) -> float:
    """The largest absolute difference of an output.

    Raises:
        ExportError: It is over the tolerance, or the shape or type is another.
    """
    asked = ", ".join(f"{key} {array.shape}" for key, array in inputs.items())
    if answer is None or (answer.shape, answer.dtype) != (original.shape, original.dtype):
        received = "nothing" if answer is None else f"{answer.dtype} {answer.shape}"
        raise ExportError(
            f"output {name!r} of the exported file is {received}, the model's is "
            f"{original.dtype} {original.shape} (inputs: {asked})"
        )
    if not np.issubdtype(original.dtype, np.floating):
        wrong = answer != original
        error = float(wrong.any())
    else:
        same = (answer == original) | (np.isnan(answer) & np.isnan(original))
        with np.errstate(invalid="ignore"):
            gap = np.where(same, 0.0, np.abs(answer.astype(np.float64) - original))
        wrong = ~(same | (gap <= ABSOLUTE + RELATIVE * np.abs(original)))
        error = float(gap.max(initial=0.0))
    if wrong.any():
        raise ExportError(
            f"output {name!r} of shape {original.shape} differs by up to {error:.3g} from the "
            f"model's (allowed: {ABSOLUTE:g} + {RELATIVE:g} x |value|; inputs: {asked})"
        )
    return error
