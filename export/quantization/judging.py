"""How far the answers of a quantised file are from the original's, and whether that is accepted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.allowed import Allowed
from export.proof.comparison import difference
from zoo.errors import ExportError
from zoo.tasks import Arrays

_WITHOUT_CLASSES = ("forecast", "global_forecast", "price_band", "digit_speech")
_READS = "encoder"  # a part that decides nothing


@dataclass(frozen=True)
class Limits:
    """What is accepted: agreement of outputs with classes, relative error of the others."""

    agreement: float
    error: float


@dataclass(frozen=True)
class Differences:
    """Differences by output; `QuantizationReport` says what each is."""

    largest: dict[str, float]
    mean: dict[str, float]
    relative: dict[str, float]
    agreement: dict[str, float]


def compared(
    answers: Sequence[Arrays], originals: Sequence[Arrays], metadata: Mapping[str, Any]
) -> Differences:
    """Compares answers case by case.

    Raises:
        ExportError: An answer has another shape or type, or is not finite where the original is.
    """
    found = Differences({}, {}, {}, {})
    with_classes = metadata.get("task") not in _WITHOUT_CLASSES and metadata.get("part") != _READS
    states = set((metadata.get("states") or {}).values())
    for name in originals[0]:
        pairs = [(one[name], other[name]) for one, other in zip(answers, originals, strict=True)]
        for answer, original in pairs:
            _check_form(name, answer, original)
        is_float = np.issubdtype(pairs[0][1].dtype, np.floating)
        if is_float:
            _add_errors(found, name, pairs)
        classes = is_float and pairs[0][1].ndim > 1 and pairs[0][1].shape[-1] > 1
        if classes and with_classes and name not in states:
            chosen = [(one.argmax(-1), other.argmax(-1)) for one, other in pairs]
            found.agreement[name] = _share_of_same(chosen)
        elif not is_float:
            found.agreement[name] = _share_of_same(pairs)
    return found


def check(found: Differences, limits: Limits, states: Sequence[str], what: str) -> None:
    """Refuses what is too far from the original.

    Args:
        found: The differences.
        limits: What is accepted.
        states: Outputs that are states; these are reported, not judged.
        what: The inputs it was measured on, as words.

    Raises:
        ExportError: A decision or a value is too far away.
    """
    for name, share in found.agreement.items():
        if share < limits.agreement:
            raise ExportError(
                f"output {name!r} of the quantised file agrees with the original at {share:.1%} of "
                f"{what}; needed are {limits.agreement:.1%} (give typical inputs as `samples`, "
                'keep kind="float16", or accept less with `agreement`)'
            )
    for name, error in found.relative.items():
        if name not in found.agreement and name not in states and error > limits.error:
            raise ExportError(
                f"output {name!r} of the quantised file differs from the original by {error:.3g} "
                f"of its standard deviation on {what}; allowed is {limits.error:.3g} (give typical "
                'inputs as `samples`, keep kind="float16", or accept more with `error`)'
            )


def check_equal(
    answers: Sequence[Arrays],
    rounded: Sequence[Arrays],
    questions: Sequence[Arrays],
    allowed: Mapping[str, Allowed],
) -> None:
    """Checks a float16 file: it must answer as the original with rounded weights does.

    Raises:
        ExportError: A difference is over what the original's own export allowed.
    """
    for answer, wanted, question in zip(answers, rounded, questions, strict=True):
        for name, original in wanted.items():
            if original.dtype.kind not in "OU":
                difference(name, answer.get(name), original, question, allowed[name])


def largest_gap(pairs: Sequence[tuple[Arrays, Arrays]]) -> float:
    """The largest difference between float answers that should be the same, where both have one.

    Texts in one batch are answered for as many steps as the longest has.
    """
    worst = 0.0
    for one, other in pairs:
        for name in one:
            if np.issubdtype(one[name].dtype, np.floating):
                common = tuple(map(slice, np.minimum(one[name].shape, other[name].shape)))
                gap = np.abs(one[name][common] - other[name][common])
                worst = max(worst, float(gap.max(initial=0.0)))
    return worst


def _check_form(name: str, answer: Any, original: Any) -> None:
    texts = answer.dtype.kind in "OU" and original.dtype.kind in "OU"
    if answer.shape != original.shape or not (texts or answer.dtype == original.dtype):
        raise ExportError(
            f"output {name!r} of the quantised file is {answer.dtype} {answer.shape}, the "
            f"original's is {original.dtype} {original.shape}"
        )
    if answer.dtype.kind == "f" and (~np.isfinite(answer) & np.isfinite(original)).any():
        raise ExportError(
            f"output {name!r} of the quantised file is not finite where the original is; "
            'use kind="float16"'
        )


def _add_errors(found: Differences, name: str, pairs: Sequence[tuple[Any, Any]]) -> None:
    answer, original = (
        np.concatenate([pair[k].ravel().astype(np.float64) for pair in pairs]) for k in (0, 1)
    )
    known = np.isfinite(original)
    gap, values = np.abs(answer - original)[known], original[known]
    spread = float(values.std()) if values.size else 0.0
    found.largest[name] = float(gap.max(initial=0.0))
    found.mean[name] = float(gap.mean()) if gap.size else 0.0
    rms = float(np.sqrt(np.mean(gap**2))) if gap.size else 0.0
    found.relative[name] = rms / spread if spread > 0 else rms


def _share_of_same(pairs: Sequence[tuple[Any, Any]]) -> float:
    same = sum(int((one == other).sum()) for one, other in pairs)
    return float(same / max(1, sum(other.size for _, other in pairs)))
