"""Whether a file takes raw input: what its task has, its network fits and its caller asks."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any

from export.proof.axes import Axes, Shape
from export.tracing.subject import Subject
from zoo.errors import ExportError
from zoo.processing.frames import LONGEST, Frames, FramesOfChunks
from zoo.processing.frontend import Frontend, Tensor
from zoo.processing.waveforms import Waveforms
from zoo.tasks import load_task


def task_frontend(
    facts: Mapping[str, Any], raw: bool | None, *, streaming: bool = False
) -> Frontend | None:
    """The frontend of the task that the metadata names, or None for a file of tensors.

    Args:
        facts: The metadata.
        raw: True to insist on raw input, False for tensors, None for raw input where it can be.
        streaming: Whether the file takes chunks.

    Raises:
        ExportError: Raw input is asked for, but there is no task, or its processing has no form in
            a graph.
    """
    if raw is False:
        return None
    if not {"task", "processing"} <= facts.keys():
        if raw:
            raise ExportError(
                "raw=True needs a task: say how raw input becomes arrays by `processing=`"
            )
        return None
    task = load_task(facts["task"], facts["processing"])
    frontend = getattr(task, "streaming", Frontend(None, None)) if streaming else task.frontend
    if frontend.before is None and raw:
        raise ExportError(
            f"raw=True was asked for, but the processing of the task {facts['task']!r} has no form "
            f"in a graph{' that takes chunks' if streaming else ''}; leave raw= out: the file then "
            "takes tensors, which the metadata explains"
        )
    return frontend if frontend.before or frontend.after else None


def fitting(frontend: Frontend, subject: Subject, axes: Axes, raw: bool | None) -> Frontend | None:
    """The frontend if the network takes and gives what its parts give and take.

    Raises:
        ExportError: A size differs, or raw input is asked for and a type differs.
    """
    types = {spec.name: spec.dtype for spec in subject.inputs}
    types_out = dict(zip(subject.output_names, subject.output_dtypes, strict=True))
    aside = (*frontend.kept, *frontend.passed)
    given = [t for t in frontend.before.gives if t not in aside] if frontend.before else []
    names = {tensor.name for tensor in frontend.passed}
    read = [t for t in frontend.after.reads if t.name not in names] if frontend.after else []
    pairs = [(tensor, types[tensor.name], axes.inputs[tensor.name]) for tensor in given]
    pairs += [(tensor, types_out[tensor.name], axes.outputs[tensor.name]) for tensor in read]
    for tensor, dtype, shape in pairs:
        if not _sizes_fit(tensor, shape):
            raise ExportError(
                f"the task's processing makes {tensor.name!r} of shape {tensor.shape}, but the "
                f"model's is {shape}; change the processing, its labels or the model"
            )
        if dtype != tensor.dtype:
            if raw:
                raise ExportError(
                    f"raw=True needs {tensor.name!r} of {tensor.dtype}, the model's is {dtype}"
                )
            return None
    if isinstance(frontend.before, (Waveforms, Frames)):
        _check_frames(frontend.before, axes.minimum)
    return frontend


def described(
    facts: Mapping[str, Any], frontend: Frontend | None, names: Iterable[str]
) -> dict[str, Any]:
    """What the metadata says of raw input and of what each array holds.

    Args:
        facts: The rest of the metadata.
        frontend: What stands in the file.
        names: The file's inputs and outputs.

    Returns:
        `raw`; `tensors`, name -> what it holds; `longest`, axis -> the most steps on it. Nothing
        for a file without a task.
    """
    if "task" not in facts:
        return {}
    module = importlib.import_module(f"zoo.tasks.{facts['task']}")
    known = {**module.INPUTS, **module.OUTPUTS, **getattr(module, "PARTS", {})}
    known |= frontend.meanings() if frontend else {}
    told: dict[str, Any] = {"raw": frontend is not None}
    told["tensors"] = {name: known[name] for name in names if name in known}
    if frontend and isinstance(frontend.before, Waveforms):
        config = frontend.before.config
        told["longest"] = {"samples": int(config.longest * config.sampling_rate)}
    elif frontend and isinstance(frontend.before, Frames):
        told["longest"] = {"samples": LONGEST * frontend.before.config.sampling_rate}
    return told


def _sizes_fit(tensor: Tensor, shape: Shape) -> bool:
    if len(shape) != len(tensor.shape):
        return False
    pairs = zip(tensor.shape, shape, strict=True)
    return all(a == b for a, b in pairs if isinstance(a, int) and isinstance(b, int))


def _check_frames(part: Waveforms | Frames, minimum: int) -> None:
    config = part.config
    least = 1 if isinstance(part, FramesOfChunks) else config.frames
    if least < minimum:
        raise ExportError(
            f"the processing makes {least} frames of a short recording, but the model needs "
            f"{minimum}; set `frames` to that, or pad the convolutions causally"
        )
