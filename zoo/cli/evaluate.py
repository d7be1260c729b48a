"""`rnn-zoo evaluate ID`."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from zoo.cli._shared import JSON, heavy, table


@click.command()
@click.argument("model", metavar="ID")
@click.option("--split", default="test", help="Part of the data to score; default test.")
@click.option("--write", is_flag=True, help="Write the figures to the model's card.toml.")
@JSON
def command(model: str, split: str, write: bool, as_json: bool) -> None:
    """Measure a model on its data, beside naive baselines on the same split."""
    with heavy():
        import zoo

        metrics = zoo.evaluate(model, split=split, write=write)
    if as_json:
        click.echo(json.dumps([asdict(metric) for metric in metrics], indent=2))
        return
    rows = [["metric", "value", "unit", "split", "baselines", "protocol"]]
    for metric in metrics:
        baselines = ", ".join(f"{name} {value:.4g}" for name, value in metric.baselines.items())
        value = f"{metric.value:.4f}"
        rows.append([metric.name, value, metric.unit, metric.split, baselines, metric.protocol])
    click.echo(table(rows))
