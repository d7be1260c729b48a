"""An export proves itself: another process answers the same questions with the file alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from export import bundle
from export.allowed import facts_of
from export.golden import Vector, chosen
from export.proof.axes import Axes, name_axes
from export.proof.causality import check_causality, first_steps
from export.proof.chunking import Chunking, fed_axis
from export.proof.comparison import difference, precision_gap
from export.proof.report import Report, size_and_digest
from export.proof.samples import Sample, Sampler
from export.proof.steadiness import longest_steady, steady_questions
from export.tracing.streaming_subject import StreamingSubject
from export.tracing.subject import Subject
from zoo.errors import ExportError
from zoo.tasks import Arrays

HERE = Path(__file__).parent
_SECONDS = 600
_LARGEST_BATCH = 8
_NO_KERNEL = re.compile(r"Could not find an implementation for (\w+)\(")
_LONGEST = 40


@dataclass(frozen=True)
class Questions:
    """Random inputs and the original's answers to them.

    Attributes:
        inputs: One set of named arrays a case.
        answers: The original's outputs for each.
        chunks: Case -> sizes of the pieces in which its time axis is fed.
        plan: Facts that the answering process needs besides.
        drawn_again: How many inputs replaced others, whose answers were not steady.
    """

    inputs: list[Arrays]
    answers: list[Arrays]
    chunks: dict[int, list[int]] = field(default_factory=dict)
    plan: Mapping[str, Any] = field(
        default_factory=lambda: {"states": {}, "timed_inputs": [], "timed_outputs": []}
    )
    drawn_again: int = 0


@dataclass(frozen=True)
class Verdict:
    """What a comparison found.

    Attributes:
        errors: Output name -> largest absolute difference.
        drawn_again: How many inputs replaced others, whose answers were not steady.
        vectors: A few of the inputs, with the original's outputs.
    """

    errors: Mapping[str, float]
    drawn_again: int = 0
    vectors: Sequence[Vector] = ()


@dataclass(frozen=True)
class Examiner:
    """Draws questions for a model and judges the answers of an exported file.

    Attributes:
        subject: The original.
        axes: Its named axes.
        sampler: Draws the inputs.
        states: State input -> output that holds its next value; makes every second case chunked.
        sizes: For each question the size of each open axis.
        seed: Seed they were drawn with.
        chunking: How the questions of a stream may be cut.
    """

    subject: Subject
    axes: Axes
    sampler: Sampler
    states: Mapping[str, str]
    sizes: Sequence[Mapping[str, int]]
    seed: int
    chunking: Chunking = field(default_factory=Chunking)

    def every_state(self) -> dict[str, str]:
        """The states that the metadata pairs, and those that layers keep."""
        return {**self.subject.states, **self.states}

    def facts(self) -> dict[str, Any]:
        """What the exported file says of its proof; the same on every machine."""
        return {
            "seed": self.seed,
            "cases": len(self.sizes),
            "sizes": {axis: [sizes[axis] for sizes in self.sizes] for axis in self.sizes[0]},
            **facts_of(self.subject.allowed),
        }

    def metadata(self) -> dict[str, Any]:
        """What the proof found out, for those who run the file: its states and shortest inputs."""
        found: dict[str, Any] = {"minimum_steps": self.axes.minimum, "proof": self.facts()}
        if self.every_state():
            found["states"] = self.every_state()
        if self.sampler.codes:
            found["codes"] = self.sampler.codes
        if self.subject.held is not None:
            found["streaming"] = {**self.chunking.facts(), "held": dict(self.subject.held)}
        return found

    def examine(self, file: Path, script: str, also: Examiner | None = None) -> Verdict:
        """Has a fresh process answer with ``file`` and compares.

        Args:
            file: The file or folder.
            script: How the process answers.
            also: Asks questions of its own, at another level, in the same process.

        Raises:
            ExportError: The process failed, or an answer differs.
        """
        judges = [self] if also is None else [self, also]
        asked = [judge._questions(chunked=script == "replay_onnx.py") for judge in judges]
        every = _joined(asked, [judge.subject.signature for judge in judges])
        with tempfile.TemporaryDirectory(prefix="rnn-zoo-proof-") as folder:
            answers = replay(HERE / script, file, every, Path(folder))
        errors: dict[str, float] = {}
        first = 0
        for judge, questions in zip(judges, asked, strict=True):
            for name, error in judge._errors(questions, answers, first).items():
                errors[name] = max(errors.get(name, 0.0), error)
            first += len(questions.inputs)
        vectors = chosen(asked[0].inputs, asked[0].answers)
        return Verdict(errors, every.drawn_again, vectors)

    def _errors(
        self, questions: Questions, answers: Mapping[str, Any], first: int
    ) -> dict[str, float]:
        """The largest difference by output; `first` is the number of the first question."""
        errors: dict[str, float] = dict.fromkeys(self.subject.output_names, 0.0)
        for case, answered in enumerate(questions.answers):
            keys = {name: f"{first + case}/{name}" for name in answered}
            found = {name: answers[key] for name, key in keys.items() if key in answers}
            expected = self.subject.settled(answered, found)
            for name, original in expected.items():
                allowed, asked = self.subject.allowed[name], questions.inputs[case]
                error = difference(name, found.get(name), original, asked, allowed)
                errors[name] = max(errors[name], error)
        return errors

    def lost_precision(self) -> dict[str, float]:
        """How far a model of low precision is from what it computes in float32, by output.

        Raises:
            ExportError: It is so far that float32 cannot be what was meant.
        """
        if not self.subject.low_precision:
            return {}
        shapes = self.axes.inputs
        inputs = [self.sampler.arrays(shapes, sizes) for sizes in self.sizes[:8]]
        pairs = [(self.subject.run_as_is(arrays), self.subject.run(arrays)) for arrays in inputs]
        return precision_gap(pairs, self.subject.low_precision)

    def report(self, path: Path, verdict: Verdict, started: float) -> Report:
        """Reports on a file that agreed."""
        size, digest = size_and_digest(path)
        packages = ("keras", "numpy", "onnx", "onnxruntime", "tf2onnx")
        versions = {name: version(name) for name in packages}
        import tensorflow as tf

        versions["tensorflow"] = tf.__version__
        return Report(
            path=path,
            bytes=size,
            sha256=digest,
            cases=len(self.sizes),
            seed=self.seed,
            max_abs_error=dict(verdict.errors),
            drawn_again=verdict.drawn_again,
            **facts_of(self.subject.allowed),
            lost_precision=self.lost_precision(),
            versions=versions,
            seconds=time.perf_counter() - started,
        )

    def _questions(self, *, chunked: bool) -> Questions:
        shapes, arrays = self.axes.inputs, self.sampler.arrays
        draws = [partial(arrays, shapes, sizes) for sizes in self.sizes]
        inputs, answers, again = steady_questions(self.subject, draws)
        chunks = {}
        if chunked and self.states:
            draw, cut = self.sampler.generator, self.chunking.pieces
            odd = range(1, len(self.sizes), 2)
            chunks = {k: cut(draw, self.sizes[k], start=k in self.starts()) for k in odd}
        if not chunked or self.subject.held is not None:
            self._from_zeros(inputs, answers, drop=not chunked)
        plan = {
            "states": self.states if chunked else self.every_state(),
            "timed_inputs": _timed(self.axes.inputs, self.chunking.axis),
            "timed_outputs": self._timed_outputs(),
        }
        return Questions(inputs, answers, chunks, plan, again)

    def _from_zeros(self, inputs: list[Arrays], answers: list[Arrays], *, drop: bool) -> None:
        """Lets every third case of a model with states start from zeros.

        A streaming form must then answer as the model itself does, which knows of no states.

        Args:
            inputs: Of all cases; changed in place.
            answers: The original's; changed in place.
            drop: Leave the states out of inputs and answers.
        """
        states = self.every_state()
        for case in self.starts() if states else ():
            inputs[case] = _zeroed(inputs[case], states)
            answers[case] = self.subject.run(inputs[case])
            if self.subject.held is not None:
                answers[case] |= self.subject.whole(inputs[case])
            if drop:
                given = {k: v for k, v in answers[case].items() if k not in states.values()}
                answers[case] = given
                inputs[case] = {k: v for k, v in inputs[case].items() if k not in states}

    def starts(self) -> range:
        """The cases whose states start from zeros, where the others' are random."""
        return range(2, len(self.sizes), 3)

    def _timed_outputs(self) -> list[str]:
        """Outputs whose chunks are put one after the other."""
        if self.subject.held is None:
            return _timed(self.axes.outputs, self.chunking.axis)
        states = set(self.every_state().values())
        shapes = self.axes.outputs
        return [k for k in shapes if isinstance((*shapes[k], 0, 0)[1], str) and k not in states]


