"""`rnn-zoo repeat ID`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy, verbosity


@click.command()
@click.argument("model", metavar="ID")
@click.option("--output", "-o", "folder", metavar="DIR", help="Default runs/ID-seeds.")
@click.option("--seeds", type=int, default=5, metavar="N", help="How many; default 5.")
@click.option("--split", default="test", help="Part of the data to score; default test.")
@click.option("--resume", is_flag=True, help="Go on from checkpoints; score what is finished.")
@click.option("--write", is_flag=True, help="Add the figure to the model's card.toml.")
def command(
    model: str, folder: str | None, seeds: int, split: str, resume: bool, write: bool
) -> None:
    """Train a recipe with several seeds: the mean of its figure, and how far it spreads."""
    with heavy():
        import zoo

        metric = zoo.repeat(
            model,
            folder,
            seeds=seeds,
            split=split,
            resume=resume,
            write=write,
            verbose=verbosity(),
            report=lambda one: click.echo(f"seed {one.seeds[0]}: {one.value:.4f}", err=True),
        )
    for name, value in metric.details.items():
        click.echo(f"{name}: {value:.4f}")
    click.echo(f"{metric.name}: {metric.value:.4f} ({metric.protocol})")
