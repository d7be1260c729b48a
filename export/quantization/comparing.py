"""Has another process answer the same questions with the small file and with the original."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto

from export.allowed import read_facts
from export.golden import Vector, chosen
from export.proof.examiner import HERE, Questions, replay
from export.quantization.judging import Differences, check_equal, compared, largest_gap
from export.quantization.questions import Drawer
from zoo.tasks import Arrays

_AGAIN = 4  # questions asked a second time: in pieces, and a row alone


@dataclass(frozen=True)
class Compared:
    """What the answers showed; `QuantizationReport` says what each is."""

    differences: Differences
    chunked: float | None
    batched: float
    vectors: Sequence[Vector]


@dataclass(frozen=True)
class _Repeats:
    """Questions asked again: place of the question -> place of the repeat, and pieces of time."""

    inputs: list[Arrays]
    alone: dict[int, int]
    chunked: dict[int, int]
    pieces: dict[int, list[int]]


def compare_files(
    small: Path,
    original: Path,
    rounded: ModelProto | None,
    questions: Sequence[Arrays],
    drawer: Drawer,
    metadata: Mapping[str, Any],
) -> Compared:
    """Compares a quantised file with the file that it was.

    Args:
        small: The quantised file.
        original: The float32 file.
        rounded: The original with rounded weights, which the small one must equal; None for int8.
        questions: Named arrays.
        drawer: Knows states and open axes.
        metadata: Of the original.

    Raises:
        ExportError: A file does not run, or an answer is of the wrong form, not finite, or not
            equal where it must be.
    """
    repeats = _repeats(questions, drawer)
    plan = {
        "states": dict(drawer.states),
        "timed_inputs": drawer.timed_inputs(),
        "timed_outputs": drawer.timed_outputs(),
    }
    asked = Questions([*questions, *repeats.inputs], [], repeats.pieces, plan)
    answers = _answered(small, asked)
    wanted = _answered(original, Questions(list(questions), [], {}, plan))
    if rounded is not None:
        with tempfile.TemporaryDirectory(prefix="rnn-zoo-proof-") as folder:
            path = Path(folder) / "rounded.onnx"
            path.write_bytes(rounded.SerializeToString())
            right = _answered(path, Questions(list(questions), [], {}, plan))
            allowed = read_facts(metadata["proof"])
            check_equal(answers[: len(questions)], right, questions, allowed)
    first = [(_row(answers[k]), answers[place]) for k, place in repeats.alone.items()]
    pieces = [(answers[k], answers[place]) for k, place in repeats.chunked.items()]
    return Compared(
        differences=compared(answers[: len(questions)], wanted, metadata),
        chunked=largest_gap(pieces) if pieces else None,
        batched=largest_gap(first),
        vectors=chosen(questions, answers[: len(questions)]),
    )


def _repeats(questions: Sequence[Arrays], drawer: Drawer) -> _Repeats:
    """Repeats of the first questions that have several rows, and several steps with a state."""
    found = _Repeats([], {}, {}, {})
    timed, total = drawer.timed_inputs(), len(questions)
    for index, arrays in enumerate(questions):
        rows = len(next(iter(arrays.values())))
        if drawer.open_batch() and rows > 1 and len(found.alone) < _AGAIN:
            found.alone[index] = total + len(found.inputs)
            found.inputs.append({name: array[:1] for name, array in arrays.items()})
        steps = arrays[timed[0]].shape[1] if timed and drawer.states else 0
        if steps > 1 and len(found.chunked) < _AGAIN:
            place = found.chunked[index] = total + len(found.inputs)
            found.pieces[place] = [steps // 3 + 1, steps - steps // 3 - 1]
            found.inputs.append(arrays)
    return found


def _answered(file: Path, questions: Questions) -> list[Arrays]:
    with tempfile.TemporaryDirectory(prefix="rnn-zoo-proof-") as folder:
        flat = replay(HERE / "replay_onnx.py", file, questions, Path(folder))
    answers: list[Arrays] = [{} for _ in questions.inputs]
    for key, array in flat.items():
        case, _, name = key.partition("/")
        answers[int(case)][name] = array
    return answers


def _row(answers: Arrays) -> Arrays:
    return {name: np.asarray(array[:1]) for name, array in answers.items()}