def _joined(asked: Sequence[Questions], signatures: Sequence[str]) -> Questions:
    """Questions one after the other, under the plan of the first; each knows its signature."""
    named = [
        name for one, name in zip(asked, signatures, strict=True) for _ in range(len(one.inputs))
    ]
    return Questions(
        [arrays for one in asked for arrays in one.inputs],
        [arrays for one in asked for arrays in one.answers],
        asked[0].chunks,
        {**asked[0].plan, "signatures": named},
        sum(one.drawn_again for one in asked),
    )


def _zeroed(arrays: Arrays, names: Mapping[str, str]) -> Arrays:
    return {k: np.zeros_like(array) if k in names else array for k, array in arrays.items()}


def examiner(
    subject: Subject, *, cases: int, seed: int, sample: Sample | None, metadata: Mapping[str, Any]
) -> Examiner:
    """Prepares the proof of a model.

    Raises:
        ExportError: The model cannot be called with random inputs, or a state is unknown.
    """
    sampler = Sampler(subject, seed, sample)
    axes = name_axes(subject, sampler)
    states = dict(metadata.get("states") or {})
    for source, target in states.items():
        if source not in axes.inputs or target not in axes.outputs:
            raise ExportError(
                f"the metadata pairs the states {source!r} and {target!r}, but the model has "
                f"inputs {sorted(axes.inputs)} and outputs {sorted(axes.outputs)}"
            )
    first = 1
    if isinstance(subject, StreamingSubject):
        first = first_steps(subject, sampler, axes.inputs)
        check_causality(subject, sampler, axes.inputs, states, first)
        states = {**subject.states, **states}
    longest = longest_steady(
        subject,
        lambda steps: sampler.arrays(axes.inputs, _equal_sizes(axes, _LARGEST_BATCH, steps)),
    )
    sizes = _sizes(axes, cases, seed, longest)
    for start in sizes[2::3] if isinstance(subject, StreamingSubject) else ():
        start.update(dict.fromkeys(axes.held, 0), time=start["time"] + first - 1)
    chunking = Chunking(fed_axis(axes.inputs, metadata), first)
    return Examiner(subject, axes, sampler, states, sizes, seed, chunking)


