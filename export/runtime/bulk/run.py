"""A run over all rows of a source: cut into parts, computed on all cores, written in order."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from pathlib import Path
from typing import Any

from export.runtime.bulk.lengths import length
from export.runtime.bulk.parts import Parts, Summary
from export.runtime.bulk.predictor import Predictor
from export.runtime.bulk.rows import Row, Source
from export.runtime.bulk.workers import Compute, computing
from export.runtime.loading import allowed_cpus
from zoo.errors import InputError

FORMAT = 1  # counts up when parts are cut, batched or written in another way
PART_ROWS = 2048
PART_LENGTH = 2**26  # characters, bytes or samples of a part: what a process holds at once


def write(
    file: str | os.PathLike[str],
    source: Source,
    out: str | os.PathLike[str],
    *,
    options: Mapping[str, Any] | None = None,
    batch_size: int = 32,
    workers: int | None = None,
    restart: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Answers all rows of a source and writes them in its order.

    A run that was interrupted goes on where it stood when it is started again, and writes the same
    bytes as one that was not. The number of workers changes no byte either: each computes whole
    parts on one thread. With several workers a script needs `if __name__ == "__main__":`.

    Args:
        file: A file that `export.to_onnx` wrote.
        source: The rows.
        out: `….jsonl`: an object a line with `row`, `file` if rows are files, and `answer` or
            `error`; `….parquet`: columns of these names, the answer as JSON text.
        options: Settings of the model's task.
        batch_size: Most rows that the network computes at once.
        workers: Processes; by default one for each CPU this process may use.
        restart: Throw away what another run with this output left unfinished.
        progress: Called with the number of rows of each finished part.

    Raises:
        InputError: A setting is wrong, an unfinished run had other ones, or a worker died.
        RuntimeFileError: The file cannot be used.
        MissingExtraError: Parquet needs the extra [batch].
    """
    workers = allowed_cpus() if workers is None else workers
    if workers < 1:
        raise InputError(f"Received workers={workers}; use 1 or more.")
    settings = {"batch_size": batch_size, **(options or {})}
    model = Predictor(
        file, **settings
    ).model  # what cannot be used is refused here, not in a worker
    facts = {
        "format": FORMAT,
        "model_sha256": hashlib.sha256(model.path.read_bytes()).hexdigest(),
        "settings": settings,
        "source": source.facts(),
    }
    with Parts(Path(out), facts, restart) as parts:
        try:
            with computing(workers, Path(file), settings) as compute:
                count, reused = _run(cut(source, batch_size), parts, compute, 2 * workers, progress)
        except BrokenExecutor:
            raise InputError(
                "A worker process died; run again to go on (with fewer workers if memory is short; "
                'a script that asks for workers needs `if __name__ == "__main__":`).'
            ) from None
        return parts.join(count, reused)


def cut(source: Source, batch_size: int) -> Iterator[list[Row]]:
    """Parts of the rows, in order: not too many rows, and not too long ones together."""
    most = max(PART_ROWS, 16 * batch_size)
    part: list[Row] = []
    held = 0
    for row in source:
        part.append(row)
        held += length(row.raw)
        if len(part) == most or held >= PART_LENGTH:
            yield part
            part, held = [], 0
    if part:
        yield part


def _run(
    cuts: Iterator[list[Row]],
    parts: Parts,
    compute: Compute,
    ahead: int,
    progress: Callable[[int], None] | None,
) -> tuple[int, int]:
    """Has the parts computed that are not there, `ahead` of them at a time.

    Returns:
        How many parts there are, and how many of them were there already.
    """
    waiting: set[Future[int]] = set()
    count = first = reused = 0

    def settle(most: int) -> None:
        while len(waiting) > most:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                waiting.remove(future)
                tell(future.result())

    tell = progress or (lambda rows: None)
    for rows in cuts:
        if parts.finished(count):
            reused += 1
            tell(len(rows))
        else:
            settle(ahead - 1)
            waiting.add(compute(parts.folder, count, first, rows))
        count, first = count + 1, first + len(rows)
    settle(0)
    return count, reused
