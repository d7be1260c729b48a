"""`rnn-zoo finetune ID --data PATH`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy, metric_table, verbosity


@click.command()
@click.argument("model", metavar="ID")
@click.option(
    "--data",
    required=True,
    metavar="PATH",
    help="A text file; a folder with one folder of sound files a label; a CSV table (a series, or "
    "the columns text and label); tagged sentences or a dictionary in the data set's form.",
)
@click.option("--output", "-o", "folder", metavar="DIR", help="Default runs/ID-finetuned.")
@click.option("--epochs", type=int, metavar="N", help="Number of epochs, if others.")
@click.option("--batch-size", type=int, metavar="N", help="Examples a batch; small for few rows.")
def command(
    model: str, data: str, folder: str | None, epochs: int | None, batch_size: int | None
) -> None:
    """Go on training a pretrained model on your own data, and measure it on a part of it."""
    with heavy():
        import zoo

        trained = zoo.finetune(
            model, data, folder, epochs=epochs, batch_size=batch_size, verbose=verbosity()
        )
    click.echo(f"{trained.card.folder}: {trained.parameters():,} parameters.")
    if trained.card.measured:
        click.echo(metric_table(trained.card.measured.metrics))
