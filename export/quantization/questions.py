"""Inputs on which a quantised file and its original are compared: given ones, else random ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, ValueInfoProto, helper

from export.proof.samples import Sample, Sizes, sized
from export.runtime import load
from zoo.errors import ExportError, InputError
from zoo.tasks import Arrays, answer, load_task

_CLASSES_OF_UNKNOWN_INTEGERS = 2


@dataclass(frozen=True)
class Input:
    """An input of a file: open axes are names, ``below`` is one more than the largest integer."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]
    below: int

    def zeros(self, batch: int) -> Any:
        """A state before the first step; an open axis of its own begins empty."""
        rest = [axis if isinstance(axis, int) else 0 for axis in self.shape[1:]]
        return np.zeros((batch, *rest), self.dtype)


@dataclass
class Drawer:
    """Draws random inputs that an exported file takes, from the file alone.

    Floats are normal, integers stay inside the embedding that they feed, ``lengths`` hold 1 to the
    number of time steps, and half of the rows of integers end in zeros, as padding would.

    Args:
        model: The exported file.
        metadata: What it says of itself.
        seed: Seed of the generator.
        sample: Draws the inputs itself, from a generator and sizes of the open axes.
    """

    model: ModelProto
    metadata: Mapping[str, Any]
    seed: int = 0
    sample: Sample | None = None
    inputs: list[Input] = field(init=False)

    def __post_init__(self) -> None:
        self.inputs = _inputs(self.model, self.metadata)
        self._generator = np.random.default_rng(self.seed)

    def sizes(self, cases: int) -> list[dict[str, int]]:
        """Sizes of the open axes for some cases: those of the file's own proof, over and over."""
        proven: Mapping[str, list[int]] = self.metadata["proof"]["sizes"]
        count = len(next(iter(proven.values())))
        return [{axis: found[k % count] for axis, found in proven.items()} for k in range(cases)]

    def arrays(self, sizes: Sizes) -> Arrays:
        """Draws one input for each name."""
        shapes = {port.name: sized(port.shape, sizes) for port in self.inputs}
        if self.sample is not None:
            drawn = self.sample(self._generator, sizes)
            states = {p.name: self._draw(p, shapes[p.name], 1) for p in self.states()}
            return {**states, **drawn}
        steps = max((shape[1] for shape in shapes.values() if len(shape) > 2), default=0)
        steps = steps or max((shape[1] for shape in shapes.values() if len(shape) == 2), default=1)
        return {port.name: self._draw(port, shapes[port.name], steps) for port in self.inputs}

    def equal_sizes(self, batch: int, steps: int, other: int) -> dict[str, int]:
        """A batch size, a number of steps, and one size for all other open axes."""
        axes = [axis for port in self.inputs for axis in port.shape if isinstance(axis, str)]
        return {**dict.fromkeys(axes, other), "time": steps, "batch": batch}

    def open_batch(self) -> bool:
        """Whether every input and output has the batch as its first axis, of any size."""
        graph = self.model.graph
        shapes = {**self.axes(graph.input), **self.axes(graph.output)}
        return all(shape[:1] == ("batch",) for shape in shapes.values())

    def next_states(self) -> list[str]:
        """The outputs that are states."""
        return list((self.metadata.get("states") or {}).values())

    @staticmethod
    def axes(values: Iterable[ValueInfoProto]) -> dict[str, tuple[int | str, ...]]:
        """Names and shapes of inputs or outputs; open axes are names."""
        return {
            value.name: tuple(
                dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim
            )
            for value in values
        }

    def states(self) -> list[Input]:
        """The inputs that are states."""
        named = self.metadata.get("states") or {}
        return [port for port in self.inputs if port.name in named]

    def _draw(self, port: Input, shape: tuple[int, ...], steps: int) -> Any:
        draw = self._generator
        if len(shape) == 1 and "length" in port.name and "int" in port.dtype:
            return draw.integers(1, steps + 1, shape).astype(port.dtype)
        if port.dtype == "bool":
            return draw.random(shape) < 0.7
        if "int" in port.dtype:
            values = draw.integers(0, port.below, shape).astype(port.dtype)
            if values.ndim > 1 and draw.random() < 0.5:
                ends = draw.integers(1, shape[1] + 1, shape[0])
                values[np.arange(shape[1]) >= ends[:, None]] = 0
            return values
        return draw.standard_normal(shape).astype(port.dtype)


def given_questions(
    samples: Sequence[Any], file: Path, drawer: Drawer, metadata: Mapping[str, Any]
) -> list[Arrays]:
    """The arrays of samples that a person gives.

    Args:
        samples: Mappings of arrays by input name (states left out are zeros); or raw inputs, where
            the file has a task: then all arrays that the task feeds the network for them.
        file: The original, which answers while the task asks.
        drawer: Knows the file's inputs.
        metadata: Of the file.

    Raises:
        ExportError: There is no sample, or the file cannot answer one of them.
    """
    if not samples:
        raise ExportError("`samples` is empty; give at least one, or None for random inputs")
    model = load(file)
    asked: list[Arrays] = []

    def run(arrays: Arrays) -> Arrays:
        whole = _with_states(arrays, drawer)
        answers = model.run(whole)
        asked.append(whole)
        return answers

    try:
        for raw in samples:
            if isinstance(raw, Mapping):
                run({name: np.asarray(array) for name, array in raw.items()})
            elif "task" in metadata:
                task = load_task(metadata["task"], metadata["processing"])
                around = run if metadata.get("raw") else task.frontend.around(run)
                answer(task, around, raw, {})
            else:
                raise ExportError(
                    f"received a sample of type {type(raw).__name__}; the file has no task, so "
                    "give mappings of arrays by input name"
                )
    except InputError as error:
        raise ExportError(f"the original cannot answer a sample: {error}") from error
    return asked


def _with_states(arrays: Arrays, drawer: Drawer) -> Arrays:
    batch = len(next(iter(arrays.values())))
    absent = [port for port in drawer.states() if port.name not in arrays]
    return {**arrays, **{port.name: port.zeros(batch) for port in absent}}


def _inputs(model: ModelProto, metadata: Mapping[str, Any]) -> list[Input]:
    shapes, found = Drawer.axes(model.graph.input), []
    for value in model.graph.input:
        dtype = helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name
        below = metadata.get("codes", {}).get(value.name, _CLASSES_OF_UNKNOWN_INTEGERS)
        found.append(Input(value.name, dtype, shapes[value.name], below))
    return found
