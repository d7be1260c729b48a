"""`rnn-zoo tune ID`."""

from __future__ import annotations

from typing import Any

import click

from zoo.cli._shared import heavy, table, verbosity


@click.command()
@click.argument("model", metavar="ID")
@click.option("--trials", type=int, default=20, metavar="N", help="How many in all; default 20.")
@click.option("--epochs", type=int, metavar="N", help="Of each training; default the recipe's.")
@click.option(
    "--space",
    "space_file",
    metavar="FILE",
    help='TOML: "training.learning_rate" = {low = 1e-4, high = 1e-2, log = true}, '
    '"model.arguments.units" = [32, 64]. Default: learning rate, batch size, units, dropout.',
)
@click.option("--output", "-o", "folder", metavar="DIR", help="Default runs/ID-tuned.")
def command(
    model: str, trials: int, epochs: int | None, space_file: str | None, folder: str | None
) -> None:
    """Search settings of a recipe that make its validation loss small; the test part stays unseen.

    Called again with the same folder, the search goes on. Writes trials.csv, trials.png and
    recipe.toml, the recipe with the best settings.
    """
    with heavy():
        from pathlib import Path

        import zoo
        from zoo.training.search_space import read_space

        recipe = zoo.card(model).recipe
        tuned = zoo.tune(
            model,
            folder,
            trials=trials,
            epochs=epochs,
            space=None if space_file is None else dict(read_space(Path(space_file), recipe)),
            verbose=verbosity() if verbosity() == 1 else 0,
            report=lambda one: click.echo(
                f"trial {one.number}: {one.state}, loss {one.loss:.5g} {one.told}".rstrip(),
                err=True,
            ),
        )
    keys = list(tuned.best.settings)
    rows = [["trial", "state", "loss", *(key.rpartition(".")[2] for key in keys)]]
    for one in sorted(tuned.trials, key=lambda one: (one.state != "complete", one.loss)):
        settings = [_shown(one.settings.get(key, "")) for key in keys]
        rows.append([str(one.number), one.state, _shown(one.loss), *settings])
    click.echo(table(rows))
    click.echo(f"Next: rnn-zoo train {tuned.folder} -o {tuned.folder}/best")


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
