"""What several commands need: raw input from the shell, quiet frameworks, plain tables."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.model_card import Metric
    from zoo.tasks import Answer


def raw_input(domain: str, given: str) -> str | Path:
    """The argument INPUT as the task takes it: text itself, "-" for stdin, else a file."""
    if domain == "text":
        return sys.stdin.read() if given == "-" else given
    return Path(given)


def options(pairs: Sequence[str]) -> dict[str, Any]:
    """Reads `name=value` pairs; values are JSON where they can be, else text.

    Raises:
        InputError: A pair has no "=".
    """
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise InputError(f"Received the option {pair!r}; write name=value.")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found


@contextlib.contextmanager
def heavy() -> Iterator[None]:
    """Keeps TensorFlow's notices quiet and sends Keras' progress to stderr."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with contextlib.redirect_stdout(sys.stderr):
        yield


def verbosity() -> int:
    """Keras' progress bar on a terminal, else one line an epoch."""
    return 1 if sys.stderr.isatty() else 2


def show_answer(answer: Answer, as_json: bool, save: str | None = None) -> None:
    """Prints an answer for people, or as one JSON object; `save` is the file for its sound.

    Raises:
        InputError: It is no sound and should be saved, or the file cannot be written.
    """
    if save is not None and not hasattr(answer, "save"):
        raise InputError(f"Received --save {save}; the answer is no sound, so print it instead.")
    if save is not None:
        try:
            answer.save(save)  # type: ignore[attr-defined]
        except OSError as error:
            raise InputError(f"{save} cannot be written: {error.strerror or error}.") from None
    click.echo(json.dumps(answer.to_dict()) if as_json else str(answer))


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text as aligned columns; the first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def metric_table(metrics: Sequence[Metric]) -> str:
    """Metrics beside their baselines, as aligned columns."""
    rows = [["metric", "value", "unit", "split", "baselines", "protocol"]]
    for metric in metrics:
        baselines = ", ".join(f"{name} {value:.4g}" for name, value in metric.baselines.items())
        value = f"{metric.value:.4f}"
        rows.append([metric.name, value, metric.unit, metric.split, baselines, metric.protocol])
    return table(rows)


OPTION = click.option(
    "--option",
    "-o",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="Setting of the task, such as seed=3, temperature=0.5, top_k=10, length=400, horizon=96.",
)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
SAVE = click.option(
    "--save", metavar="FILE", help="Write what the model says there too, as a WAV file."
)
INPUT_HELP = "INPUT is a text (- for standard input), a sound file or a CSV table."
