"""`rnn-zoo evaluate ID`, and of all models of a domain."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from zoo.cli._domain import show_domain
from zoo.cli._shared import JSON, heavy, metric_table, table
from zoo.errors import InputError, RecipeError


@click.command()
@click.argument("model", metavar="[ID]", required=False)
@click.option("--domain", metavar="NAME", help="Score all models of text, speech or series.")
@click.option("--split", default="test", help="Part of the data to score; default test.")
@click.option("--write", is_flag=True, help="Write the figures to the model's card.toml.")
@click.option(
    "--quantized",
    is_flag=True,
    help="Export, make int8 and float16 files, and score these in onnxruntime instead.",
)
@click.option(
    "--check", is_flag=True, help="Compare with the model's card; an error if a figure differs."
)
@JSON
def command(
    model: str | None,
    domain: str | None,
    split: str,
    write: bool,
    quantized: bool,
    check: bool,
    as_json: bool,
) -> None:
    """Measure a model on its data, beside naive baselines on the same split."""
    if domain is not None and model is None and not (quantized or check):
        show_domain(domain, split, write, as_json)
        return
    if model is None or domain is not None:
        raise InputError(
            f"Received ID={model} and --domain={domain}; give one of the two, with --quantized "
            "and --check an ID."
        )
    if quantized:
        _quantized(model, split, write, as_json)
        return
    if check:
        _check(model)
        return
    with heavy():
        import zoo

        metrics = zoo.evaluate(model, split=split, write=write)
    if as_json:
        click.echo(json.dumps([asdict(metric) for metric in metrics], indent=2))
        return
    click.echo(metric_table(metrics))


def _check(model: str) -> None:
    with heavy():
        from zoo.checking import check

        found = check(model)
    if found:
        raise RecipeError(f"{model} is not as its card says: {' '.join(found)}")
    click.echo(f"{model}: all figures are those of its card")


def _quantized(model: str, split: str, write: bool, as_json: bool) -> None:
    with heavy():
        import zoo
        from export.quantization.on_data import evaluate_small

        metrics, files = evaluate_small(zoo.load(model), split=split, write=write)
    if as_json:
        click.echo(json.dumps([asdict(file) for file in files], indent=2))
        return
    names = [metric.name for metric in metrics]
    rows = [["file", "bytes", "speed at batch 1", "at batch 32", *names]]
    plain = [f"{metric.value:.4f}" for metric in metrics]
    rows.append(["float32", str(files[0].float_bytes), "1", "1", *plain])
    for file in files:
        gains = [f"{gain:.2f}" for gain in file.speedup.values()]
        values = [f"{file.metrics[name]:.4f}" for name in names]
        rows.append([file.kind, str(file.bytes), *gains, *values])
    click.echo(table(rows))