def subject_of(model: Any, inputs: Any, *, streaming: bool) -> Subject:
    """The model that a file must answer as: as it is, or fed in chunks."""
    return StreamingSubject(model, inputs) if streaming else Subject(model, inputs)


def file_facts(path: Path) -> dict[str, Any]:
    """The metadata of an exported ONNX file; nothing for a file that is not ours."""
    entries = {item.key: item.value for item in onnx.load(path).metadata_props}
    text = entries.get(bundle.METADATA_KEY)
    return bundle.from_text(text) if text else {}


def model_metadata(model: Any) -> dict[str, Any]:
    """The metadata of a zoo model; nothing for a plain Keras model."""
    facts = getattr(model, "metadata", None)
    return dict(facts()) if callable(facts) else {}


def replay(script: Path, file: Path, questions: Questions, folder: Path) -> dict[str, Any]:
    """Has a script answer with a file in a process of its own; ``<case>/<output>`` -> array.

    Raises:
        ExportError: The process failed.
    """
    cases, answers, plan = folder / "cases.npz", folder / "answers.npz", folder / "plan.json"
    flat = {
        f"{case}/{name}": array.astype(str) if array.dtype == object else array
        for case, arrays in enumerate(questions.inputs)
        for name, array in arrays.items()
    }
    np.savez(cases, allow_pickle=False, **flat)
    todo = {"cases": len(questions.inputs), "chunks": questions.chunks, **questions.plan}
    plan.write_text(json.dumps(todo), encoding="utf-8")
    command = [sys.executable, "-P", str(script), *map(str, (file, cases, answers, plan))]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"the exported file gave no answer in {_SECONDS} seconds") from error
    missing = _NO_KERNEL.search(done.stderr)
    if done.returncode and missing:
        raise ExportError(
            f"onnxruntime has no CPU kernel of {missing[1]} for the types in this model; of "
            "float64 it has few: load the model with float32 layers and export it"
        )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ExportError(f"the exported file does not run: {lines[-1]}")
    with np.load(answers, allow_pickle=False) as stored:
        return dict(stored)


def _sizes(axes: Axes, cases: int, seed: int, longest: int) -> list[dict[str, int]]:
    """The smallest case, a large batch, a long sequence if there are so many; then random ones."""
    corners = [(1, 0), (33, 2), (2, longest)] if cases >= 3 else [(1, 0)]
    found = [_equal_sizes(axes, *corner) for corner in corners][:cases]
    draw = np.random.default_rng(seed)
    for _ in range(len(found), cases):
        sizes = {"batch": int(draw.integers(1, _LARGEST_BATCH + 1))}
        for axis in axes.symbols():
            sizes[axis] = axes.minimum + int(draw.integers(min(_LONGEST, longest)))
        sizes |= axes.held
        found.append(sizes)
    return found


def _equal_sizes(axes: Axes, batch: int, extra: int) -> dict[str, int]:
    return {"batch": batch, **dict.fromkeys(axes.symbols(), axes.minimum + extra), **axes.held}


def _timed(shapes: Mapping[str, tuple[int | str, ...]], axis: str) -> list[str]:
    return [name for name, shape in shapes.items() if len(shape) > 1 and shape[1] == axis]
