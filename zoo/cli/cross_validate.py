"""`rnn-zoo cross-validate ID`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy, verbosity


@click.command()
@click.argument("model", metavar="ID")
@click.option("--output", "-o", "folder", metavar="DIR", help="Default runs/ID-folds.")
@click.option("--only", multiple=True, metavar="GROUP", help="Only these groups.")
@click.option(
    "--epochs", type=int, metavar="N", help="Epochs of each training, if not the recipe's."
)
@click.option("--resume", is_flag=True, help="Go on from checkpoints; score what is finished.")
@click.option("--write", is_flag=True, help="Add the figure to the model's card.toml.")
def command(
    model: str,
    folder: str | None,
    only: tuple[str, ...],
    epochs: int | None,
    resume: bool,
    write: bool,
) -> None:
    """Train once a group of the data (a speaker, say) without it, and score on that group."""
    with heavy():
        import zoo

        metric = zoo.cross_validate(
            model,
            folder,
            only=only or None,
            epochs=epochs,
            resume=resume,
            write=write,
            verbose=verbosity(),
            report=lambda fold: click.echo(f"{fold.split}: {fold.value:.4f}", err=True),
        )
    for name, value in metric.details.items():
        click.echo(f"{name}: {value:.4f}")
    click.echo(f"{metric.name}: {metric.value:.4f} ({metric.protocol})")
