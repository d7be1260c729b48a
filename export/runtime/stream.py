"""One sequence fed to a model in chunks: the states stay here, the answers come as they can."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from export.runtime.array_reader import ArrayReader
from export.runtime.guard import Guard
from export.runtime.ports import Port, zero_states
from zoo.errors import InputError, RuntimeFileError, StreamError
from zoo.processing.saved_state import pack, unpack
from zoo.tasks import Arrays, Reader, Speaker

if TYPE_CHECKING:
    from export.runtime.session_model import Model


class Stream:
    """A sequence that a model reads in chunks; ``Model.stream`` makes it.

    Chunks of any size give together what the whole sequence gives. A stream is for one thread at a
    time; ``Batcher`` runs many of them from many threads.

    Args:
        model: A file with states.
        reader: Turns what is fed into arrays and outputs into answers.
    """

    def __init__(self, model: Model, reader: Reader) -> None:
        self._reader = reader
        self._speaker = reader if isinstance(reader, Speaker) else None
        self._engine = model.engine
        self._digest = model.digest
        self._pairs = state_pairs(model)
        outputs = [port.name for port in model.outputs]
        self._next = [(source.name, outputs.index(target)) for source, target in self._pairs]
        kept = {target for _, target in self._pairs}
        self._answers = [(name, k) for k, name in enumerate(outputs) if name not in kept]
        self._states: Arrays = {}
        self._broken = False

    def feed(self, chunk: Any) -> Any:
        """Goes on with the next piece of the sequence.

        Args:
            chunk: What the model's task takes piece by piece (text, samples), else arrays by name,
                or the one array.

        Returns:
            The answer for this chunk: of a task, its own; else output name -> array, empty while
            the model needs more steps for a first answer.

        Raises:
            InputError: The chunk cannot be used; the stream is as it was before.
            StreamError: An earlier failure left the stream in between; restore or flush it.
        """
        if self._broken:
            raise StreamError("the stream failed inside a chunk; restore it, or start another")
        arrays = self._reader.arrays(chunk)
        outputs = None if arrays is None else self._answered(arrays)
        return self._reader.answer(outputs)

    def flush(self) -> Any:
        """Ends the sequence; the next chunk begins another one.

        Returns:
            The answer for what was withheld; an empty one where nothing was.

        Raises:
            InputError: The sequence was too short for any answer.
        """
        try:
            arrays = None if self._broken else self._reader.rest()
            outputs = None if arrays is None else self._answered(arrays)
            return self._reader.answer(outputs)
        finally:
            self._reader.reset()
            self._states = {}
            self._broken = False

    def save(self) -> bytes:
        """All that the stream remembers, for ``restore`` on any machine with the same file.

        Raises:
            StreamError: An earlier failure left the stream in between.
        """
        if self._broken:
            raise StreamError("the stream failed inside a chunk, so it cannot be saved")
        reader = {f"reader/{name}": array for name, array in self._reader.state().items()}
        return pack({**self._states, **reader}, self._digest)

    def restore(self, blob: bytes) -> None:
        """Goes on where ``save`` was called.

        Raises:
            StreamError: The bytes are damaged, cut short, or of another model; the stream is as it
                was before.
        """
        states, reader = split_saved(unpack(blob, self._digest), [port for port, _ in self._pairs])
        restore_reader(self._reader, reader)
        self._states = states
        self._broken = False

    def _answered(self, arrays: Arrays) -> Arrays:
        """The outputs for what was fed, or of a reader that speaks for the last that it said."""
        try:
            outputs = self._step(arrays)
            while self._speaker and (said := self._speaker.following(outputs)) is not None:
                outputs = self._step(said)
        except BaseException:
            self._broken = True
            raise
        return outputs

    def _step(self, arrays: Arrays) -> Arrays:
        if not self._states:
            batch = len(next(iter(arrays.values())))
            self._states = zero_states([port for port, _ in self._pairs], batch)
        arrays.update(self._states)
        found = self._engine.run(arrays)
        self._states = {name: found[place] for name, place in self._next}
        return {name: found[place] for name, place in self._answers}


def open_reader(
    model: Model, options: Mapping[str, Any], *, arrays: bool, rows: int | None = None
) -> Reader:
    """What turns the pieces of a stream into arrays: the task's own way, or arrays as they are.

    Args:
        model: A file with states.
        options: Of the task's ``reader``.
        arrays: Take arrays, whatever the task is.
        rows: How many rows arrays have; None for as many as the first chunk.

    Raises:
        RuntimeFileError: The file does not take chunks.
        InputError: An option is unknown.
    """
    facts = model.metadata
    if "streaming" not in facts and not facts.get("states"):
        raise RuntimeFileError(
            f"{model.path.name} answers whole sequences only; export it with streaming=True"
        )
    task = None if arrays or "task" not in facts else model.task
    make = getattr(task, "reader", None)
    if make is None:
        if options:
            raise InputError(
                f"received the options {sorted(options)}; a stream of arrays takes none"
            )
        return _array_reader(model, rows)
    known = [n for n, p in inspect.signature(make).parameters.items() if p.kind is p.KEYWORD_ONLY]
    wrong = [name for name in options if name not in known]
    if wrong:
        raise InputError(
            f"received the option {wrong[0]!r}; this stream takes {', '.join(known) or 'none'}"
        )
    reader: Reader = make(bool(facts.get("raw")), **options)
    return reader


def state_pairs(model: Model) -> list[tuple[Port, str]]:
    """Each state: its input, and the name of the output with its next value."""
    ports = {port.name: port for port in model.inputs}
    return [(ports[source], target) for source, target in model.metadata.get("states", {}).items()]


def split_saved(arrays: Arrays, ports: Sequence[Port]) -> tuple[Arrays, Arrays]:
    """The states of a saved stream, and what its reader saved.

    Raises:
        StreamError: They are not those of the model.
    """
    prefix = "reader/"
    reader = {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}
    states = {name: array for name, array in arrays.items() if not name.startswith(prefix)}
    if states and states.keys() != {port.name for port in ports}:
        raise StreamError(f"the saved stream has the states {sorted(states)}, not the model's")
    for port in ports if states else ():
        array = states[port.name]
        fits = array.dtype == port.dtype and array.ndim == len(port.shape)
        if not fits or any(
            isinstance(axis, int) and axis != size
            for axis, size in zip(port.shape, array.shape, strict=True)
        ):
            raise StreamError(
                f"the saved state {port.name!r} is {array.dtype} {array.shape}, not {port}"
            )
    return states, reader


def restore_reader(reader: Reader, saved: Arrays) -> None:
    """Gives a reader what it saved.

    Raises:
        StreamError: It saved something else: the stream was one of another kind.
    """
    try:
        reader.restore(saved)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise StreamError(f"the saved stream is of another kind than this one: {error}") from error


def _array_reader(model: Model, rows: int | None) -> ArrayReader:
    states = model.metadata.get("states", {})
    ports = [port for port in model.inputs if port.name not in states]
    outputs = [port for port in model.outputs if port.name not in states.values()]
    # What is too short for a first chunk is withheld by the reader.
    guard = Guard(
        ports,
        outputs,
        minimum=int(model.metadata.get("minimum_steps", 1)),
        codes=model.metadata.get("codes"),
        longest=model.metadata.get("longest"),
    )
    return ArrayReader(ports, guard, model.metadata.get("streaming"), rows)
