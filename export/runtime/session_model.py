"""An exported model in memory: arrays or raw input in, arrays or an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from export.runtime.guard import Port, check_inputs, empty_answer
from zoo.errors import InputError, RuntimeFileError
from zoo.tasks import Answer, Arrays, Task, answer, check_options, load_task


class Model:
    """A loaded ONNX file; ``load`` makes it.

    Attributes:
        metadata: What the file says of itself (id, task, processing, labels, ...); empty for a file
            that ``export.to_onnx`` did not write.
        inputs: Names, shapes and types of the inputs; open axes are names.
        outputs: The same of the outputs.
        path: Where the file was.
    """

    def __init__(
        self, session: ort.InferenceSession, metadata: Mapping[str, Any], path: Path
    ) -> None:
        self.metadata = dict(metadata)
        self.path = path
        self.inputs = tuple(Port.of(argument) for argument in session.get_inputs())
        self.outputs = tuple(Port.of(argument) for argument in session.get_outputs())
        self._session = session
        self._names = [port.name for port in self.outputs]
        self._minimum = int(self.metadata.get("minimum_steps", 1))
        self._states = frozenset(self.metadata.get("states", {}))
        self._task: Task | None = None

    def run(self, arrays: Mapping[str, np.ndarray]) -> Arrays:
        """Answers for named arrays.

        Args:
            arrays: One array for each input, of exactly its type; the first axis is the batch.
                States that are left out are zeros.

        Returns:
            Output name -> array.

        Raises:
            InputError: A name, type, shape or value does not fit, or is not finite.
        """
        arrays = self._with_states(arrays)
        sizes = check_inputs(self.inputs, arrays, self._minimum)
        if any(array.shape[:1] == (0,) for array in arrays.values()):
            return empty_answer(self.outputs, sizes | {"batch": 0})
        try:
            answers = self._session.run(self._names, arrays)
        except Exception as error:  # onnxruntime raises a type of its own for each status
            reason = str(error).splitlines()[0]
            raise InputError(f"onnxruntime refused these inputs: {reason}") from error
        return dict(zip(self._names, answers, strict=True))

    def predict(self, raw: Any, **options: Any) -> Answer:
        """Answers for raw input: text, a waveform or its file, a table.

        Args:
            raw: What the model's task takes.
            **options: The task's own settings.

        Raises:
            RuntimeFileError: The file does not say how raw input becomes arrays.
            InputError: The raw input cannot be used.
        """
        return answer(self.task, self.run, raw, options)

    __call__ = predict

    def predict_many(self, raws: Sequence[Any], **options: Any) -> list[Answer]:
        """Answers for several raw inputs in one batch, in their order; see `predict`.

        Answers are those of `predict` up to the rounding of a kernel that computes several rows
        at once: numbers differ by no more than an exported file may differ from its original.

        Raises:
            RuntimeFileError: The file does not say how raw input becomes arrays.
            InputError: There is no raw input, or one of them cannot be used.
        """
        check_options(self.task, options)
        return list(self.task.predict_many(self.run, raws, **options))

    @property
    def task(self) -> Task:
        """How raw input becomes arrays, and outputs an answer.

        Raises:
            RuntimeFileError: The file does not say it.
        """
        if self._task is None:
            self._task = self._load_task()
        return self._task

    def _with_states(self, arrays: Mapping[str, np.ndarray]) -> Arrays:
        """Adds zeros for the states that the caller leaves out."""
        given = dict(arrays)
        batch = next((len(array) for array in given.values() if np.ndim(array)), 0)
        for port in self.inputs:
            if port.name in self._states and port.name not in given:
                shape = [axis if isinstance(axis, int) else batch for axis in port.shape]
                given[port.name] = np.zeros(shape, port.dtype)
        return given

    def _load_task(self) -> Task:
        if not {"task", "processing"} <= self.metadata.keys():
            raise RuntimeFileError(
                f"{self.path.name} does not say how raw input becomes arrays; "
                "call `run` with arrays, or export it with metadata for a task"
            )
        return load_task(self.metadata["task"], self.metadata["processing"])

    def __repr__(self) -> str:
        inputs = ", ".join(f"{port.name}{list(port.shape)}" for port in self.inputs)
        outputs = ", ".join(f"{port.name}{list(port.shape)}" for port in self.outputs)
        return f"Model({self.path.name}: {inputs} -> {outputs})"
