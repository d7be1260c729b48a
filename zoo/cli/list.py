"""`rnn-zoo list`."""

from __future__ import annotations

import click

from zoo.cli._shared import JSON
from zoo.model_card import DOMAINS


@click.command()
@click.option("--domain", type=click.Choice(DOMAINS), help="Only models of this domain.")
@click.option("--task", help="Only models of this kind of task.")
@click.option("--cell", type=click.Choice(["rnn", "lstm", "gru"]), help="Only this cell.")
@click.option("--max-params", type=int, metavar="N", help="At most this many parameters.")
@click.option(
    "--license", metavar="NAME", help="'open' for open data, or part of a licence's name."
)
@click.option("--streaming/--no-streaming", default=None, help="Only models that (do not) stream.")
@click.option(
    "--sort", type=click.Choice(["id", "params", "bytes", "metric"]), default="id", help="Order."
)
@JSON
def command(
    domain: str | None,
    task: str | None,
    cell: str | None,
    max_params: int | None,
    license: str | None,
    streaming: bool | None,
    sort: str,
    as_json: bool,
) -> None:
    """List the pretrained models that meet every condition."""
    from zoo.catalog import list_models

    models = list_models(domain, task, cell, max_params, license, streaming, sort)
    click.echo(models.to_json() if as_json else repr(models))
