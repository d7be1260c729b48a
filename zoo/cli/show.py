"""`rnn-zoo show ID`."""

from __future__ import annotations

import json

import click

from zoo.cli._shared import JSON


@click.command()
@click.argument("model", metavar="ID")
@JSON
def command(model: str, as_json: bool) -> None:
    """Show everything known of one model: figures beside baselines, data, licences, recipe.

    ID is a model of the zoo, or the folder of one that you trained.
    """
    from zoo.catalog import card

    found = card(model)
    click.echo(json.dumps(found.to_dict(), indent=2) if as_json else str(found))
