"""Who computes the parts of a run: this process, or several, each with the model on one thread."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any

from export.runtime.bulk.parts import write_part
from export.runtime.bulk.predictor import Predictor
from export.runtime.bulk.rows import Row

# The folder of the parts, the part's place, its first row's number and its rows; gives their number
# once the part is written.
Compute = Callable[[Path, int, int, Sequence[Row]], "Future[int]"]

_predictor: Predictor | None = None  # of a worker process


@contextmanager
def computing(workers: int, file: Path, settings: Mapping[str, Any]) -> Iterator[Compute]:
    """Gives what computes a part.

    Processes are started afresh (`spawn`), since threads of onnxruntime, or of what else this
    process has loaded, do not survive a fork; parts that wait when the block is left by an error
    are dropped.

    Args:
        workers: Processes; 1 computes in this one.
        file: The exported file.
        settings: Arguments of `Predictor`.
    """
    if workers == 1:
        predictor = Predictor(file, **settings)

        def at_once(folder: Path, place: int, first: int, rows: Sequence[Row]) -> Future[int]:
            done: Future[int] = Future()
            done.set_result(_write_part(predictor, folder, place, first, rows))
            return done

        yield at_once
        return
    pool = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_begin, initargs=(file, dict(settings))
    )
    try:
        yield lambda *part: pool.submit(_in_worker, *part)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(file: Path, settings: dict[str, Any]) -> None:
    """Loads the model into a worker, which ends when the process that started it does."""
    global _predictor
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process tells when to stop
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _predictor = Predictor(file, **settings)


def _end_with_parent() -> None:
    if parent := parent_process():
        parent.join()
        os._exit(1)


def _in_worker(folder: Path, place: int, first: int, rows: Sequence[Row]) -> int:
    assert _predictor is not None
    return _write_part(_predictor, folder, place, first, rows)


def _write_part(
    predictor: Predictor, folder: Path, place: int, first: int, rows: Sequence[Row]
) -> int:
    lines = []
    outcomes = predictor.outcomes([row.raw for row in rows])
    for number, (row, outcome) in enumerate(zip(rows, outcomes, strict=True), first):
        name = {"file": row.file} if row.file else {}
        lines.append(json.dumps({"row": number, **name, **outcome.to_dict()}) + "\n")
    write_part(folder, place, "".join(lines))
    return len(rows)
