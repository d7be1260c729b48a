"""The encoder and the step of a zoo model as files of its bundle, beside the whole."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from export import bundle
from export.golden import check_answer
from export.onnx_model import to_onnx
from export.proof.report import Report
from export.quantization.of_model import made_small, small_plan
from export.runtime import Model, load
from zoo.errors import ExportError
from zoo.loading import Pretrained, states_of
from zoo.processing.parts import Parts
from zoo.tasks import Arrays, Decoder, Run

SHARED = ("form", "optimize_for", "opset", "cases", "seed")
_ANSWERS, _DRAWS = 3, 12
_CALLS = 8  # of each part, on which quantised files are judged


def write_parts(
    model: Pretrained,
    folder: Path,
    *,
    quantize: str | None = None,
    samples: Sequence[str] | None = None,
    **options: Any,
) -> tuple[list[Report], dict[str, Any]]:
    """Writes and proves ``encoder.onnx`` and ``step.onnx``.

    Args:
        model: A zoo model with parts.
        folder: Where they go.
        quantize: See ``to_onnx``; the files are judged on what raw input asks them.
        samples: Raw input; made by the task if left out.
        **options: Those of ``to_onnx`` that ``SHARED`` names.

    Returns:
        A report of each, and their golden vectors by file name.

    Raises:
        ExportError: A part has no ONNX form, or does not answer as the original does.
    """
    files = {name: folder / file for name, file in bundle.PARTS.items()}
    reports: dict[str, Report] = {}
    with tempfile.TemporaryDirectory(prefix="rnn-zoo-parts-") as kept:
        vectors = {name: Path(kept) / f"{name}.json" for name in files}
        for name, file in files.items():
            shared = {"metadata": part_facts(model, name), "golden": vectors[name], **options}
            reports[name] = to_onnx(model.parts[name], file, raw=False, **shared)
        asked = _asked(model, folder, samples or _made(model, _CALLS)) if quantize else {}
        for name, arrays in asked.items():
            form, cases, seed = (options.get(key) for key in ("optimize_for", "cases", "seed"))
            plan = small_plan(quantize, form, arrays, None, cases or 1, seed or 0)
            if plan:
                reports[name] = made_small(reports[name], plan, vectors[name])
        told = {files[name].name: bundle.read_json(path) for name, path in vectors.items()}
    for name, facts in told.items():
        del facts["format_version"]
        bundle.manifest_path(folder / name).unlink()
    return list(reports.values()), told


def opened_parts(folder: Path) -> dict[str, Model]:
    """The parts of a bundle whose manifest is not written yet."""
    return {name: load(folder / file) for name, file in bundle.PARTS.items()}


def checked_answers(
    model: Pretrained, folder: Path, samples: Sequence[str] | None
) -> list[dict[str, Any]]:
    """Raw inputs with the original's answers, after checking that the files give them.

    Of made inputs those are left out to which the original answers otherwise when it is asked as a
    whole: two of its answers are then equally good but for rounding.

    Args:
        model: The original.
        folder: The bundle.
        samples: Raw inputs; made by the task if left out.

    Raises:
        ExportError: The files answer otherwise.
    """
    task, found = model.task, list[dict[str, Any]]()
    here = cast(Parts, model.run)
    parts = {name: part.run for name, part in opened_parts(folder).items()}
    files = Parts(**parts, whole=load(folder / bundle.MODEL).run)
    for raw in samples or _made(model, _DRAWS):
        original = task.predict(here, raw).to_dict()
        try:
            check_answer(raw, task.predict(here.whole, raw).to_dict(), original)
        except ExportError:
            if samples:
                raise
            continue
        for run in (files, files.whole):
            check_answer(raw, task.predict(run, raw).to_dict(), original)
        found.append({"raw": raw, "answer": original})
        if len(found) == _ANSWERS:
            break
    return found


def part_facts(model: Pretrained, part: str) -> dict[str, Any]:
    """What the file of a part tells of itself."""
    return {**model.metadata(), "part": part, "states": states_of(model.parts[part])}


def _made(model: Pretrained, count: int) -> list[str]:
    """Raw inputs that the task makes of what it knows."""
    rng = np.random.default_rng(0)
    return [cast(Decoder, model.task).sample(rng) for _ in range(count)]


def _asked(model: Pretrained, folder: Path, raws: Sequence[str]) -> dict[str, list[Arrays]]:
    """What each part is asked for raw inputs, with the states that are left out at the start."""
    asked: dict[str, list[Arrays]] = {name: [] for name in bundle.PARTS}

    def noting(name: str, part: Model) -> Run:
        def run(arrays: Arrays) -> Arrays:
            asked[name].append(dict(arrays))
            return part.run(arrays)

        return run

    def whole(_: Arrays) -> Arrays:
        raise ExportError("the task asks the whole network where it is given parts")

    runs = {name: noting(name, part) for name, part in opened_parts(folder).items()}
    for raw in raws:
        model.task.predict(Parts(**runs, whole=whole), raw)
    return {name: arrays[:: max(1, len(arrays) // _CALLS)] for name, arrays in asked.items()}
