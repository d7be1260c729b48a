"""Names for the open axes of a model's inputs and outputs, found by calling the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from export.proof.samples import Sampler, sized
from export.tracing.subject import Subject, first_line
from zoo.errors import ExportError

Shape = tuple[int | str, ...]
_BATCHES = (2, 3)
_EXTRA = (0, 5)


@dataclass(frozen=True)
class Axes:
    """Shapes whose open axes have names.

    Attributes:
        inputs: Input name -> shape.
        outputs: Output name -> shape.
        minimum: The shortest size of an axis other than ``batch`` that the model accepts.
        held: Open axis of a state that is empty at the start of a stream -> its size once full.
    """

    inputs: Mapping[str, Shape]
    outputs: Mapping[str, Shape]
    minimum: int
    held: Mapping[str, int] = field(default_factory=dict)

    def symbols(self) -> list[str]:
        """Names of the open input axes other than ``batch`` and those of states, in order."""
        named = [axis for shape in self.inputs.values() for axis in shape if isinstance(axis, str)]
        return [name for name in dict.fromkeys(named) if name not in {"batch", *self.held}]


def name_axes(subject: Subject, sampler: Sampler) -> Axes:
    """Names the first axis ``batch``, the second ``time``, any other after its tensor.

    Inputs whose second axes may differ get ``time`` and ``time_<input>``; an output axis takes the
    name of the input axis whose size it follows.

    Raises:
        ExportError: The model accepts none of the inputs tried.
    """
    together = _input_shapes(subject, together=True)
    # The inputs of a stream are in step.
    apart = together if subject.held is not None else _input_shapes(subject, together=False)
    reasons: list[str] = []
    for inputs in [apart, together] if apart != together else [together]:
        found = _probe(subject, sampler, inputs, reasons)
        if found:
            return found
    raise ExportError(
        f"model {subject.name!r} fails on every random input that fits its signature (the first "
        f"time with {reasons[0]}); pass `sample=`, a function of a numpy Generator and sizes that "
        "returns valid inputs by name"
    )


def held_axis(state: str) -> str:
    """Name of the open axis of a state that is empty at the start of a stream."""
    return f"held_{state}"


def _input_shapes(subject: Subject, *, together: bool) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    first = ""
    for spec in subject.inputs:
        axes: list[int | str] = []
        for index, size in enumerate(spec.shape):
            if size is not None:
                axes.append(size)
            elif index == 0:
                axes.append("batch")
            elif spec.name in subject.states:
                axes.append(held_axis(spec.name))
            elif index == 1:
                first = first or spec.name
                axes.append("time" if together or spec.name == first else f"time_{spec.name}")
            else:
                axes.append(f"{spec.name}_axis_{index}")
        shapes[spec.name] = tuple(axes)
    return shapes


def _probe(
    subject: Subject, sampler: Sampler, inputs: Mapping[str, Shape], reasons: list[str]
) -> Axes | None:
    held = {held_axis(name): size for name, size in (subject.held or {}).items()}
    names = Axes(inputs, {}, 1, held).symbols()
    for minimum in (1, 2, 4, 8, 16, 32, 64, 128):
        runs = []
        for batch, extra, order in zip(_BATCHES, _EXTRA, (names, names[::-1]), strict=True):
            # Sizes that differ from each other, each once the larger: some loops read only a part.
            sizes = {name: minimum + 4 + extra + 2 * k for k, name in enumerate(order)}
            sizes |= {"batch": batch, **held}
            smallest = dict.fromkeys(names, minimum) | {"batch": batch, **held}
            drawn = [sampler.arrays(inputs, sizes), sampler.arrays(inputs, smallest)]
            if any(drawn[0][name].shape != sized(inputs[name], sizes) for name in inputs):
                reasons.append("shapes other than those asked for")
                return None  # the caller's sample ties axes together
            try:
                answers, _ = [subject.run(arrays) for arrays in drawn]
            except Exception as error:  # a framework may raise anything for a size it cannot take
                reasons.append(first_line(error))
                break
            runs.append((sizes, {name: array.shape for name, array in answers.items()}))
        if len(runs) == len(_BATCHES):
            return Axes(inputs, _output_shapes(runs), minimum, held)
        if not names:
            return None
    return None


def _output_shapes(
    runs: list[tuple[dict[str, int], dict[str, tuple[int, ...]]]],
) -> dict[str, Shape]:
    (sizes, first), (other_sizes, second) = runs
    shapes: dict[str, Shape] = {}
    for name, shape in first.items():
        axes: list[int | str] = []
        for index, (size, other) in enumerate(zip(shape, second[name], strict=True)):
            followed = [s for s in sizes if (sizes[s], other_sizes[s]) == (size, other)]
            if size == other:
                axes.append(size)
            else:
                axes.append(followed[0] if followed else f"{name}_axis_{index}")
        shapes[name] = tuple(axes)
    return shapes
