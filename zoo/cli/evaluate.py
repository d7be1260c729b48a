"""`rnn-zoo evaluate ID`, and of all models of a domain."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

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
    "--robustness",
    is_flag=True,
    help="Score on noisy, fast, clipped and otherwise coded recordings instead.",
)
@click.option("--picture", metavar="FILE", help="With --robustness, a PNG of what was found.")
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
    robustness: bool,
    picture: str | None,
    check: bool,
    as_json: bool,
) -> None:
    """Measure a model on its data, beside naive baselines on the same split."""
    if (quantized + robustness + check) > 1 or (picture and not robustness):
        raise InputError(
            "Give one of --quantized, --robustness and --check; --picture goes with --robustness."
        )
    if domain is not None and model is None and not (quantized or robustness or check):
        show_domain(domain, split, write, as_json)
        return
    if model is None or domain is not None:
        raise InputError(
            f"Received ID={model} and --domain={domain}; give one of the two, with --quantized, "
            "--robustness and --check an ID."
        )
    if quantized:
        _quantized(model, split, write, as_json)
        return
    if robustness:
        _robustness(model, split, write, picture, as_json)
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


def _robustness(model: str, split: str, write: bool, picture: str | None, as_json: bool) -> None:
    with heavy():
        import zoo
        from zoo.plots.robustness import save_robustness

        found = zoo.evaluate_robustness(
            model, split=split, write=write, report=lambda one: click.echo(str(one), err=True)
        )
        if picture is not None:
            save_robustness({model: found}, Path(picture))
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=2))
        return
    rows = [
        [one.condition, setting, f"{value:.4f}", one.setting]
        for one in found
        for setting, value in one.values.items()
    ]
    click.echo(table([["condition", "at", found[0].metric, "which is"], *rows]))


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
