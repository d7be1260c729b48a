"""Asks several processes the same questions in turn and compares their times."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from types import TracebackType

import numpy as np

from export.benchmark.turns import in_turn
from zoo.errors import ExportError

OURS, BARE = "rnn-zoo", "onnxruntime"
STARTS = 7  # of each of the light processes, in turn
_TURN, _MOST = 0.03, 200  # seconds, and calls, of one turn of a process
_CLOSE = 1e-3  # of sizes of outputs: rounding is no reason to leave a rival out
_CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True)
class Row:
    """A line of a benchmark's table.

    Attributes:
        question: `start` (first import to first answer, in a fresh process), `step`, `sequence`,
            `batch` or `raw`.
        rows: Of the arrays that are asked.
        steps: Likewise; 0 for raw input.
        runner: What answers.
        calls: How often it was asked.
        p50_ms: Half of the calls took no more milliseconds.
        p99_ms: 99 in 100 took no more.
        rows_per_second: Rows over the mean time of a call.
        ratio: Its median time over that of ours: above 1, ours is faster.
        mebibytes: Peak of memory at the first answer, for `start`.
        note: Why there are no figures.
    """

    question: str
    rows: int
    steps: int
    runner: str
    calls: int = 0
    p50_ms: float = float("nan")
    p99_ms: float = float("nan")
    rows_per_second: float = float("nan")
    ratio: float = float("nan")
    mebibytes: float = float("nan")
    note: str = ""


class Process:
    """A child that answers; a context that ends it.

    Raises:
        ExportError: It did not answer; the message is what it said.
    """

    def __init__(self, runner: str, target: str, questions: Path, threads: int) -> None:
        self.runner = runner
        root = str(Path(__file__).parents[2])
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._child = subprocess.Popen(
            [sys.executable, str(_CHILD), runner, target, str(questions), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
            text=True,
        )
        told = json.loads(self._line() or '{"left_out": "its process died"}')
        if "left_out" in told:
            self.__exit__(None, None, None)
            raise ExportError(" ".join(str(told["left_out"]).split())[:160])
        self.seconds: float = told["seconds"]
        self.mebibytes: float = told["mebibytes"]
        self.sizes: list[float] = told["sizes"]

    def ask(self, question: str, times: int) -> list[float]:
        """Seconds of each of so many calls."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{question} {times}\n")
        self._child.stdin.flush()
        line = self._line()
        if not line:
            raise ExportError(f"the process of {self.runner} died at the question {question}")
        found: list[float] = json.loads(line)
        return found

    def _line(self) -> str:
        assert self._child.stdout is not None
        return self._child.stdout.readline()

    def __enter__(self) -> Process:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        for stream in (self._child.stdin, self._child.stdout):
            if stream is not None:
                stream.close()
        self._child.wait()


def compare(
    targets: Mapping[str, str],
    questions: Path,
    sizes: Mapping[str, tuple[int, int]],
    *,
    seconds: float,
    threads: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Times all runners on all questions; ours must be one of them.

    Args:
        targets: Runner -> what it opens.
        questions: Folder of the questions.
        sizes: Question -> rows and steps.
        seconds: Time of each runner for each question.
        threads: Threads of one call.
        say: Told what is done next.

    Raises:
        ExportError: Ours does not answer.
    """
    rows: list[Row] = []
    running: list[Process] = []
    try:
        for runner, target in targets.items():
            say(f"starting {runner}")
            try:
                running.append(Process(runner, target, questions, threads))
            except ExportError as error:
                if runner == OURS:
                    raise
                rows.append(Row("start", 1, 0, runner, note=str(error)))
        ours = next(process for process in running if process.runner == OURS)
        rows += starts(targets, questions, threads, running)
        for process in [one for one in running if one.runner not in (OURS, "PyTorch layers")]:
            if not _alike(process.sizes, ours.sizes):
                rows.append(Row("first", 1, 0, process.runner, note="answers otherwise"))
                running.remove(process)
                process.__exit__(None, None, None)
        for question, (count, steps) in sizes.items():
            say(question)
            asked = [p for p in running if question != "raw" or p.runner in (OURS, "keras predict")]
            times = interleaved(asked, question, seconds)
            base = median(times[asked.index(ours)])
            for process, found in zip(asked, times, strict=True):
                rows.append(_row(question, count, steps, process.runner, found, base))
    finally:
        for process in running:
            process.__exit__(None, None, None)
    return rows


def _alike(sizes: Sequence[float], others: Sequence[float]) -> bool:
    """Whether as many outputs have about the same sizes."""
    return len(sizes) == len(others) and bool(np.allclose(sizes, others, _CLOSE, _CLOSE))


def starts(
    targets: Mapping[str, str], questions: Path, threads: int, running: Sequence[Process]
) -> list[Row]:
    """First import to first answer: the light ones in fresh processes in turn, others once."""
    told = {process.runner: [(process.seconds, process.mebibytes)] for process in running}
    light = [runner for runner in (BARE, OURS) if runner in told]
    for turn in range(STARTS):
        for runner in light if turn % 2 else light[::-1]:
            with Process(runner, targets[runner], questions, threads) as process:
                told[runner].append((process.seconds, process.mebibytes))
    for runner in light:
        del told[runner][0]  # the first of all reads from a cold disk
    base = median(seconds for seconds, _ in told[OURS])
    rows = []
    for runner, found in told.items():
        row = _row("start", 1, 0, runner, [seconds for seconds, _ in found], base)
        mebibytes = median(size for _, size in found)
        rows.append(Row(**{**vars(row), "mebibytes": mebibytes, "rows_per_second": float("nan")}))
    return rows


def interleaved(running: Sequence[Process], question: str, seconds: float) -> list[list[float]]:
    """Seconds of each call of each process, which take turns."""
    asks: list[Callable[[], Sequence[float]]] = []
    for process in running:
        process.ask(question, 2)  # the first calls allocate and trace
        one = process.ask(question, 1)[0]
        times = max(1, min(_MOST, round(_TURN / max(one, 1e-6))))
        asks.append(partial(process.ask, question, times))
    return in_turn(asks, seconds * len(running), least=3)


def _row(
    question: str, rows: int, steps: int, runner: str, times: Sequence[float], base: float
) -> Row:
    return Row(
        question,
        rows,
        steps,
        runner,
        calls=len(times),
        p50_ms=median(times) * 1e3,
        p99_ms=float(np.quantile(times, 0.99)) * 1e3,
        rows_per_second=rows * len(times) / sum(times),
        ratio=median(times) / base,
    )
