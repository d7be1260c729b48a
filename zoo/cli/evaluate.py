"""`rnn-zoo evaluate ID`, and of all models of a domain."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from zoo.cli._domain import show_domain
from zoo.cli._shared import JSON, heavy, metric_table
from zoo.errors import InputError


@click.command()
@click.argument("model", metavar="[ID]", required=False)
@click.option("--domain", metavar="NAME", help="Score all models of text, speech or series.")
@click.option("--split", default="test", help="Part of the data to score; default test.")
@click.option("--write", is_flag=True, help="Write the figures to the model's card.toml.")
@JSON
def command(model: str | None, domain: str | None, split: str, write: bool, as_json: bool) -> None:
    """Measure a model on its data, beside naive baselines on the same split."""
    if domain is not None and model is None:
        show_domain(domain, split, write, as_json)
        return
    if model is None or domain is not None:
        raise InputError(f"Received ID={model} and --domain={domain}; give one of the two.")
    with heavy():
        import zoo

        metrics = zoo.evaluate(model, split=split, write=write)
    if as_json:
        click.echo(json.dumps([asdict(metric) for metric in metrics], indent=2))
        return
    click.echo(metric_table(metrics))
