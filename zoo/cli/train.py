"""`rnn-zoo train ID`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy, verbosity


@click.command()
@click.argument("model", metavar="ID")
@click.option("--output", "-o", "folder", metavar="DIR", help="Where to write; default runs/ID.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the folder.")
@click.option("--epochs", type=int, metavar="N", help="Stop after N epochs in all.")
@click.option("--hold-out", metavar="GROUP", help="Train without this group of the data.")
def command(
    model: str, folder: str | None, resume: bool, epochs: int | None, hold_out: str | None
) -> None:
    """Train a recipe from scratch, on the Keras backend that KERAS_BACKEND names.

    ID is a model of the zoo, or a folder with a recipe.toml of your own. Writes
    weights.safetensors, history.csv, curve.png and a checkpoint each epoch.
    """
    with heavy():
        import zoo

        trained = zoo.train(
            model, folder, resume=resume, epochs=epochs, hold_out=hold_out, verbose=verbosity()
        )
    click.echo(f"{trained.card.folder}: {trained.parameters():,} parameters. Next:")
    click.echo(f"  rnn-zoo evaluate {trained.card.folder}")
