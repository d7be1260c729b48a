"""When two answers are equal, and how far those of a lower precision may be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.allowed import Allowed
from zoo.errors import ExportError
from zoo.tasks import Arrays

ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8}


def difference(name: str, answer: Any, original: Any, inputs: Arrays, allowed: Allowed) -> float:
    """The largest absolute difference of an output.

    Args:
        name: The output.
        answer: What the file gave.
        original: What it must give.
        inputs: What was asked.
        allowed: How far apart they may be.

    Raises:
        ExportError: It is over the tolerance, or the shape or type is another.
    """
    answer, original = (_without_width(array) for array in (answer, original))
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
        wrong = ~(same | (gap <= allowed.around(original)))
        error = float(gap.max(initial=0.0))
    if wrong.any():
        raise ExportError(
            f"output {name!r} of shape {original.shape} differs by up to {error:.3g} from the "
            f"model's (allowed: {allowed}; inputs: {asked})"
        )
    return error


def _without_width(array: Any) -> Any:
    """Texts as objects: numpy's own type of texts differs with the longest one."""
    return array.astype(object) if array is not None and array.dtype.kind == "U" else array


def precision_gap(pairs: Sequence[tuple[Arrays, Arrays]], dtype: str) -> dict[str, float]:
    """How far answers of low precision are from those in float32.

    Args:
        pairs: Answers of a model as it is, and computed in float32.
        dtype: The lower precision, "float16" or "bfloat16".

    Returns:
        Output name -> largest absolute difference.

    Raises:
        ExportError: It is over 64 times the rounding of that type, relative to the largest value
            of the output: then rounding is not what makes the difference.
    """
    gaps: dict[str, float] = {}
    for as_is, precise in pairs:
        for name, answer in as_is.items():
            exact = precise[name].astype(np.float64)
            gap = float(np.nanmax(np.abs(answer - exact), initial=0.0))
            scale = max(1.0, float(np.nanmax(np.abs(exact), initial=0.0)))
            if gap > 64 * ROUNDING[dtype] * scale:
                raise ExportError(
                    f"output {name!r} computed in {dtype} differs by {gap:.3g} from the same in "
                    f"float32, which is what an exported file computes in; values of {dtype} that "
                    "overflow, or a layer that depends on its type, may be the reason"
                )
            gaps[name] = max(gaps.get(name, 0.0), gap)
    return gaps
