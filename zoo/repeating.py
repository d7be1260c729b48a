"""A recipe trained several times: once a group of the data left out, or once a seed."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from zoo import datasets
from zoo.errors import InputError, RecipeError
from zoo.loading import Pretrained, load
from zoo.measuring import evaluate, rounded, write_card
from zoo.model_card import Metric
from zoo.training.fit import fit_recipe

Report = Callable[[Metric], None]


def cross_validate(
    model: str,
    folder: str | Path | None = None,
    *,
    data: Any = None,
    only: Iterable[str] | None = None,
    resume: bool = False,
    epochs: int | None = None,
    write: bool = False,
    verbose: int | str = "auto",
    report: Report | None = None,
) -> Metric:
    """Trains a recipe once a group of its data, each time without that group, and scores on it.

    Args:
        model: An id of the zoo, or a model's folder.
        folder: Holds one trained model a group; default `runs/ID-folds`.
        data: The data set, if not the recipe's own.
        only: Groups to run, if not all.
        resume: Go on from checkpoints; finished groups are only scored.
        epochs: Train each for this many epochs, schedule included, instead of the recipe's.
        write: Whether to add the figure to the model's `card.toml`.
        verbose: Keras' progress bar.
        report: Called with the metric of each group as it is known.

    Returns:
        The mean over the groups, each group's figure in its `details`.

    Raises:
        RecipeError: The task has no groups to leave out.
        DataError: The data set is missing.
    """
    pretrained = load(model)
    card, recipe = pretrained.card, pretrained.card.recipe
    epochs = epochs or recipe.training.epochs
    recipe = replace(recipe, training=replace(recipe.training, epochs=epochs))
    learning = importlib.import_module(f"zoo.training.{recipe.task}")
    judging = importlib.import_module(f"zoo.evaluation.{recipe.task}")
    if not hasattr(learning, "folds"):
        raise RecipeError(f"{card.id}: the task {recipe.task} has no groups to leave out.")
    data = datasets.load(recipe.data.name) if data is None else data
    root = Path(folder) if folder is not None else Path("runs") / f"{card.id}-folds"
    found = []
    for fold in only or learning.folds(recipe, data):
        fit_recipe(
            recipe,
            card.folder / "recipe.toml",
            root / fold,
            data=data,
            hold_out=fold,
            resume=resume,
            verbose=verbose,
        )
        trained = load(root / fold)
        metric = judging.evaluate(trained.task, trained.run, data, hold_out=fold)[0]
        found.append(replace(metric, seeds=[recipe.training.seed]))
        if report is not None:
            report(rounded(metric))
    pooled = judging.pooled(found)
    pooled = replace(pooled, protocol=f"{pooled.protocol}, {epochs} epochs each")
    return _added(pretrained, pooled, write)


def repeat(
    model: str,
    folder: str | Path | None = None,
    *,
    seeds: int = 5,
    data: Any = None,
    split: str = "test",
    resume: bool = False,
    write: bool = False,
    verbose: int | str = "auto",
    report: Report | None = None,
) -> Metric:
    """Trains a recipe with several seeds, and tells how far its figure depends on them.

    Args:
        model: An id of the zoo, or a model's folder.
        folder: Holds one trained model a seed; default `runs/ID-seeds`.
        seeds: How many: the recipe's own seed and those that follow it.
        data: The data set, if not the recipe's own.
        split: The part of the data that scores them.
        resume: Go on from checkpoints; finished trainings are only scored.
        write: Whether to add the figure to the model's `card.toml`.
        verbose: Keras' progress bar.
        report: Called with the primary metric of each seed as it is known.

    Returns:
        The mean of the primary metric, called `METRIC_mean`; its details are the figure of each
        seed and their standard deviation, with one degree of freedom less than seeds.

    Raises:
        InputError: Fewer than two seeds.
        DataError: The data set is missing.
    """
    if seeds < 2:
        raise InputError(f"Received seeds={seeds}; use 2 or more.")
    pretrained = load(model)
    card, recipe = pretrained.card, pretrained.card.recipe
    data = datasets.load(recipe.data.name) if data is None else data
    root = Path(folder) if folder is not None else Path("runs") / f"{card.id}-seeds"
    first, found = recipe.training.seed, []
    for seed in range(first, first + seeds):
        again = replace(recipe, training=replace(recipe.training, seed=seed))
        target = root / str(seed)
        fit_recipe(
            again,
            card.folder / "recipe.toml",
            target,
            data=data,
            resume=resume,
            verbose=verbose,
        )
        found.append(_primary(target, data, split))
        if report is not None:
            report(rounded(found[-1]))
    return _added(pretrained, _over_seeds(found, first), write)


def _primary(folder: Path, data: Any, split: str) -> Metric:
    metrics = evaluate(load(folder), data=data, split=split)
    return next(metric for metric in metrics if metric.primary)


def _over_seeds(found: list[Metric], first: int) -> Metric:
    values = [metric.value for metric in found]
    named = {f"seed_{first + place}": value for place, value in enumerate(values)}
    return replace(
        found[0],
        name=f"{found[0].name}_mean",
        value=fmean(values),
        split=f"{found[0].split}, {len(found)} seeds",
        protocol=f"{found[0].protocol}; mean of {len(found)} trainings",
        seeds=list(range(first, first + len(found))),
        primary=False,
        details={**named, "standard_deviation": stdev(values)},
    )


def _added(pretrained: Pretrained, metric: Metric, write: bool) -> Metric:
    """The metric as the card keeps it, and there if asked for."""
    metric = rounded(metric)
    if write:
        kept = pretrained.card.measured.metrics if pretrained.card.measured else []
        others = [other for other in kept if other.name != metric.name]
        write_card(pretrained, [*others, metric])
    return metric
