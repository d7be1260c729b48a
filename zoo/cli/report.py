"""`rnn-zoo report memory` and `rnn-zoo report gradients ID`."""

from __future__ import annotations

from pathlib import Path

import click

from zoo.cli._shared import heavy, verbosity


@click.group()
def command() -> None:
    """Experiments that answer a question with a table and a picture."""


@command.command()
@click.option("--output", "-o", "folder", metavar="DIR", help="Default runs/memory.")
@click.option(
    "--runs",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only runs of that name, as in 'adding-100-*'; may be repeated.",
)
@click.option("--epochs", type=int, metavar="N", help="Stop a run after N epochs of 100 batches.")
def memory(folder: str | None, patterns: tuple[str, ...], epochs: int | None) -> None:
    """What each cell can remember: the adding problem and the copy task.

    Writes memory.csv, memory.md and memory.png: the error of each run beside chance, and how much
    the loss depends on the state of each time step. What is finished is not trained again.
    """
    target = Path(folder or "runs/memory")
    with heavy():
        from zoo.reports.memory import report_memory

        report_memory(
            target,
            patterns=patterns,
            epochs=epochs,
            verbose=verbosity(),
            report=lambda run, one: click.echo(
                f"{run.id}: {one.error:.2e} {one.unit}, chance {one.chance:.4f}, "
                f"{one.seconds:.0f} s of training",
                err=True,
            ),
        )
    click.echo((target / "memory.md").read_text(encoding="utf-8"), nl=False)
    click.echo(f"Picture: {target / 'memory.png'}", err=True)


@command.command()
@click.argument("model", metavar="ID")
@click.option("--output", "-o", "path", metavar="FILE", help="Default gradients-ID.png.")
def gradients(model: str, path: str | None) -> None:
    """How much a model's loss depends on the state of each time step, drawn from a batch.

    ID is a model of the zoo, or the folder of one that you trained; its data are needed.
    """
    with heavy():
        from zoo.reports.gradients import report_gradients

        target, found = report_gradients(model, None if path is None else Path(path))
    for name, lengths in found.items():
        click.echo(f"{name}: {lengths[0]:.2e} at the first step, {lengths[-1]:.2e} at the last")
    click.echo(f"Picture: {target}", err=True)
