"""Golden vectors: a few inputs and the original's outputs, in JSON that every language reads.

``golden.json`` holds ``format_version``, the SHA-256 of the ONNX file, the tolerance t of each
output (|a - b| <= t * (s + |b|); s is 1, or in ``scale`` one number a feature, in C order of the
last axes) and ``vectors``: ``inputs`` and ``outputs`` by name, each with
``dtype``, ``shape`` and ``data``, the values in C order. Numbers that are not finite are the texts
"NaN", "Infinity" and "-Infinity". Of a model in parts, ``parts`` holds the same for each of their
files, and ``answers`` some raw inputs, ``raw``, with what the task answers, ``answer``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export import bundle
from export.allowed import Allowed, facts_of, read_facts
from zoo.errors import ExportError, RuntimeFileError
from zoo.tasks import Arrays

if TYPE_CHECKING:
    from export.runtime import Model

Vector = tuple[Arrays, Arrays]

_COUNT = 3
_FACTS = {"sha256", "tolerance", "vectors"}
_ANSWERED = 1e-3  # of probabilities, which are products of many steps


@dataclass(frozen=True)
class Replay:
    """What a replay of golden vectors found.

    Attributes:
        path: The folder of the bundle.
        vectors: Number of vectors.
        max_abs_error: Output name -> largest absolute difference.
        answers: Number of raw inputs whose answers were the original's too.
    """

    path: Path
    vectors: int
    max_abs_error: Mapping[str, float]
    answers: int = 0

    def __str__(self) -> str:
        worst = max(self.max_abs_error.values(), default=0.0)
        raw = f" and {self.answers} raw inputs" if self.answers else ""
        return (
            f"{self.path}: equal to the original's answers on {self.vectors} golden vectors{raw} "
            f"(largest difference {worst:.1e})"
        )


def chosen(inputs: Sequence[Arrays], outputs: Sequence[Arrays]) -> list[Vector]:
    """The few pairs of a proof that are worth keeping: the smallest."""
    pairs = list(zip(inputs, outputs, strict=True))
    return sorted(pairs, key=lambda pair: sum(array.size for array in pair[0].values()))[:_COUNT]


def write(
    path: Path, vectors: Sequence[Vector], allowed: Mapping[str, Allowed], sha256: str
) -> None:
    """Writes ``golden.json``.

    Args:
        path: The file.
        vectors: Inputs and the original's outputs.
        allowed: Output name -> how far another machine's answers may be.
        sha256: Of the ONNX file.
    """
    facts = {
        "sha256": sha256,
        **facts_of(allowed),
        "vectors": [
            {
                side: {name: _to_json(array) for name, array in arrays.items()}
                for side, arrays in zip(("inputs", "outputs"), vector, strict=True)
            }
            for vector in vectors
        ],
    }
    bundle.write_json(path, facts, indent=None)


def replay(folder: str | os.PathLike[str], **options: Any) -> Replay:
    """Checks a bundle: its files are those that were written, and it answers as the original did.

    Needs numpy and onnxruntime alone.

    Args:
        folder: What ``export.to_bundle`` wrote.
        **options: Of ``export.runtime.load``.

    Raises:
        RuntimeFileError: A file is missing, damaged, of another bundle or of a later format.
        ExportError: An answer differs from the original's.
    """
    from export.runtime import load

    path = Path(folder)
    model = load(path, **options)
    manifest = bundle.read_json(path / bundle.MANIFEST)
    files = {part.path.name: part for part in model.parts.values()}
    bundle.check_files(path, manifest.get("files"), [bundle.MODEL, *files, bundle.GOLDEN])
    facts = bundle.read_json(path / bundle.GOLDEN)
    count, errors = 0, dict[str, float]()
    for name, asked in ((bundle.MODEL, model), *files.items()):
        told = facts if asked is model else facts.get("parts", {}).get(name, {})
        if not told.keys() >= _FACTS or not told["vectors"]:
            raise RuntimeFileError(f"{path / bundle.GOLDEN} holds no golden vectors; export again")
        for number, vector in enumerate(told["vectors"]):
            found = _replayed(asked, vector, read_facts(told), number)
            errors |= {key: max(errors.get(key, 0.0), error) for key, error in found.items()}
        count += len(told["vectors"])
    answers = facts.get("answers", [])
    for one in answers:
        check_answer(one["raw"], model.predict(one["raw"]).to_dict(), one["answer"])
    return Replay(path, count, errors, len(answers))


def check_answer(raw: str, answer: Any, original: Any) -> None:
    """Checks an answer to raw input: texts and counts equal, numbers nearly.

    Raises:
        ExportError: It differs.
    """
    if isinstance(original, dict) and isinstance(answer, dict) and original.keys() == answer.keys():
        for key in original:
            check_answer(raw, answer[key], original[key])
    elif isinstance(original, list) and isinstance(answer, list) and len(original) == len(answer):
        for one, other in zip(answer, original, strict=True):
            check_answer(raw, one, other)
    elif isinstance(original, float) and isinstance(answer, float):
        if not np.isclose(answer, original, rtol=_ANSWERED, atol=_ANSWERED):
            raise ExportError(f"for {raw!r} the bundle answers {answer}, the original {original}")
    elif answer != original:
        raise ExportError(f"for {raw!r} the bundle answers {answer!r}, the original {original!r}")


def _replayed(
    model: Model, vector: Mapping[str, Any], allowed: Mapping[str, Allowed], number: int
) -> dict[str, float]:
    """The largest difference of each output.

    Raises:
        ExportError: One is over its tolerance.
    """
    inputs, outputs = (
        {k: _from_json(v) for k, v in vector[s].items()} for s in ("inputs", "outputs")
    )
    answers, errors = model.run(inputs), dict[str, float]()
    for name, original in outputs.items():
        error = _difference(answers.get(name), original, allowed.get(name, Allowed(0.0)))
        if error is None:
            raise ExportError(
                f"{model.path} does not give the original's {name!r} for golden "
                f"vector {number}; the runtime's version or its providers may be the reason"
            )
        errors[name] = error
    return errors


def _difference(answer: Any, original: Any, allowed: Allowed) -> float | None:
    """The largest absolute difference; None where answers are not equal."""
    if answer is None or (answer.shape, answer.dtype) != (original.shape, original.dtype):
        return None
    if original.dtype.kind != "f":
        return 0.0 if np.array_equal(answer, original) else None
    with np.errstate(invalid="ignore"):
        gap = np.abs(answer - original)
    same = (answer == original) | (np.isnan(answer) & np.isnan(original))
    if not (same | (gap <= allowed.around(original))).all():
        return None
    return float(np.nanmax(np.where(same, 0.0, gap), initial=0.0))


def _to_json(array: Any) -> dict[str, Any]:
    texts = array.dtype.kind in "OU"
    data = array.ravel().tolist()
    if array.dtype.kind == "f":  # the shortest text that gives the same number back
        data = [_number(value) for value in array.ravel()]
    dtype = "string" if texts else array.dtype.name
    return {"dtype": dtype, "shape": list(array.shape), "data": data}


def _number(value: Any) -> float | str:
    if np.isfinite(value):
        return float(str(value))
    return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _from_json(facts: Mapping[str, Any]) -> Any:
    if facts["dtype"] == "string":
        return np.array(facts["data"], object).reshape(facts["shape"])
    data = [float(x) if isinstance(x, str) else x for x in facts["data"]]
    return np.array(data, facts["dtype"]).reshape(facts["shape"])
