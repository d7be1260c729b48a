"""Measures the kept table: ``python -m tests.export.benchmark.measure [--write FILE] [ID...]``."""

from __future__ import annotations

import csv
import io
import math
import tempfile
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import click

from export.benchmark.interleaved import Row
from zoo.cli._shared import heavy
from zoo.cli.bench import measure

EXAMPLES = Path(__file__).parents[3] / "zoo" / "examples"
RAW = {  # a model of each domain and cell -> what it is asked
    "digits-gru": str(EXAMPLES / "digit_7_jackson.wav"),
    "flu-segrnn": str(EXAMPLES / "us_flu_weekly.csv"),
    "snips-bilstm": "book a table for two in oslo tomorrow",
    "shakespeare-lstm": None,
}


@click.command()
@click.argument("ids", nargs=-1)
@click.option("--write", type=click.Path(path_type=Path), help="The CSV file to write.")
@click.option("--seconds", default=1.0, show_default=True, help="Of each runner and question.")
def main(ids: tuple[str, ...], write: Path | None, seconds: float) -> None:
    """Exports models of the zoo and times them beside what they replace."""
    lines = [["model", *(field.name for field in fields(Row))]]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in ids or RAW:
            path = Path(folder) / f"{name}.onnx"
            with heavy():
                import export
                import zoo

                export.to_onnx(zoo.load(name), path, cases=2, raw=False)
            for row in measure(str(path), name, RAW[name], seconds, 1):
                lines.append([name, *map(_text, asdict(row).values())])
            text = io.StringIO()
            csv.writer(text, lineterminator="\n").writerows(lines)
            if write:  # after every model: a run that is cut off leaves what it found
                write.write_text(text.getvalue(), encoding="utf-8")
    if not write:
        click.echo(text.getvalue(), nl=False)


def _text(value: Any) -> str:
    if not isinstance(value, float):
        return str(value)
    return "" if math.isnan(value) else f"{value:.4g}"


if __name__ == "__main__":
    main()
