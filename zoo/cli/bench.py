"""`rnn-zoo bench FILE`."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoo.cli._shared import JSON, heavy, table

if TYPE_CHECKING:
    from export.benchmark.interleaved import Row


@click.command()
@click.argument("file", metavar="FILE")
@click.option("--against", metavar="ID|MODEL.keras", help="The original, to compare with.")
@click.option("--raw", metavar="INPUT", help="A text or a file: also time raw input to answer.")
@click.option("--seconds", default=2.0, show_default=True, help="Of each runner and question.")
@click.option("--threads", default=1, show_default=True, help="Of one call.")
@JSON
def command(
    file: str, against: str | None, raw: str | None, seconds: float, threads: int, as_json: bool
) -> None:
    """Time an exported file: start, a step, a sequence, a batch; memory and throughput.

    Each runner has a process of its own; they are asked in turn, so that ratios hold on a busy
    machine. bare onnxruntime and OpenVINO run beside the file, and with --against also Keras'
    predict, the SavedModel, Keras' own ONNX export and PyTorch's recurrent layers of the same
    sizes, where installed.
    """
    rows = measure(file, against, raw, seconds, threads)
    if as_json:
        told = [{k: v for k, v in asdict(row).items() if v == v} for row in rows]
        click.echo(json.dumps(told))
    else:
        click.echo(show(rows))


def measure(
    file: str, against: str | None, raw: str | None, seconds: float, threads: int
) -> list[Row]:
    """The rows of a benchmark of one file."""
    from export.benchmark.interleaved import BARE, OURS, compare
    from export.benchmark.questions import write_questions, write_rivals
    from export.runtime import load

    model = load(file, threads=threads)
    path = str(model.path)
    targets = {OURS: path, BARE: path, "openvino": path}
    with tempfile.TemporaryDirectory(prefix="rnn-zoo-bench-") as folder:
        questions = Path(folder) / "questions"
        questions.mkdir()
        sizes = write_questions(model, questions, raw)
        if against:
            _say("exporting what it is compared with")
            with heavy():
                targets |= write_rivals(model, against, Path(folder))
        return compare(targets, questions, sizes, seconds=seconds, threads=threads, say=_say)


def show(rows: list[Row]) -> str:
    """The rows as a table for people."""
    lines = [["question", "runner", "p50 ms", "p99 ms", "rows/s", "of ours", "MiB", ""]]
    for row in rows:
        size = f"{row.question} {row.rows}x{row.steps}" if row.steps else row.question
        figures = (row.p50_ms, row.p99_ms, row.rows_per_second, row.ratio, row.mebibytes)
        cells = ["" if math.isnan(value) else f"{value:.4g}" for value in figures]
        lines.append([size, row.runner, *cells, row.note])
    return table(lines)


def _say(line: str) -> None:
    click.echo(f"{line} …", err=True)
