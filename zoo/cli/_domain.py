"""All models of a domain measured in one go: the target, the figure, the best naive baseline."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

import click

from zoo.cli._shared import heavy, table
from zoo.errors import DataError, InputError

if TYPE_CHECKING:
    from zoo.model_card import Metric, ModelCard

_HEAD = ["model", "metric", "must", "measured", "reached", "best baseline", "protocol"]


def show_domain(domain: str, split: str, write: bool, as_json: bool) -> None:
    """Measures every model of a domain and prints a table, or JSON: model to metrics.

    Targets that a single model cannot be measured against (several seeds, left-out speakers) stand
    beside the card's figures. A model whose data is not here has no figures; the table says so,
    standard error why.

    Raises:
        InputError: There is no such domain.
        DataError: The data of no model is here.
    """
    from zoo.catalog import list_models

    cards = list_models(domain=domain)
    if not cards:
        raise InputError(f"Received the domain {domain!r}; use text, speech or series.")
    found = {card.id: _measured(card, split, write) for card in cards}
    if not any(found.values()):
        raise DataError(f"No model of {domain} could be measured; see the reasons above.")
    if as_json:
        told = {name: [asdict(metric) for metric in metrics] for name, metrics in found.items()}
        click.echo(json.dumps(told, indent=2))
        return
    rows = [row for card in cards for row in _rows(card, found[card.id])]
    click.echo(table([_HEAD, *rows]))


def _measured(card: ModelCard, split: str, write: bool) -> list[Metric]:
    start = time.perf_counter()
    try:
        with heavy():
            import zoo

            metrics = zoo.evaluate(card.id, split=split, write=write)
    except DataError as error:
        click.echo(f"{card.id}: {error}", err=True)
        return []
    click.echo(f"{card.id}: {time.perf_counter() - start:.0f} s", err=True)
    return metrics


def _rows(card: ModelCard, metrics: list[Metric]) -> list[list[str]]:
    if not metrics:
        return [[card.id, "-", "-", "-", "-", "-", "data missing"]]
    names = {metric.name for metric in metrics}
    kept = card.measured.metrics if card.measured else []
    others = [
        replace(metric, protocol=f"from the card: {metric.protocol}")
        for metric in kept
        if metric.name in card.recipe.targets and metric.name not in names
    ]
    return [_row(card, metric) for metric in [*metrics, *others]]


def _row(card: ModelCard, metric: Metric) -> list[str]:
    must, reached = "", ""
    value = card.recipe.targets.get(metric.name)
    if value is not None:
        higher = metric.direction == "higher"
        must = f"{'>=' if higher else '<='} {value:g}"
        reached = "yes" if (metric.value >= value if higher else metric.value <= value) else "no"
    best = (max if metric.direction == "higher" else min)(
        metric.baselines.items(), key=lambda item: item[1], default=("", float("nan"))
    )
    baseline = f"{best[0]} {best[1]:.4g}" if best[0] else ""
    measured = f"{metric.value:.4f}"
    return [card.id, metric.name, must, measured, reached, baseline, metric.protocol]
