"""An exported model in memory: arrays or raw input in, arrays or an answer out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.runtime.engine import Engine
from export.runtime.guard import LARGEST, Guard, empty_answer
from export.runtime.ports import zero_states
from zoo.errors import InputError, RuntimeFileError
from zoo.processing.parts import Parts
from zoo.tasks import Answer, Arrays, Run, Task, answer, chat, check_options, generate, load_task

if TYPE_CHECKING:
    from export.runtime.stream import Stream
    from zoo.processing.conversation import Conversation


class Model:
    """A loaded ONNX file; ``load`` makes it.

    Attributes:
        metadata: What the file says of itself (id, task, processing, labels, ...); empty for a file
            that ``export.to_onnx`` did not write.
        inputs: Names, shapes and types of the inputs; open axes are names.
        outputs: The same of the outputs.
        path: Where the file was.
        guard: Checks arrays; ``run`` asks it first.
        engine: Computes arrays that were checked.
        digest: SHA-256 of the file, 64 hex digits; empty for a file without states.
        parts: ``encoder`` and ``step`` of a bundle that has them, which then answer raw input.
    """

    def __init__(
        self,
        engine: Engine,
        metadata: Mapping[str, Any],
        path: Path,
        *,
        allow_nonfinite: bool = False,
        digest: str = "",
        parts: Mapping[str, Model] | None = None,
    ) -> None:
        self.metadata = dict(metadata)
        self.path = path
        self.inputs = engine.inputs
        self.outputs = engine.outputs
        self.digest = digest
        self.parts = dict(parts or {})
        self.guard = Guard(
            engine.inputs,
            engine.outputs,
            minimum=int(self.metadata.get("minimum_steps", 1)),
            states=frozenset(self.metadata.get("states", {})),
            codes=self.metadata.get("codes"),
            longest=self.metadata.get("longest"),
            allow_nonfinite=allow_nonfinite,
            chunks=self.metadata.get("streaming"),
        )
        self.engine = engine
        self._names = [port.name for port in self.outputs]
        self._states = [
            port for port in self.inputs if port.name in self.metadata.get("states", {})
        ]
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
        sizes = self.guard(arrays)
        if 0 in sizes.values() and any(array.shape[:1] == (0,) for array in arrays.values()):
            return empty_answer(self.outputs, sizes | {"batch": 0})
        return dict(zip(self._names, self.engine.run(arrays), strict=True))

    def predict(self, raw: Any, **options: Any) -> Answer:
        """Answers for raw input: text, a waveform or its file, a table.

        Args:
            raw: What the model's task takes.
            **options: The task's own settings.

        Raises:
            RuntimeFileError: The file does not say how raw input becomes arrays.
            InputError: The raw input cannot be used.
        """
        return answer(self.task, self.raw_run, raw, options)

    __call__ = predict

    def generate(self, raw: Any, **options: Any) -> Iterator[str]:
        """Writes on after a prompt, piece by piece as it is made; see the task's `predict`.

        Args:
            raw: The prompt.
            **options: Those of `predict`, but for `beams`: a search knows its text at the end only.

        Raises:
            RuntimeFileError: The file does not say how raw input becomes arrays.
            InputError: The task does not write, or the prompt or an option cannot be used.
        """
        return generate(self.task, self.raw_run, raw, options)

    def predict_many(self, raws: Sequence[Any], **options: Any) -> list[Answer]:
        """Answers for several raw inputs in one batch, in their order; see `predict`.

        Answers are those of `predict` up to the rounding of a kernel that computes several rows
        at once: numbers differ by no more than an exported file may differ from its original.

        Raises:
            RuntimeFileError: The file does not say how raw input becomes arrays.
            InputError: There is no raw input, or one of them cannot be used.
        """
        check_options(self.task, options)
        return list(self.task.predict_many(self.raw_run, raws, **options))

    @property
    def raw_run(self) -> Run:
        """The model at the level of raw arrays: as it is, or with its task's frontend around it."""
        if self.parts:
            encoder, step = self.parts["encoder"], self.parts["step"]
            return Parts(encoder.run, step.stepping(), self.run)
        return self._raw(self.run)

    def stream(self, *, arrays: bool = False, **options: Any) -> Stream:
        """Begins a sequence that is fed in chunks, for a file with states.

        Args:
            arrays: Take and give arrays, whatever the file's task is.
            **options: The task's own settings for streams.

        Raises:
            RuntimeFileError: The file answers whole sequences only.
            InputError: An option is unknown.
        """
        from export.runtime.stream import Stream, open_reader

        return Stream(self, open_reader(self, options, arrays=arrays))

    def chat(self) -> Conversation:
        """Begins a dialogue: ``reply(text)`` turn after turn, ``save()`` and ``restore(bytes)``.

        What is saved goes on in any form of the same model, in Keras too.

        Raises:
            RuntimeFileError: The file has no states to remember by, or no task.
            InputError: Its task holds no dialogues.
        """
        if not self._states:
            raise RuntimeFileError(f"{self.path.name} remembers nothing; use predict")
        model = self.metadata.get("card_sha256") or self.digest
        return chat(self.task, self._raw(self.run), model, self._raw(self.stepping()))

    def stepping(self) -> Run:
        """`run` for a decoder, which looks at the arrays of its first whole call only.

        Those of later calls are what a task made of the answers to earlier ones. A call without
        states begins another answer and is looked at again.
        """
        checked = False

        def run(arrays: Arrays) -> Arrays:
            nonlocal checked
            whole = len(arrays) == len(self.inputs)
            if checked and whole:
                return dict(zip(self._names, self.engine.run(arrays), strict=True))
            outputs = self.run(arrays)
            checked = whole
            return outputs

        return run

    @property
    def task(self) -> Task:
        """How raw input becomes arrays, and outputs an answer.

        Raises:
            RuntimeFileError: The file does not say it.
        """
        if self._task is None:
            self._task = self._load_task()
        return self._task

    def _raw(self, run: Run) -> Run:
        """A run of this file at the level of raw arrays."""
        return run if self.metadata.get("raw") else self.task.frontend.around(run)

    def _with_states(self, arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Adds zeros for the states that the caller leaves out."""
        if not isinstance(arrays, Mapping):
            raise InputError(
                f"received a {type(arrays).__name__}; give a mapping of input names to numpy arrays"
            )
        missing = [port for port in self._states if port.name not in arrays]
        if not missing:
            return arrays
        batch = next((len(array) for array in arrays.values() if getattr(array, "ndim", 0)), 0)
        if batch > LARGEST:
            raise InputError(f"the batch has {batch} rows; at most {LARGEST} go into one call")
        return {**arrays, **zero_states(missing, batch)}

    def _load_task(self) -> Task:
        if "part" in self.metadata:
            raise RuntimeFileError(
                f"{self.path.name} is the {self.metadata['part']} of a model in parts; load the "
                "folder of the bundle, or call `run` with arrays"
            )
        if not {"task", "processing"} <= self.metadata.keys():
            raise RuntimeFileError(
                f"{self.path.name} does not say how raw input becomes arrays; "
                "call `run` with arrays, or export it with metadata for a task"
            )
        return load_task(self.metadata["task"], self.metadata["processing"])

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_task": None}

    def __repr__(self) -> str:
        inputs = ", ".join(f"{port.name}{list(port.shape)}" for port in self.inputs)
        outputs = ", ".join(f"{port.name}{list(port.shape)}" for port in self.outputs)
        return f"Model({self.path.name}: {inputs} -> {outputs})"
