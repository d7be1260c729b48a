"""Many streams of one model in one call: their next chunks are put together as a batch.

One thread computes. It takes what waits, one chunk a stream and chunks of one length together, so
the batch is as large as the load; nothing waits for others to come.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np

from export.runtime.batched_stream import BatchedStream, Job
from export.runtime.session_model import Model
from export.runtime.state_table import StateTable
from export.runtime.stream import open_reader, state_pairs
from zoo.errors import InputError, QueueFullError, StreamError, ZooError
from zoo.tasks import Arrays, Speaker


class Batcher:
    """Runs the streams that it gives out together; safe for any number of threads.

    Answers are those of the same streams alone, up to the rounding of a kernel that computes
    several rows at once. Use it as a context manager, or call ``close``.

    Args:
        model: A loaded file with states.
        capacity: The most chunks that may wait; more are held back or refused.
        largest: The most streams in one call.

    Attributes:
        model: The file.
        ports: The inputs that are states.
    """

    def __init__(self, model: Model, *, capacity: int = 1024, largest: int = 256) -> None:
        if capacity < 1 or largest < 1:
            raise InputError(f"received capacity={capacity}, largest={largest}; give 1 or more")
        self.model = model
        self._capacity, self._largest = capacity, largest
        self._engine = model.engine
        pairs = state_pairs(model)
        self.ports = [port for port, _ in pairs]
        self._table = StateTable(self.ports)
        outputs = [port.name for port in model.outputs]
        self._next = {source.name: outputs.index(target) for source, target in pairs}
        kept = {target for _, target in pairs}
        self._answers = {name: k for k, name in enumerate(outputs) if name not in kept}
        self._changed = threading.Condition()
        self._ready: deque[BatchedStream] = deque()  # those with a chunk that may run now
        self._waiting = 0
        self._gatherers = 0
        self._closed = False
        self._worker = threading.Thread(target=self._work, name="rnn-zoo-batcher", daemon=True)
        self._worker.start()

    def stream(self, *, arrays: bool = False, **options: Any) -> BatchedStream:
        """Begins a sequence; see ``Model.stream``. Each stream is one row.

        Raises:
            StreamError: The batcher is closed.
            InputError: The model speaks: what it reads next depends on its own answer, so that
                nothing can be queued.
        """
        reader = open_reader(self.model, options, arrays=arrays, rows=1)
        if isinstance(reader, Speaker):
            raise InputError(
                f"{self.model.path.name} speaks by turns, so its chunks cannot be queued; use its "
                "own chat() or stream()"
            )
        with self._changed:
            self._check_open()
            return BatchedStream(self, reader, self._table.join())

    def feed(
        self, pairs: Iterable[tuple[BatchedStream, Any]], timeout: float | None = None
    ) -> list[Any]:
        """Feeds a chunk to each of many streams and waits for all answers.

        Args:
            pairs: Streams of this batcher and their next chunks.
            timeout: Seconds that a chunk may wait while the queue is full; see
                ``BatchedStream.submit``.

        Returns:
            The answers in order; in place of one that failed, its error, which is not raised.
        """
        given = list(pairs)
        answers: list[Any] = [None] * len(given)
        done: deque[int] = deque()
        everyone = threading.Event()

        def note(row: int, answer: Job | ZooError) -> None:
            answers[row] = answer.outcome() if isinstance(answer, Job) else answer
            done.append(row)
            if len(done) == len(given):
                everyone.set()

        with self._gathering():
            for row, (stream, chunk) in enumerate(given):
                try:
                    stream.queue(chunk, timeout, partial(note, row))
                except ZooError as error:
                    note(row, error)
        if given:
            everyone.wait()
        return answers

    def close(self) -> None:
        """Takes no more chunks, answers those that wait, and ends its thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._worker.join()

    def __enter__(self) -> Batcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def reserve(self, timeout: float | None) -> None:
        """Takes room for a chunk; holds back while there is none.

        Raises:
            QueueFullError: There was still none after ``timeout`` seconds.
            StreamError: The batcher is closed.
        """
        end = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while self._waiting >= self._capacity and not self._closed:
                left = None if end is None else end - time.monotonic()
                if left is not None and left <= 0:
                    raise QueueFullError(
                        f"{self._waiting} chunks wait already, as many as capacity= allows; "
                        "feed later, or with a longer timeout="
                    )
                self._changed.wait(left)
            self._check_open()
            self._waiting += 1

    def submit(self, stream: BatchedStream, job: Job | None) -> None:
        """Queues a chunk for which there is room; None gives the room back."""
        with self._changed:
            if job is None:
                self._waiting -= 1
                self._changed.notify_all()
                return
            stream.jobs.append(job)
            if len(stream.jobs) == 1 and not stream.running:
                self._ready.append(stream)
            if self._may_run():
                self._changed.notify_all()

    def idle(self, stream: BatchedStream) -> None:
        """Waits until no chunk of a stream waits or runs."""
        with self._changed:
            self._changed.wait_for(lambda: not stream.jobs and not stream.running)

    def states(self, stream: BatchedStream) -> Arrays:
        """The states of an idle stream."""
        with self._changed:
            return self._table.row(stream.place)

    def begin(self, stream: BatchedStream, states: Arrays) -> None:
        """Gives an idle stream other states; none for the start of a sequence."""
        with self._changed:
            self._table.put(stream.place, states)
            stream.broken = False

    def leave(self, stream: BatchedStream) -> None:
        """Frees the place of an idle stream."""
        with self._changed:
            self._table.leave(stream.place)

    @contextmanager
    def _gathering(self) -> Iterator[None]:
        """Lets chunks come together before the thread takes them, unless the queue is full."""
        with self._changed:
            self._gatherers += 1
        try:
            yield
        finally:
            with self._changed:
                self._gatherers -= 1
                self._changed.notify_all()

    def _may_run(self) -> bool:
        held_back = self._gatherers and self._waiting < self._capacity
        return bool(self._ready) and not held_back

    def _ended(self) -> bool:
        return self._closed and not self._waiting

    def _check_open(self) -> None:
        if self._closed:
            raise StreamError("the batcher is closed; make another one")

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._may_run() or self._ended())
                if not self._ready:
                    return
                streams = self._picked()
            self._answer(streams)
            with self._changed:
                for stream in streams:
                    stream.running = False
                    if stream.jobs:
                        self._ready.append(stream)
                self._changed.notify_all()

    def _picked(self) -> list[BatchedStream]:
        """The streams of the next call: those whose chunks have the form of the first one's."""
        key, picked = None, list[BatchedStream]()
        for _ in range(len(self._ready)):
            stream = self._ready.popleft()
            form = (stream.jobs[0].form, self._table.form(stream.place))
            key = key or form
            if form == key and len(picked) < self._largest:
                stream.running = True
                picked.append(stream)
            else:
                self._ready.append(stream)
        return picked

    def _answer(self, streams: Sequence[BatchedStream]) -> None:
        """Answers the first chunk of each stream; one by one where that fails together."""
        places = [stream.place for stream in streams]
        try:
            with self._changed:
                states = self._table.gather(places)
            given = [stream.jobs[0].arrays for stream in streams]
            arrays = {name: np.concatenate([one[name] for one in given]) for name in given[0]}
            found = self._engine.run({**arrays, **states})
            with self._changed:
                self._table.scatter(places, {name: found[k] for name, k in self._next.items()})
        except Exception as error:
            if len(streams) > 1:
                for stream in streams:
                    self._answer([stream])
            else:
                self._fail(streams[0], error)
            return
        with self._changed:
            jobs = [stream.jobs.popleft() for stream in streams]
            self._waiting -= len(jobs)
            self._changed.notify_all()
        for row, (stream, job) in enumerate(zip(streams, jobs, strict=True)):
            job.answer(
                stream.reader, {k: found[at][row : row + 1] for k, at in self._answers.items()}
            )

    def _fail(self, stream: BatchedStream, error: Exception) -> None:
        """Ends a stream whose chunk could not be computed; what it has queued cannot follow."""
        with self._changed:
            jobs, stream.jobs = stream.jobs, deque()
            stream.broken = True
            self._waiting -= len(jobs)
            self._changed.notify_all()
        for job in jobs:
            job.fail(error)
