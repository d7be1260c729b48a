"""A bundle: a folder with everything that the person who runs a model needs."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export import bundle
from export.call_order import call_order
from export.in_parts import SHARED, checked_answers, opened_parts, part_facts, write_parts
from export.onnx_model import to_onnx
from export.proof.report import Report
from export.saved_model import to_saved_model

SAVED_MODEL = Path("saved_model", "1")


def to_bundle(
    model: Any, folder: str | os.PathLike[str], *, saved_model: bool = False, **options: Any
) -> list[Report]:
    """Exports a model as a folder of ``model.onnx``, ``golden.json`` and ``manifest.json``.

    ``rnn-zoo verify FOLDER`` (in Python ``export.replay``) checks it where no Keras is installed:
    the manifest has the SHA-256 of the other files, the golden vectors are a few inputs with
    the original's outputs. A zoo model that answers step by step has ``encoder.onnx`` and
    ``step.onnx`` beside the whole; ``parts`` in the manifest says how they are called
    (``export.call_order``), and the golden vectors hold a few raw inputs with their answers too.

    Args:
        model: A zoo model, or any ``keras.Model``.
        folder: Where it goes; files of these names are replaced, others stay.
        saved_model: Whether a SavedModel goes to ``saved_model/1``, those of the parts to
            ``saved_encoder/1`` and ``saved_step/1``.
        **options: Of ``to_onnx`` and, those that it knows, of ``to_saved_model``.

    Returns:
        The reports of the ONNX files, then those of the SavedModels.

    Raises:
        ExportError: The model has no such form, or a file does not answer as the model does.
    """
    target = Path(folder)
    file = target / bundle.MODEL
    reports = [to_onnx(model, file, golden=target / bundle.GOLDEN, **options)]
    parts = getattr(model, "parts", {})
    manifest: dict[str, Any] = {}
    if parts:
        reports += _with_parts(model, target, options)
        opened = opened_parts(target)
        manifest["parts"] = call_order(opened, model.task.first)
    if saved_model:
        reports += _saved_models(model, parts, target, options)
    manifest["files"] = bundle.digests(target, bundle.PARTS.values() if parts else ())
    manifest["exports"] = [report.to_dict() for report in reports]
    bundle.write_json(target / bundle.MANIFEST, manifest)
    bundle.manifest_path(file).unlink()
    return reports


def _with_parts(model: Any, target: Path, options: Mapping[str, Any]) -> list[Report]:
    """Writes the parts, and their golden vectors and some answers into those of the whole."""
    kind, samples = options.get("quantize"), options.get("samples")
    shared = {key: options[key] for key in SHARED if key in options}
    reports, vectors = write_parts(model, target, quantize=kind, samples=samples, **shared)
    facts = {**bundle.read_json(target / bundle.GOLDEN), "parts": vectors}
    if kind != "int8":  # integer kernels round as the machine does, which moves decisions
        facts["answers"] = checked_answers(model, target, samples)
    bundle.write_json(target / bundle.GOLDEN, facts, indent=None)
    return reports


def _saved_models(
    model: Any, parts: Mapping[str, Any], target: Path, options: Mapping[str, Any]
) -> list[Report]:
    known = inspect.signature(to_saved_model).parameters
    given = {key: value for key, value in options.items() if key in known}
    shared = {key: value for key, value in given.items() if key in SHARED}
    reports = [to_saved_model(model, target / SAVED_MODEL, **given)]
    for name, part in parts.items():
        facts = part_facts(model, name)
        path = target / f"saved_{name}" / "1"
        reports.append(to_saved_model(part, path, metadata=facts, raw=False, **shared))
    return reports
