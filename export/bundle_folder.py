"""A bundle: a folder with everything that the person who runs a model needs."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import Any

from export import bundle
from export.onnx_model import to_onnx
from export.proof.report import Report
from export.saved_model import to_saved_model

SAVED_MODEL = Path("saved_model", "1")


def to_bundle(
    model: Any, folder: str | os.PathLike[str], *, saved_model: bool = False, **options: Any
) -> list[Report]:
    """Exports a model as a folder of ``model.onnx``, ``golden.json`` and ``manifest.json``.

    ``rnn-zoo verify FOLDER`` (in Python ``export.replay``) checks it where no Keras is installed:
    the manifest has the SHA-256 of the other two files, the golden vectors are a few inputs with
    the original's outputs.

    Args:
        model: A zoo model, or any ``keras.Model``.
        folder: Where it goes; files of these names are replaced, others stay.
        saved_model: Whether a SavedModel goes to ``saved_model/1``.
        **options: Of ``to_onnx`` and, those that it knows, of ``to_saved_model``.

    Returns:
        The report of the ONNX file, then that of the SavedModel.

    Raises:
        ExportError: The model has no such form, or a file does not answer as the model does.
    """
    target = Path(folder)
    file = target / bundle.MODEL
    reports = [to_onnx(model, file, golden=target / bundle.GOLDEN, **options)]
    if saved_model:
        known = inspect.signature(to_saved_model).parameters
        shared = {key: value for key, value in options.items() if key in known}
        reports.append(to_saved_model(model, target / SAVED_MODEL, **shared))
    manifest = {"files": bundle.digests(target), "exports": [r.to_dict() for r in reports]}
    bundle.write_json(target / bundle.MANIFEST, manifest)
    bundle.manifest_path(file).unlink()
    return reports
