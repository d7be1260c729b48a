"""`rnn-zoo batch FILE INPUT -o OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from zoo.cli._shared import options
from zoo.errors import InputError


@click.command()
@click.argument("file", metavar="FILE")
@click.argument("given", metavar="INPUT")
@click.option("--output", "-o", "out", required=True, metavar="OUT", help=".jsonl or .parquet.")
@click.option("--column", metavar="NAME", help="Column of a Parquet file with the raw inputs.")
@click.option("--pattern", default="*", show_default=True, help="Which files of a folder.")
@click.option("--batch-size", default=32, show_default=True, help="Rows computed at once.")
@click.option("--workers", type=int, metavar="N", help="Processes. Default: one for each CPU.")
@click.option("--restart", is_flag=True, help="Throw away what an interrupted run left.")
@click.option("--option", "pairs", multiple=True, metavar="NAME=VALUE", help="Setting of the task.")
def command(
    file: str,
    given: str,
    out: str,
    column: str | None,
    pattern: str,
    batch_size: int,
    workers: int | None,
    restart: bool,
    pairs: tuple[str, ...],
) -> None:
    """Answer for very many inputs with an exported ONNX file, on all cores.

    INPUT is a folder of files, a .parquet file (with --column), or a text file with one input a
    line (for models of sound, one path). OUT gets a row for each, in their order; a bad input
    becomes a row with its error. The same command goes on with a run that was interrupted.
    """
    from export.runtime.bulk import Folder, Lines, Parquet, Source, write

    source: Source
    if Path(given).is_dir():
        if Path(out).resolve().is_relative_to(Path(given).resolve()):
            raise InputError(
                f"Received the output {out} in the folder {given}; write it elsewhere."
            )
        source = Folder(given, pattern)
    elif given.endswith(".parquet"):
        source = Parquet(given, column)
    else:
        source = Lines(given)
    with click.progressbar(length=len(source), file=sys.stderr, label="rows") as bar:
        done = write(
            file,
            source,
            out,
            options=options(pairs),
            batch_size=batch_size,
            workers=workers,
            restart=restart,
            progress=bar.update,
        )
    told = f"{out}: {done.rows} rows, {done.errors} with an error"
    if done.rows and done.errors == done.rows:
        raise InputError(f"{told}; the first: {done.first_error}")
    click.echo(told + (f"; the first: {done.first_error}" if done.errors else ""))
