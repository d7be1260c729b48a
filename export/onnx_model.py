"""A recurrent Keras model as a fast, proven ONNX file.

tf2onnx converts every layer that is not recurrent; each call of a recurrent layer is marked while
the model is traced and becomes ONNX's own operator or a ``Scan`` (``export.recurrent``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import onnx
from onnx import ModelProto
from onnx.version_converter import convert_version

from export import bundle
from export import golden as vectors
from export.frontend.attach import attached, opset_of
from export.frontend.choice import described, task_frontend
from export.frontend.raw_proof import at_raw_level
from export.graph.expand import expand_marks
from export.graph.operators import check_operators
from export.graph.rebuild import Port, rebuild
from export.graph.twins import share_twins
from export.internals import convert
from export.proof.axes import Axes, name_axes
from export.proof.examiner import Examiner, examiner, model_metadata, subject_of
from export.proof.report import Report
from export.proof.samples import Sample, Sampler
from export.quantization.of_model import made_small, small_plan
from export.quantization.quantize import make_small
from export.raw_input import check_task, task_facts
from export.recurrent import Forms
from export.tracing.subject import Subject
from zoo.errors import ExportError
from zoo.files import replacing
from zoo.processing.frontend import Frontend

# Marks are expanded at one of tf2onnx's own versions; onnx converts to later ones.
OLDEST, CONVERTED = 13, 18


def to_onnx(
    model: Any,
    path: str | os.PathLike[str],
    *,
    inputs: Any = None,
    form: str = "auto",
    optimize_for: str | None = None,
    processing: Mapping[str, Any] | None = None,
    labels: Sequence[str] | None = None,
    task: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    raw: bool | None = None,
    streaming: bool = False,
    opset: int | None = None,
    cases: int = 24,
    seed: int = 0,
    sample: Sample | None = None,
    quantize: str | None = None,
    samples: Sequence[Any] | None = None,
    golden: str | os.PathLike[str] | None = None,
) -> Report:
    """Exports a model to ONNX and proves that the file answers as the model does.

    The file gets its name only after a process that can import numpy and onnxruntime and nothing
    else answered ``cases`` random inputs of different batch sizes and lengths within
    ``1e-5 + 1e-5 * |value|`` (float16 outputs 1e-3, float64 1e-10, integers exactly).
    ``<path>.manifest.json`` is written beside it.

    Layers of float16 or bfloat16 are computed in float32, since onnxruntime has no kernels for
    less; outputs keep their type, but for bfloat16, which becomes float32. Layers with
    ``stateful=True`` take their state from inputs ``<layer>_h`` and so on, and give outputs
    ``next_<layer>_h``.

    Args:
        model: A zoo model, or any ``keras.Model``.
        path: The file to write.
        inputs: What a subclassed model is called with, where one call does not tell (several
            arguments, integer types): a nested structure of ``keras.Input`` or
            ``keras.InputSpec``; a tuple stands for several positional arguments.
        form: How recurrent layers are written: "auto" as measured for onnxruntime, "native" with
            ONNX's own operators wherever there is one, "scan" with ``Scan`` always.
        optimize_for: With "auto", None for forms that are good at every batch size, "latency" for
            batch 1, "throughput" for batch 32.
        processing: How raw input becomes arrays: what a recipe's ``[processing]`` holds.
        labels: Name of each class.
        task: Kind of task; found by ``processing`` if left out.
        metadata: JSON-able facts for the file, over those of a zoo model; ``states`` maps state
            inputs to the outputs with their next values, where the model is causal.
        raw: Whether the processing of the task stands in the file: it then takes waveforms, texts
            or tables in their own units, and gives probabilities, labels and forecasts in units
            too. By default wherever that has a form in ONNX; False leaves it out, True insists.
        streaming: Write a file that takes a causal model's sequence in chunks of any number of
            steps: the state of each recurrent layer (``<layer>_h``, ``<layer>_c``) and the last
            inputs of each convolution along time (``<layer>_x``) are inputs and outputs, which
            start from zeros. An output without a time axis holds for the sequence up to the end of
            the chunk. That chunks give what the whole sequence gives is proven.
        opset: Version of the standard operators, 13 or later; by default 18, and 20 for a file
            that takes texts.
        cases: Number of random inputs of the proof.
        seed: Seed of those inputs.
        sample: Draws inputs, where random ones do not fit the model: a function of a numpy
            Generator and the sizes of the open axes, which returns arrays by input name.
        quantize: "int8" or "float16": what ``export.quantize`` makes of the proven file stands at
            ``path`` then, and the report's ``quantized`` says what that brought and cost.
        samples: Typical inputs to measure that on; see ``export.quantize``.
        golden: Where golden vectors go: a few inputs of the proof with the model's outputs, in
            the JSON of ``export.golden``.

    Raises:
        ExportError: A layer has no ONNX form, or looks along time where the file should stream, or
            the file does not answer as the model does; no file is left then.
    """
    started = time.perf_counter()
    newest = onnx.defs.onnx_opset_version()
    if opset is not None and not OLDEST <= opset <= newest:
        raise ExportError(f"opset {opset} was asked for; {OLDEST} to {newest} are possible")
    target = Path(path)
    if target.is_dir():
        raise ExportError(f"{target} is a folder; name a file, for example {target}/model.onnx")
    plan = small_plan(quantize, optimize_for, samples, sample, cases, seed)
    facts = {**model_metadata(model), **task_facts(processing, labels, task), **(metadata or {})}
    if keras.backend.backend() != "tensorflow":
        report = _elsewhere(
            model,
            target,
            Path(golden) if golden else None,
            (inputs, sample),
            form=form,
            optimize_for=optimize_for,
            metadata=facts,
            raw=raw,
            streaming=streaming,
            opset=opset,
            cases=cases,
            seed=seed,
        )
        return report if plan is None else made_small(report, plan, golden)
    frontend = task_frontend(facts, raw, streaming=streaming)
    opset = _opset(frontend, opset)
    subject = subject_of(model, inputs, streaming=streaming)
    check_task(subject, facts)
    forms = Forms(form, optimize_for)
    with subject.exporting():
        converted = _converted(subject, forms, min(opset, CONVERTED))
    judge = examiner(subject, cases=cases, seed=seed, sample=sample, metadata=facts)
    axes = judge.axes
    judge, frontend = at_raw_level(judge, facts, raw, streaming=streaming)
    proto = _rebuilt(subject, converted, axes, opset, frontend)
    facts |= described(facts, frontend, [*judge.axes.inputs, *judge.axes.outputs])
    content = _with_metadata(proto, judge, facts)
    try:
        with replacing(target) as temporary:
            temporary.write_bytes(content)
            verdict = judge.examine(temporary, "replay_onnx.py")
            small = make_small(temporary, temporary, plan, target.name) if plan else None
        report = judge.report(target, verdict, started)
        report = replace(report, quantized=small.report_of(target) if small else None)
        if golden:
            kept = small or verdict
            allowed = small.allowed if small else judge.subject.allowed
            vectors.write(Path(golden), kept.vectors, allowed, report.sha256)
        bundle.write_json(bundle.manifest_path(target), report.to_dict())
    except OSError as error:
        raise ExportError(f"{target} cannot be written: {error.strerror or error}") from error
    return report


def _opset(frontend: Frontend | None, asked: int | None) -> int:
    needed = opset_of(frontend, CONVERTED if asked is None else asked) if frontend else asked
    if asked is not None and needed != asked:
        raise ExportError(
            f"opset {asked} was asked for, but operators on texts need {needed}; "
            "leave it out, or take raw=False"
        )
    return CONVERTED if needed is None else needed


def _elsewhere(
    model: Any, target: Path, golden: Path | None, here: tuple[Any, Any], **options: Any
) -> Report:
    from export import elsewhere

    if any(argument is not None for argument in here):
        raise ExportError(
            f"Keras runs on its {keras.backend.backend()!r} backend; `inputs` and `sample` cannot "
            "go with the model to a process on TensorFlow; load the model there and export it"
        )
    return elsewhere.to_onnx(getattr(model, "network", model), target, golden, options)


def unproven(model: Any, forms: Forms, opset: int = CONVERTED) -> bytes:
    """The ONNX model without metadata or proof, to measure its forms."""
    subject = Subject(model)
    with subject.exporting():
        converted = _converted(subject, forms, opset)
    axes = name_axes(subject, Sampler(subject))
    rebuilt = _rebuilt(subject, converted, axes, opset)
    return bytes(rebuilt.SerializeToString(deterministic=True))


def _with_metadata(proto: ModelProto, judge: Examiner, metadata: Mapping[str, Any]) -> bytes:
    """The bytes of the ONNX file; equal for equal models, whatever the machine."""
    facts = dict(metadata)
    facts |= judge.metadata()
    entries = {bundle.METADATA_KEY: bundle.to_text(facts), bundle.DIGEST_KEY: bundle.NO_DIGEST}
    for key, value in entries.items():
        proto.metadata_props.add(key=key, value=value)
    return bundle.sealed(proto.SerializeToString(deterministic=True))


def _converted(subject: Subject, forms: Forms, opset: int) -> ModelProto:
    function, marks = subject.marked(forms)
    proto = convert(function, opset)
    expand_marks(proto, marks.calls, forms, opset)
    check_operators(proto, opset, layers=subject.layer_names())
    return proto


def _rebuilt(
    subject: Subject, proto: ModelProto, axes: Axes, opset: int, frontend: Frontend | None = None
) -> ModelProto:
    inputs = [
        Port(f"input_{index:03d}", spec.name, spec.dtype, axes.inputs[spec.name])
        for index, spec in enumerate(subject.inputs)
    ]
    outputs = [
        Port(f"output_{index:03d}", name, dtype, axes.outputs[name])
        for index, (name, dtype) in enumerate(
            zip(subject.output_names, subject.output_dtypes, strict=True)
        )
    ]
    try:
        if opset > CONVERTED:
            rebuilt = rebuild(proto, inputs, outputs, name=subject.name, opset=CONVERTED)
            proto = _readable(convert_version(rebuilt, opset))
            inputs = [replace(port, old=port.new) for port in inputs]
            outputs = [replace(port, old=port.new) for port in outputs]
        if frontend:
            proto, inputs, outputs = attached(proto, frontend, inputs, outputs)
        rebuilt = rebuild(proto, inputs, outputs, name=subject.name, opset=opset)
        share_twins(rebuilt)
        onnx.checker.check_model(rebuilt, full_check=True)
    except Exception as error:  # the checker and shape inference raise types of their own
        reason = str(error).strip().splitlines()[0]
        raise ExportError(
            f"the graph of {subject.name!r} is not valid in opset {opset}: {reason}"
        ) from error
    return rebuilt


def _readable(proto: ModelProto) -> ModelProto:
    """Marks names as ours, so that they stay when the graph is built once more."""
    for node in proto.graph.node:
        node.name += "@"
    return proto
