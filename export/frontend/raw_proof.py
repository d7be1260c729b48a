"""The proof at the raw level: raw questions, judged by numpy processing around the original."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from export.allowed import TOLERANCES, Allowed
from export.frontend.choice import fitting, task_frontend
from export.frontend.questions import RawSampler, open_size, raw_size
from export.proof.axes import Axes
from export.proof.chunking import Chunking
from export.proof.examiner import Examiner
from export.tracing.signature import TensorSpec
from zoo.processing.frames import FramesOfChunks
from zoo.processing.frontend import Frontend, Part
from zoo.tasks import Arrays


class RawSubject:
    """A model with its frontend around it; in all else the model itself.

    Args:
        subject: The model.
        frontend: Processing in numpy.
    """

    signature = "serve_raw"

    def __init__(self, subject: Any, frontend: Frontend) -> None:
        self._subject = subject
        self._frontend = frontend
        before, after = frontend.before, frontend.after
        made = {tensor.name for tensor in before.gives} if before else set()
        raw = before.reads if before else ()
        self.inputs = (
            *(TensorSpec(t.name, tuple(_open(size) for size in t.shape), t.dtype) for t in raw),
            *(spec for spec in subject.inputs if spec.name not in made),
        )
        types = dict(zip(subject.output_names, subject.output_dtypes, strict=True))
        types |= {tensor.name: tensor.dtype for tensor in after.gives} if after else {}
        types |= {tensor.name: tensor.dtype for tensor in frontend.kept}
        self.output_names = tuple(types)
        self.output_dtypes = tuple(types.values())
        # What is restored to units comes from a network in float32, whatever type holds it then.
        restored = {t.name: t.scale for t in (after.gives if after else ()) if t.scale}
        self.allowed = {
            name: Allowed(TOLERANCES["float32"], restored[name])
            if name in restored
            else Allowed(TOLERANCES.get(dtype, 0.0))
            for name, dtype in types.items()
        }
        self._generator = np.random.default_rng(0)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._subject, name)

    def run(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers as the file must."""
        return self._frontend.around(self._subject.run)(dict(arrays))

    def whole(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers as the model does that knows of no chunks."""
        return self._frontend.around(self._subject.whole)(dict(arrays))

    def run_as_is(self, arrays: Mapping[str, Any]) -> Arrays:
        """Answers in the model's own precision."""
        return self._frontend.around(self._subject.run_as_is)(dict(arrays))

    def moved(self, arrays: Arrays) -> Arrays:
        """The same raw input with the last bits of its numbers moved."""
        return {name: _moved(array, self._generator) for name, array in arrays.items()}

    def settled(self, expected: Arrays, found: Arrays) -> Arrays:
        """Expected answers, with the labels that the file's own logits decide for.

        The logits are compared; two classes that are equally likely but for rounding may both win.
        """
        decide = getattr(self._frontend.after, "decided", None)
        after = self._frontend.after
        if decide is None or after is None or not {t.name for t in after.reads} <= found.keys():
            return expected
        return {**expected, after.gives[-1].name: decide(found)}


def at_raw_level(
    judge: Examiner, facts: Mapping[str, Any], raw: bool | None, *, streaming: bool = False
) -> tuple[Examiner, Frontend | None]:
    """The examiner of a file, and the frontend that stands in it, if one does.

    Args:
        judge: Examines the network.
        facts: The metadata, which names the task.
        raw: Whether raw input is asked for; None for where it can be.
        streaming: Whether the file takes chunks.

    Raises:
        ExportError: Raw input is asked for and cannot be, or the network does not fit its task.
    """
    frontend = task_frontend(facts, raw, streaming=streaming)
    frontend = fitting(frontend, judge.subject, judge.axes, raw) if frontend else None
    return (raw_examiner(judge, frontend), frontend) if frontend else (judge, None)


def raw_examiner(judge: Examiner, frontend: Frontend) -> Examiner:
    """The examiner of a file of raw input, from that of its network.

    Args:
        judge: Examines the network; its seed, and how long its questions may be, stay.
        frontend: Processing around the network.
    """
    before, after = frontend.before, frontend.after
    made = {tensor.name for tensor in before.gives} if before else set()
    inputs = {tensor.name: tensor.shape for tensor in before.reads} if before else {}
    inputs |= {name: shape for name, shape in judge.axes.inputs.items() if name not in made}
    outputs = dict(judge.axes.outputs)
    outputs |= {tensor.name: tensor.shape for tensor in after.gives} if after else {}
    outputs |= {tensor.name: tensor.shape for tensor in frontend.kept}
    axes = Axes(inputs, outputs, 1 if before else judge.axes.minimum, judge.axes.held)
    subject: Any = RawSubject(judge.subject, frontend)
    sampler: Any = RawSampler(judge.sampler, frontend)
    found = replace(judge, subject=subject, axes=axes, sampler=sampler)
    if isinstance(before, FramesOfChunks):
        return in_chunks(found, before)
    return found if before is None else replace(found, sizes=_raw_sizes(judge, before))


def in_chunks(judge: Examiner, part: FramesOfChunks) -> Examiner:
    """The examiner of a file that takes sound in chunks: what it holds of them is a state too."""
    frame, hop = part.config.frame_length, part.config.hop_length
    draw = np.random.default_rng(judge.seed)
    sizes = []
    for case, question in enumerate(judge.sizes):
        held = 0 if case in judge.starts() else int(draw.integers(frame - hop, frame))
        samples = part.reach(question["time"]) + int(draw.integers(hop)) - held
        kept = {axis: size for axis, size in question.items() if axis != "time"}
        sizes.append({**kept, "samples": samples, "held": held})
    return replace(
        judge,
        sizes=sizes,
        states={**judge.states, "held": "next_held"},
        chunking=Chunking("samples", frame, frame, hop, "held"),
    )


def _raw_sizes(judge: Examiner, part: Part) -> list[dict[str, int]]:
    """The rows of each question of the network, and raw input for about as many steps."""
    draw = np.random.default_rng(judge.seed)
    found = []
    for sizes in judge.sizes:
        steps = max((size for axis, size in sizes.items() if axis != "batch"), default=1)
        more = {axis: raw_size(part, steps, draw)} if (axis := open_size(part)) else {}
        found.append({"batch": sizes["batch"], **more})
    return found


def _open(size: int | str) -> int | None:
    return size if isinstance(size, int) else None


def _moved(array: Any, generator: np.random.Generator) -> Any:
    if array.dtype.kind != "f":
        return array
    signs = generator.choice([-1.0, 1.0], array.shape)
    return (array * (1 + 2 * np.finfo(array.dtype).eps * signs)).astype(array.dtype)
