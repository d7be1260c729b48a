"""Whether a model can be fed in chunks: decided by feeding it so, not by a list of layers.

The model answers sequences as it is and, with its states explicit, the same in chunks. Where the
answers differ, the first layer whose own answers differ is the one that looks along time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from export.proof.samples import Sampler
from export.tracing.carried import Method, TooFewSteps, along_time
from export.tracing.streaming_subject import StreamingSubject
from export.tracing.subject import first_line
from zoo.errors import ExportError
from zoo.tasks import Arrays

Shapes = Mapping[str, tuple[int | str, ...]]

_BATCH = 3
_CUTS = ((1, 4, 2), (3, 1, 1))
_TOLERANCE = 1e-4  # rounding differs with the chunks; the proof of the file is strict


@dataclass(frozen=True)
class LayerCall:
    """A layer or an operation, what it was given, and what it answered."""

    layer: Any
    inputs: list[Any]
    answers: list[Any]


Seen = list[LayerCall]


def first_steps(subject: StreamingSubject, sampler: Sampler, shapes: Shapes) -> int:
    """The fewest steps that a stream's first chunk must have; 1 but for unpadded convolutions.

    Raises:
        ExportError: The model answers none of the numbers that its convolutions could need.
    """
    reason = ""
    for steps in range(1, 2 + sum((subject.held or {}).values())):
        try:
            subject.eagerly(_drawn(subject, sampler, shapes, steps), None, dict)
        except TooFewSteps:
            continue
        except Exception as error:  # a framework may raise anything for a size it cannot take
            reason = reason or first_line(error)
            continue
        return steps
    raise ExportError(f"model {subject.name!r} cannot be fed in chunks: {reason}")


def check_causality(
    subject: StreamingSubject,
    sampler: Sampler,
    shapes: Shapes,
    own_states: Mapping[str, str],
    first: int,
) -> None:
    """Checks that chunks give what the sequence up to each chunk's end gives.

    Args:
        subject: The model.
        sampler: Draws inputs.
        shapes: Input name -> shape with names of open axes.
        own_states: State input -> output that holds its next value, where the model itself has
            states as inputs.
        first: Steps that the first chunk needs at least.

    Raises:
        ExportError: They do not; the sentence names the layer that looks along time.
    """
    places = {
        source: subject.output_names.index(target)
        for source, target in own_states.items()
        if source not in subject.states
    }
    for cuts in _CUTS:
        sizes = [cuts[0] + first - 1, *cuts[1:]]
        arrays = _drawn(subject, sampler, shapes, sum(sizes))
        states: Sequence[Any] | None = None
        chunks: list[Seen] = []
        answers: list[list[Any]] = []
        for end in np.cumsum(sizes):
            whole: Seen = []
            piece = _piece(arrays, shapes, int(end) - sizes[len(chunks)], int(end))
            expected = subject.wholly(_piece(arrays, shapes, 0, int(end)), _watch(subject, whole))
            if answers:
                piece |= {source: answers[-1][place] for source, place in places.items()}
            chunks.append([])
            try:
                outputs, states = subject.eagerly(piece, states, _watch(subject, chunks[-1]))
            except Exception as error:  # a layer may not take so short a sequence
                raise _refusal(subject, whole, chunks, first_line(error)) from error
            answers.append([_numpy(tensor) for tensor in outputs])
            for place, tensor in enumerate(expected):
                if not _agree(_numpy(tensor), [answer[place] for answer in answers]):
                    why = "in chunks its answers are not those for the whole sequence"
                    raise _refusal(subject, whole, chunks, why)


def _refusal(
    subject: StreamingSubject, whole: Seen, chunks: Sequence[Seen], why: str
) -> ExportError:
    """Names the layer that makes of equal inputs other answers in chunks than in one piece."""
    for place, call in enumerate(whole):
        parts = [chunk[place] for chunk in chunks if place < len(chunk)]
        done = len(parts) == len(chunks)
        if _all_agree(call.inputs, [part.inputs for part in parts]) and not (
            done and _all_agree(call.answers, [part.answers for part in parts])
        ):
            return ExportError(
                f"layer {call.layer.name!r} ({type(call.layer).__name__}) looks along time, so "
                f"model {subject.name!r} cannot stream ({why}); export it whole, or make that "
                "layer causal"
            )
    return ExportError(f"model {subject.name!r} looks along time, so it cannot stream: {why}")


def _all_agree(whole: Sequence[Any], parts: Sequence[Sequence[Any]]) -> bool:
    return all(
        _agree(tensor, [part[place] for part in parts]) for place, tensor in enumerate(whole)
    )


def _agree(whole: Any, parts: Sequence[Any]) -> bool:
    """Whether parts are the whole, one after the other along time, or the last one is."""
    candidates = list(parts[-1:])
    if whole.ndim > 1 and all(part.ndim == whole.ndim for part in parts):
        rests = {part.shape[:1] + part.shape[2:] for part in parts}
        if rests == {whole.shape[:1] + whole.shape[2:]}:
            candidates.append(np.concatenate(parts, axis=1))
    return any(_equal(whole, candidate) for candidate in candidates)


def _equal(one: Any, other: Any) -> bool:
    if one.shape != other.shape:
        return False
    if one.dtype.kind != "f":
        return bool((one == other).all())
    return bool(np.allclose(one, other, rtol=_TOLERANCE, atol=_TOLERANCE, equal_nan=True))


def _watch(
    subject: StreamingSubject, seen: Seen
) -> Callable[[Mapping[Method, Callable[..., Any]]], Mapping[Method, Callable[..., Any]]]:
    """Notes what layers answer, and operations of functional models between them."""

    def spy(layer: Any, run: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            answer = run(*args, **options)
            seen.append(LayerCall(layer, _tensors((args, options)), _tensors(answer)))
            return answer

        return call

    watched = {id(layer): layer for layer in along_time(subject.layers)}
    for model in subject.layers:
        watched.update({id(one): one for one in getattr(model, "operations", [])})
    watched.pop(id(subject.network), None)

    def methods(
        stand_ins: Mapping[Method, Callable[..., Any]],
    ) -> Mapping[Method, Callable[..., Any]]:
        spies = {
            (layer, "call"): spy(layer, stand_ins.get((layer, "call")) or layer.call)
            for layer in watched.values()
        }
        return {**stand_ins, **spies}

    return methods


def _drawn(
    subject: StreamingSubject, sampler: Sampler, shapes: Shapes, steps: int
) -> dict[str, Any]:
    symbols = {axis for shape in shapes.values() for axis in shape if isinstance(axis, str)}
    return sampler.arrays(shapes, dict.fromkeys(symbols, steps) | {"batch": _BATCH})


def _piece(arrays: Arrays, shapes: Shapes, start: int, end: int) -> Arrays:
    """The steps from ``start`` to ``end`` of the inputs that have a time axis."""
    return {
        name: array[:, start:end] if shapes[name][1:2] == ("time",) else array
        for name, array in arrays.items()
    }


def _tensors(nested: Any) -> list[Any]:
    return [_numpy(x) for x in keras.tree.flatten(nested) if hasattr(x, "shape")]


def _numpy(tensor: Any) -> Any:
    return keras.ops.convert_to_numpy(tensor)
