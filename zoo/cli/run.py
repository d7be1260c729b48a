"""`rnn-zoo run FILE INPUT...`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from zoo.cli._inputs import Given, expanded
from zoo.cli._records import Record, Writer
from zoo.cli._shared import JSON, OPTION, SAVE, options, show_answer
from zoo.errors import InputError, ZooError

_HELP = (
    "INPUT is a text, a sound file or a CSV table; or a folder of them (of texts: a path with a "
    "slash). A .txt file stands for the text in it, - for standard input with one input a line. "
    "Several inputs, a folder or - give a record each; one that fails has an error in it, and the "
    "exit code is 2 in the end."
)


@click.command(epilog=_HELP)
@click.argument("file", metavar="FILE")
@click.argument("given", metavar="INPUT...", nargs=-1, required=True)
@OPTION
@JSON
@SAVE
@click.option("--csv", "as_csv", is_flag=True, help="Print a table of comma-separated values.")
@click.option("--threads", type=int, metavar="N", help="Threads of one call. Default: all CPUs.")
def command(
    file: str,
    given: tuple[str, ...],
    pairs: tuple[str, ...],
    as_json: bool,
    save: str | None,
    as_csv: bool,
    threads: int | None,
) -> None:
    """Answer for raw inputs with an exported ONNX file, without TensorFlow.

    FILE is an ONNX file or the folder of a bundle. One INPUT gives its answer, with --json as one
    JSON object; several give a record each, with --json as JSON lines.
    """
    from export.runtime import load
    from zoo.tasks import domain_of

    if as_json and as_csv:
        raise InputError("Received --json and --csv; give one of them.")
    model = load(file, threads=threads)
    domain = domain_of(model.task)
    settings = options(pairs)
    inputs = expanded(domain, given)
    if isinstance(inputs, str) and not as_csv:
        show_answer(model.predict(_raw(domain, inputs), **settings), as_json, save)
        return
    if save is not None:
        raise InputError(f"Received --save {save} for records; it goes with one INPUT.")
    many = [Given(inputs, inputs)] if isinstance(inputs, str) else inputs
    writer = Writer("csv" if as_csv else "json" if as_json else "text")
    with _progress(many) as shown:
        for item in shown:
            writer.write(_record(model, domain, item, settings))
    writer.finish()
    if writer.failed:
        raise InputError(f"{writer.failed} of {writer.count} inputs failed; their records say why.")


def _record(model: Any, domain: str, item: Given, settings: dict[str, Any]) -> Record:
    if item.value is None:
        return Record(item.name, {}, "", item.error)
    try:
        answer = model.predict(_raw(domain, item.value), **settings)
    except ZooError as error:
        return Record(item.name, {}, "", " ".join(str(error).split()))
    return Record(item.name, answer.to_dict(), str(answer))


def _raw(domain: str, value: str) -> str | Path:
    return value if domain == "text" else Path(value)


def _progress(inputs: Any) -> Any:
    """A bar on the terminal over inputs whose number is known."""
    if isinstance(inputs, Sequence) and sys.stderr.isatty():
        return click.progressbar(inputs, file=sys.stderr, label="inputs")
    return nullcontext(inputs)
