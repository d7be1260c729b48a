"""Inputs on which a quantised file and its original are compared: given ones, else random ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, ValueInfoProto, helper

from export.frontend.choice import task_frontend
from export.frontend.questions import RawSampler, open_size, raw_size
from export.proof.chunking import fed_axis
from export.proof.samples import Sample, Sampler, Sizes
from export.quantization.graph import every_node
from export.runtime import load
from export.tracing.signature import TensorSpec
from zoo.errors import ExportError, InputError
from zoo.tasks import Arrays, answer, load_task


@dataclass(frozen=True)
class FileInputs:
    """What a sampler must know of a model, read from its file.

    Attributes:
        inputs: Names, open shapes and types.
        states: State input -> output with its next value.
        layers: None: a file has operators.
        network: None: a file has no Keras model.
    """

    inputs: tuple[TensorSpec, ...]
    states: Mapping[str, str]
    layers: tuple[()] = ()
    network: None = None


class Drawer:
    """Draws random inputs that an exported file takes, from the file alone.

    Args:
        model: The exported file.
        metadata: What it says of itself.
        seed: Seed of the generator.
        sample: Draws the inputs itself, from a generator and sizes of the open axes.

    Attributes:
        inputs: Input name -> shape; open axes are names.
        outputs: The same of the outputs.
        states: State input -> output with its next value.
    """

    def __init__(
        self,
        model: ModelProto,
        metadata: Mapping[str, Any],
        seed: int = 0,
        sample: Sample | None = None,
    ) -> None:
        self.inputs, self.outputs = _shapes(model.graph.input), _shapes(model.graph.output)
        self.states: Mapping[str, str] = metadata.get("states") or {}
        self._axis = fed_axis(self.inputs, metadata)
        self._dtypes = {value.name: _dtype(value) for value in model.graph.input}
        self._proven: Mapping[str, list[int]] = metadata["proof"]["sizes"]
        specs = [TensorSpec(name, (), dtype) for name, dtype in self._dtypes.items()]
        subject: Any = FileInputs(tuple(specs), self.states)
        codes = {**dict.fromkeys(self.inputs, _smallest_table(model)), **metadata.get("codes", {})}
        sampler = Sampler(subject, seed, sample, codes)
        raw = metadata.get("raw") and not sample
        chunks = "streaming" in metadata
        frontend = task_frontend(metadata, None, streaming=chunks) if raw else None
        self._before = frontend.before if frontend else None
        self._sampler: Any = RawSampler(sampler, frontend) if frontend else sampler

    def sizes(self, cases: int) -> list[dict[str, int]]:
        """Sizes of the open axes for some cases: those of the file's own proof, over and over."""
        proven = self._proven
        count = len(next(iter(proven.values())))
        return [{axis: found[k % count] for axis, found in proven.items()} for k in range(cases)]

    def equal_sizes(self, batch: int, steps: int, other: int) -> dict[str, int]:
        """A batch size, a number of steps, and one size for all other open axes."""
        axes = [axis for shape in self.inputs.values() for axis in shape if isinstance(axis, str)]
        sizes = {**dict.fromkeys(axes, other), "time": steps, "batch": batch}
        if self._before is not None and (axis := open_size(self._before)):
            sizes[axis] = raw_size(self._before, steps, np.random.default_rng(0))
        return sizes

    def arrays(self, sizes: Sizes) -> Arrays:
        """Draws one input for each name."""
        return self.with_states(self._sampler.arrays(self.inputs, sizes))

    def with_states(self, arrays: Arrays) -> Arrays:
        """Adds zeros for the states that are left out; an open axis of their own begins empty."""
        batch, whole = len(next(iter(arrays.values()))), dict(arrays)
        for name in self.states:
            rest = [axis if isinstance(axis, int) else 0 for axis in self.inputs[name][1:]]
            whole.setdefault(name, np.zeros((batch, *rest), self._dtypes[name]))
        return whole

    def open_batch(self) -> bool:
        """Whether every input and output has the batch as its first axis, of any size."""
        shapes = [*self.inputs.values(), *self.outputs.values()]
        return all(shape[:1] == ("batch",) for shape in shapes)

    def timed_inputs(self) -> list[str]:
        """The inputs that have a step of time for each place along their second axis."""
        return _timed(self.inputs, self._axis)

    def timed_outputs(self) -> list[str]:
        """The same of the outputs."""
        return _timed(self.outputs, self._axis)


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
        whole = drawer.with_states(arrays)
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


def _shapes(values: Iterable[ValueInfoProto]) -> dict[str, tuple[int | str, ...]]:
    return {
        value.name: tuple(
            dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim
        )
        for value in values
    }


def _dtype(value: ValueInfoProto) -> str:
    return str(helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name)


def _timed(shapes: Mapping[str, Sequence[int | str]], axis: str) -> list[str]:
    return [name for name, shape in shapes.items() if len(shape) > 1 and shape[1] == axis]


def _smallest_table(model: ModelProto) -> int:
    """The rows of the smallest table that the file looks codes up in."""
    rows = {t.name: int(t.dims[0]) for t in model.graph.initializer if len(t.dims) == 2}
    lookups = (node for node in every_node(model.graph) if node.op_type == "Gather")
    return min((rows[n.input[0]] for n in lookups if n.input[0] in rows), default=2)
