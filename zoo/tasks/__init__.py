"""Tasks: raw input -> arrays -> any callable -> an answer that a person understands.

Each file's INPUTS and OUTPUTS name the arrays of its network and say what they hold, PARTS those
between the parts of a network that has some; states are named by the model; its DOMAIN says what
raw input is. A task talks to a `Run` at the level of its
`frontend`: raw arrays in, answers out. An exported file may hold the frontend; around any other
network goes `frontend.around`. A task never knows whether Keras or onnxruntime computes.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Arrays, Frontend, Run

if TYPE_CHECKING:
    from zoo.processing.conversation import Conversation

__all__ = [
    "Answer",
    "Arrays",
    "Decoder",
    "Frontend",
    "Run",
    "Speaker",
    "Task",
    "answer",
    "chat",
    "check_options",
    "domain_of",
    "generate",
    "load_task",
    "task_kinds",
]


class Answer(Protocol):
    """What a task says: `str(answer)` is for people, `to_dict()` for programs."""

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        ...


class Task(Protocol):
    """Raw input in, an answer out, whatever runs the network."""

    processing: dict[str, Any]
    frontend: Frontend

    def predict(self, run: Run, raw: Any, **options: Any) -> Answer:
        """Answers for one raw input.

        Args:
            run: The network with the frontend around it.
            raw: What the user has: text, a waveform or its file, a table.
            **options: The task's own settings.

        Raises:
            InputError: The raw input or an option cannot be used.
        """
        ...

    def predict_many(self, run: Run, raws: Sequence[Any], **options: Any) -> Sequence[Answer]:
        """Answers for several raw inputs in one batch, in their order; see `predict`.

        Raises:
            InputError: There is no raw input, or one of them or an option cannot be used.
        """
        ...


class Decoder(Task, Protocol):
    """A task that answers step by step, and whose network may come in parts.

    Attributes:
        first: What the network's `previous` holds before there is an answer.
    """

    first: int

    def sample(self, rng: np.random.Generator) -> str:
        """A raw input made of what the task knows, to prove an exported file with."""
        ...


class Reader(Protocol):
    """How one sequence is read piece by piece; tasks that stream have a method `reader`.

    `reader(raw, **options)` makes one: `raw` says whether the network takes raw arrays. Arrays have
    a batch of one. The states of the network are not its business.
    """

    def arrays(self, chunk: Any) -> Arrays | None:
        """The network's inputs for a piece; None while that is too little for an answer.

        Raises:
            InputError: The piece cannot be used; the reader is as it was before.
        """
        ...

    def rest(self) -> Arrays | None:
        """The inputs for what is left at the end of the sequence; None where nothing is."""
        ...

    def answer(self, outputs: Arrays | None) -> Any:
        """What the outputs mean; without outputs, the answer that says nothing."""
        ...

    def reset(self) -> None:
        """Starts another sequence."""
        ...

    def state(self) -> Arrays:
        """All that it remembers."""
        ...

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave.

        Raises:
            KeyError: A part is missing.
            ValueError: A part is not of this reader.
        """
        ...


@runtime_checkable
class Speaker(Reader, Protocol):
    """A reader whose answer is what the network itself says next, step by step."""

    def following(self, outputs: Arrays) -> Arrays | None:
        """What the network is to read of its own words; None once its answer is complete.

        Args:
            outputs: Those of the last call.
        """
        ...


def answer(task: Task, run: Run, raw: Any, options: Mapping[str, Any]) -> Answer:
    """What `task.predict` answers; options that it does not take are refused by name.

    Args:
        task: The task.
        run: The network with the frontend around it.
        raw: What the task takes.
        options: The task's own settings.

    Raises:
        InputError: An option is unknown, or the raw input cannot be used.
    """
    check_options(task, options)
    return task.predict(run, raw, **options)


def generate(task: Task, run: Run, raw: Any, options: Mapping[str, Any]) -> Iterator[str]:
    """What `task.predict` would write on after `raw`, piece by piece as it is made.

    Raises:
        InputError: The task does not write, an option is unknown, or the raw input cannot be used.
    """
    stream: Callable[..., Iterator[str]] | None = getattr(task, "stream", None)
    if stream is None:
        raise InputError("This task answers all at once and writes no text; use predict.")
    check_options(task, options, stream)
    return stream(run, raw, **options)


def chat(task: Task, run: Run, model: str, step: Run | None = None) -> Conversation:
    """Begins a dialogue that is remembered from turn to turn.

    Args:
        task: The task.
        run: The network with the frontend around it, in its streaming form.
        model: A SHA-256 that names the model, for what is saved; 64 hex digits.
        step: The same network, asked to read what it says itself; `run` if left out.

    Raises:
        InputError: The task holds no dialogues.
    """
    begin: Callable[..., Conversation] | None = getattr(task, "conversation", None)
    if begin is None:
        raise InputError("This task holds no dialogues; use predict.")
    return begin(run, model, step)


def check_options(
    task: Task, options: Mapping[str, Any], method: Callable[..., Any] | None = None
) -> None:
    """Refuses options that a task does not take.

    Args:
        task: What is asked.
        options: Names and values.
        method: What takes them, if not `task.predict`.

    Raises:
        InputError: It names the option and those that there are.
    """
    taken: Any = method or task.predict
    names = _options_of(getattr(taken, "__func__", taken)) if options else ()
    for name in options:
        if name not in names:
            raise InputError(
                f"Received the option {name!r}; this task takes {', '.join(names) or 'none'}."
            )


@functools.cache  # to look takes as long as some steps of a decoder
def _options_of(method: Callable[..., Any]) -> tuple[str, ...]:
    import inspect

    known = inspect.signature(method).parameters
    return tuple(name for name, p in known.items() if p.kind is p.KEYWORD_ONLY)


def task_kinds() -> list[str]:
    """Names of the kinds of task: one file of this folder each."""
    import pkgutil

    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in names if not name.startswith("_"))


def domain_of(task: Task) -> str:
    """What raw input is to a task: "text", "speech" for recordings, or "series" for tables."""
    return str(importlib.import_module(type(task).__module__).DOMAIN)


def load_task(kind: str, processing: Mapping[str, Any]) -> Task:
    """Rebuilds a task from its kind and its JSON-able processing configuration.

    Raises:
        RecipeError: The kind is unknown or the configuration does not fit it.
    """
    if kind not in task_kinds():
        raise RecipeError(f"Received the task {kind!r}; known are {', '.join(task_kinds())}.")
    task: Task = importlib.import_module(f"zoo.tasks.{kind}").from_processing(dict(processing))
    return task
