"""A Keras model as a SavedModel with named signatures, proven in a fresh process."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tensorflow as tf

from export import bundle
from export.frontend.as_tensorflow import RawModule
from export.frontend.choice import described
from export.frontend.raw_proof import RawSubject, at_raw_level
from export.proof.examiner import examiner, model_metadata, subject_of
from export.proof.report import Report
from export.proof.samples import Sample
from export.raw_input import check_task, task_facts
from export.tracing.subject import Subject
from zoo.errors import ExportError
from zoo.files import replacing
from zoo.processing.frontend import Frontend

SERVE, STEP, SERVE_RAW, STEP_RAW = "serve", "step", "serve_raw", "step_raw"


def to_saved_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    inputs: Any = None,
    processing: Mapping[str, Any] | None = None,
    labels: Sequence[str] | None = None,
    task: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    raw: bool | None = None,
    streaming: bool = False,
    cases: int = 24,
    seed: int = 0,
    sample: Sample | None = None,
) -> Report:
    """Exports a model as a SavedModel and proves that it answers as the model does.

    The signature ``serve`` takes and returns tensors by name, with open batch and time axes. A
    model with states (``stateful=True`` layers, or those that ``metadata["states"]`` names) has a
    signature ``step`` too, whose states are inputs and outputs; ``serve`` starts from zeros. Where
    the task's processing has a form in TensorFlow's operators, ``serve_raw`` (and ``step_raw``)
    takes raw input. The folder gets its name only after a fresh process with TensorFlow alone
    answered ``cases`` random inputs within ``1e-5 + 1e-5 * |value|``. It replaces an older
    SavedModel of that name.

    Args:
        model: A zoo model, or any ``keras.Model``.
        path: The folder to write, for example ``digits/1``.
        inputs: What a subclassed model is called with; see ``to_onnx``.
        processing: How raw input becomes arrays; see ``to_onnx``.
        labels: Name of each class.
        task: Kind of task.
        metadata: JSON-able facts, over those of a zoo model; they stand in ``manifest.json``.
        streaming: Give a causal model's states to the signature ``step``, which takes chunks; see
            ``to_onnx``.
        raw: Whether there is ``serve_raw``; by default wherever it can be.
        cases: Number of random inputs of the proof, for each level.
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
    if raw and streaming:
        raise ExportError(
            "raw=True and streaming=True exclude each other in a SavedModel, whose `step` takes "
            "tensors; leave one out, or take to_onnx"
        )
    facts = {**model_metadata(model), **task_facts(processing, labels, task), **(metadata or {})}
    subject = subject_of(model, inputs, streaming=streaming)
    check_task(subject, facts)
    judge = examiner(subject, cases=cases, seed=seed, sample=sample, metadata=facts)
    raw_judge, frontend = at_raw_level(judge, facts, False if streaming else raw)
    facts |= described(facts, frontend, [*raw_judge.axes.inputs, *raw_judge.axes.outputs])
    try:
        with replacing(target) as temporary:
            _save(judge.subject, temporary, judge.every_state(), frontend)
            also = raw_judge if frontend else None
            verdict = judge.examine(temporary, "replay_saved_model.py", also)
            report = replace((also or judge).report(temporary, verdict, started), path=target)
            told = judge.metadata() if streaming else {}
            about = {**report.to_dict(), "metadata": {**facts, **told}}
            bundle.write_json(temporary / bundle.MANIFEST, about)
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}") from error
    return report


def _save(
    subject: Subject, folder: Path, states: Mapping[str, str], frontend: Frontend | None
) -> None:
    """Writes the functions and the variables that they read, and nothing of Keras."""
    odd = [spec.name for spec in subject.inputs if not spec.name.isidentifier()]
    if odd:
        raise ExportError(
            f"input names of a SavedModel must be Python names, received {odd}; "
            "name the keras.Input layers so"
        )
    signatures = {SERVE: _signature(subject, states)}
    if states:
        signatures[STEP] = _signature(subject, {})
    module = tf.Module()
    if frontend:
        module.raw = RawModule(frontend)
        signatures[SERVE_RAW] = _raw_signature(subject, frontend, module.raw, states)
        if states:
            signatures[STEP_RAW] = _raw_signature(subject, frontend, module.raw, {})
    module.state = [variable.value for variable in subject.network.variables]
    try:
        tf.saved_model.save(
            module, str(folder), signatures={**signatures, "serving_default": signatures[SERVE]}
        )
    except AssertionError as error:
        raise ExportError(
            f"model {subject.name!r} reads state that is no Keras variable, "
            "which a SavedModel cannot hold"
        ) from error


def _signature(subject: Subject, zeros: Mapping[str, str]) -> Any:
    """A function of named tensors, without the states that start from zeros."""
    traced = subject.function.get_concrete_function()
    keys = dict(zip(subject.output_names, sorted(traced.structured_outputs), strict=True))
    given = [spec for spec in subject.inputs if spec.name not in zeros]

    def call(**inputs: Any) -> dict[str, Any]:
        batch = tf.shape(inputs[given[0].name])[0]
        for spec in subject.inputs:
            if spec.name in zeros:
                rest = [size or 0 for size in spec.shape[1:]]
                inputs[spec.name] = tf.zeros([batch, *rest], spec.dtype)
        outputs = traced(*(inputs[spec.name] for spec in subject.inputs))
        return {name: outputs[key] for name, key in keys.items() if name not in zeros.values()}

    return tf.function(call, autograph=False).get_concrete_function(
        **{spec.name: tf.TensorSpec(spec.shape, spec.dtype) for spec in given}
    )


def _raw_signature(
    subject: Subject, frontend: Frontend, module: RawModule, zeros: Mapping[str, str]
) -> Any:
    """A function of raw input by name, without the states that start from zeros."""
    whole = _signature(subject, zeros)
    given = [spec.name for spec in subject.inputs if spec.name not in zeros]

    def call(**raw: Any) -> dict[str, Any]:
        inputs = module.process(raw)
        passed = {tensor.name: inputs[tensor.name] for tensor in frontend.passed}
        outputs = whole(**{name: inputs[name] for name in given})
        found = module.restore({**outputs, **passed})
        return {name: tensor for name, tensor in found.items() if name not in passed}

    specs = {
        spec.name: tf.TensorSpec(spec.shape, "string" if spec.dtype == "str" else spec.dtype)
        for spec in RawSubject(subject, frontend).inputs
        if spec.name not in zeros
    }
    return tf.function(call, autograph=False).get_concrete_function(**specs)
