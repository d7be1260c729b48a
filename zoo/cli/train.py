"""`rnn-zoo train ID`, and `rnn-zoo train --from ID --data PATH`."""

from __future__ import annotations

import click

from zoo.cli._shared import heavy, metric_table, verbosity


@click.command()
@click.argument("model", metavar="[ID]", required=False)
@click.option("--from", "start", metavar="ID", help="Go on from this model, on your own data.")
@click.option(
    "--data",
    metavar="PATH",
    help="With --from: a text file; a folder with one folder of sound files a label; a CSV table "
    "(a series, or the columns text and label); tagged sentences or a dictionary in the data set's "
    "form.",
)
@click.option("--output", "-o", "folder", metavar="DIR", help="Default runs/ID or runs/ID-mine.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in the folder.")
@click.option("--epochs", type=int, metavar="N", help="Stop after N epochs; with --from, take N.")
@click.option("--batch-size", type=int, metavar="N", help="With --from; small for few rows.")
@click.option(
    "--target",
    multiple=True,
    metavar="COLUMN",
    help="With --from a forecaster: a column of your table to forecast; repeat for several.",
)
@click.option("--horizon", type=int, metavar="N", help="With --from a forecaster: N steps ahead.")
@click.option("--hold-out", metavar="GROUP", help="Train without this group of the data.")
def command(
    model: str | None,
    start: str | None,
    data: str | None,
    folder: str | None,
    resume: bool,
    epochs: int | None,
    batch_size: int | None,
    target: tuple[str, ...],
    horizon: int | None,
    hold_out: str | None,
) -> None:
    """Train a recipe from scratch, or a model further on your own data.

    ID is a model of the zoo, or a folder with a recipe.toml of your own. KERAS_BACKEND names the
    Keras backend. Writes weights.safetensors, history.csv, pictures and a checkpoint each epoch;
    with --from also card.toml, measured on a part of your data.
    """
    with heavy():
        import zoo

        trained = zoo.train(
            model,
            folder,
            start=start,
            data=data,
            resume=resume,
            epochs=epochs,
            batch_size=batch_size,
            target=target or None,
            horizon=horizon,
            hold_out=hold_out,
            verbose=verbosity(),
        )
    card = trained.card
    click.echo(f"{card.folder}: {trained.parameters():,} parameters.")
    if card.measured:
        click.echo(metric_table(card.measured.metrics))
    elif start is None:
        click.echo(f"Next: rnn-zoo evaluate {card.folder}")
