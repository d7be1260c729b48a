"""A stream that a ``Batcher`` runs together with others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from export.runtime.stream import restore_reader, split_saved
from zoo.errors import StreamError
from zoo.processing.saved_state import pack, unpack
from zoo.tasks import Arrays, Reader

if TYPE_CHECKING:
    from export.runtime.batcher import Batcher


class Job:
    """A chunk that was read, and its answer once there is one.

    Args:
        arrays: The model's inputs without states, one row.
        finished: Called when there is an answer or an error.
    """

    __slots__ = ("arrays", "error", "finished", "form", "value")

    def __init__(self, arrays: Arrays, finished: Callable[[Job], None]) -> None:
        self.arrays = arrays
        self.form = tuple([(name, array.shape[1:]) for name, array in arrays.items()])
        self.finished = finished
        self.value: Any = None
        self.error: Exception | None = None

    def answer(self, reader: Reader, outputs: Arrays | None) -> None:
        """Turns outputs into the answer."""
        try:
            self.value = reader.answer(outputs)
        except Exception as error:
            self.error = error
        self.finished(self)

    def outcome(self) -> Any:
        """The answer, or the error in its place."""
        return self.value if self.error is None else self.error

    def fail(self, error: Exception) -> None:
        """There is no answer."""
        self.error = error
        self.finished(self)


class BatchedStream:
    """A sequence that is fed in chunks; ``Batcher.stream`` makes it.

    Args:
        batcher: Runs it.
        reader: Turns what is fed into arrays and outputs into answers.
        place: Its row in the batcher's table of states.

    Attributes:
        jobs: Chunks that wait, or run; the batcher's, as are the next two.
        running: Whether the first of them runs.
        broken: Whether an earlier chunk failed.
    """

    def __init__(self, batcher: Batcher, reader: Reader, place: int) -> None:
        self.reader = reader
        self.place = place
        self.jobs: deque[Job] = deque()
        self.running = False
        self.broken = False
        self._batcher = batcher
        self._turn = threading.RLock()
        self._left = False

    def submit(self, chunk: Any, timeout: float | None = None) -> Future[Any]:
        """Queues the next chunk of the sequence; its answer comes in the future.

        Args:
            chunk: See ``Stream.feed``.
            timeout: Seconds to wait while the queue is full; 0 to be refused at once, None to wait
                for as long as it takes.

        Raises:
            InputError: The chunk cannot be used; the stream, and every other, is as it was.
            QueueFullError: The queue stayed full; the stream is as it was.
            StreamError: The batcher or the stream is closed, or an earlier chunk failed.
        """
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # no chunk of a sequence can be left out

        def finished(job: Job) -> None:
            if job.error is None:
                future.set_result(job.value)
            else:
                future.set_exception(job.error)

        self.queue(chunk, timeout, finished)
        return future

    def queue(self, chunk: Any, timeout: float | None, finished: Callable[[Job], None]) -> None:
        """Queues the next chunk and has its answer handed to a function; see ``submit``."""
        with self._turn:
            self._check()
            self._batcher.reserve(timeout)
            job = None
            try:
                arrays = self.reader.arrays(chunk)
                if arrays is not None:
                    job = Job(arrays, finished)
            finally:
                self._batcher.submit(self, job)
            if job is None:
                nothing = Job({}, finished)
                nothing.answer(self.reader, None)

    def feed(self, chunk: Any, timeout: float | None = None) -> Any:
        """Queues a chunk and waits for its answer; see ``submit``."""
        return self.submit(chunk, timeout).result()

    def flush(self, timeout: float | None = None) -> Any:
        """Ends the sequence; see ``Stream.flush``."""
        with self._turn:
            self._check(broken=True)
            try:
                self._batcher.idle(self)
                arrays = None if self.broken else self.reader.rest()
                if arrays is None:
                    return self.reader.answer(None)
                done = threading.Event()
                job = Job(arrays, lambda _: done.set())
                self._batcher.reserve(timeout)
                self._batcher.submit(self, job)
                done.wait()
                if job.error:
                    raise job.error
                return job.value
            finally:
                self._batcher.idle(self)
                self.reader.reset()
                self._batcher.begin(self, {})

    def save(self) -> bytes:
        """All that the stream remembers after the chunks queued so far; see ``Stream.save``."""
        with self._turn:
            self._batcher.idle(self)
            self._check()
            reader = {f"reader/{name}": array for name, array in self.reader.state().items()}
            return pack({**self._batcher.states(self), **reader}, self._batcher.model.digest)

    def restore(self, blob: bytes) -> None:
        """Goes on where ``save`` was called, of this or of a stream alone.

        Raises:
            StreamError: The bytes are damaged, cut short, or of another model.
        """
        with self._turn:
            self._check(broken=True)
            self._batcher.idle(self)
            saved = unpack(blob, self._batcher.model.digest)
            states, reader = split_saved(saved, self._batcher.ports)
            if any(len(array) != 1 for array in states.values()):
                raise StreamError("the saved stream has several rows; open one stream for each")
            restore_reader(self.reader, reader)
            self._batcher.begin(self, states)

    def close(self) -> None:
        """Leaves the batcher after the chunks queued so far."""
        with self._turn:
            if not self._left:
                self._batcher.idle(self)
                self._left = True
                self._batcher.leave(self)

    def __enter__(self) -> BatchedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check(self, *, broken: bool = False) -> None:
        if self._left:
            raise StreamError("the stream is closed; open another one")
        if self.broken and not broken:
            raise StreamError("the stream failed inside a chunk; restore it, or start another")
