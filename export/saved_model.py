"""A Keras model as a SavedModel with one named signature, proven in a fresh process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from export import bundle
from export.proof import examiner, model_metadata
from export.report import Report
from export.samples import Sample
from export.subject import Subject
from zoo.errors import ExportError
from zoo.files import replacing

SIGNATURE = "serve"


def to_saved_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    metadata: Mapping[str, Any] | None = None,
    cases: int = 24,
    seed: int = 0,
    sample: Sample | None = None,
) -> Report:
    """Exports a model as a SavedModel and proves that it answers as the model does.

    The signature ``serve`` takes and returns tensors by name, with open batch and time axes. The
    folder gets its name only after a fresh process with TensorFlow alone answered ``cases`` random
    inputs within ``1e-5 + 1e-5 * |value|``. It replaces an older SavedModel of that name.

    Args:
        model: A zoo model, or any ``keras.Model``.
        path: The folder to write, for example ``digits/1``.
        metadata: JSON-able facts, over those of a zoo model; they stand in ``manifest.json``.
        cases: Number of random inputs of the proof.
        seed: Seed of those inputs.
        sample: Draws inputs, where random ones do not fit the model.

    Raises:
        ExportError: The model cannot be traced, or the SavedModel answers differently; nothing is
            left then.
    """
    started = time.perf_counter()
    target = Path(path)
    if target.exists() and not (target / "saved_model.pb").is_file():
        raise ExportError(f"{target} exists and is no SavedModel; choose another folder")
    facts = {**model_metadata(model), **(metadata or {})}
    judge = examiner(Subject(model), cases=cases, seed=seed, sample=sample, metadata=facts)
    try:
        with replacing(target) as temporary:
            _save(judge.subject, temporary)
            errors = judge.examine(temporary, "replay_saved_model.py")
            report = replace(judge.report(temporary, errors, started), path=target)
            about = {**report.to_dict(), "metadata": facts}
            bundle.write_json(temporary / bundle.MANIFEST, about)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}") from error
    return report


def _save(subject: Subject, folder: Path) -> None:
    """Writes the function and the variables it reads, and nothing of Keras."""
    odd = [spec.name for spec in subject.inputs if not spec.name.isidentifier()]
    if odd:
        raise ExportError(
            f"input names of a SavedModel must be Python names, received {odd}; "
            "name the keras.Input layers so"
        )
    traced = subject.function.get_concrete_function()
    keys = dict(zip(sorted(traced.structured_outputs), subject.output_names, strict=True))

    def serve(**inputs: Any) -> dict[str, Any]:
        outputs = traced(*(inputs[spec.name] for spec in subject.inputs))
        return {name: outputs[key] for key, name in keys.items()}

    signature = tf.function(serve, autograph=False).get_concrete_function(
        **{spec.name: tf.TensorSpec(spec.shape, spec.dtype) for spec in subject.inputs}
    )
    module = tf.Module()
    module.state = [variable.value for variable in subject.network.variables]
    try:
        tf.saved_model.save(
            module, str(folder), signatures={SIGNATURE: signature, "serving_default": signature}
        )
    except AssertionError as error:
        raise ExportError(
            f"model {subject.name!r} reads state that is no Keras variable, "
            "which a SavedModel cannot hold"
        ) from error
