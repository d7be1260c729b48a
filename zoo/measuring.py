"""Measure a trained model and write `card.toml`: what stands there is measured, never typed."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from zoo import datasets
from zoo.errors import MissingExtraError, RecipeError
from zoo.files import replacing
from zoo.loading import Pretrained, load
from zoo.model_card import FORMAT, Measured, Metric, Quantized, TrainingRun, Weights
from zoo.tasks import Run
from zoo.training.fit import fit_recipe

DIGITS = 6


def evaluate(
    model: str | Path | Pretrained,
    *,
    data: Any = None,
    split: str = "test",
    write: bool = False,
) -> list[Metric]:
    """Measures a model on a split of its data.

    Args:
        model: An id of the zoo, the folder of a model that you trained, or a loaded model.
        data: The data set, if not the one of the recipe found by name.
        split: "validation" or "test" (classifiers: "train" or "test").
        write: Whether to write the model's `card.toml`; figures of a cross-validation that the
            card has already are kept while the recipe is the same.

    Returns:
        The metrics, each beside its baselines; the first is the primary one.

    Raises:
        DataError: The data set is missing, or the split too short.
    """
    pretrained = model if isinstance(model, Pretrained) else load(model, verify=not write)
    metrics = score(pretrained, pretrained.run, data=data, split=split)
    if write:
        _write_card(pretrained, metrics)
    return metrics


def score(pretrained: Pretrained, run: Run, *, data: Any = None, split: str) -> list[Metric]:
    """Measures whatever runs a model's network: the model itself, or an exported file.

    Args:
        pretrained: The model, for its task and its data.
        run: Named arrays in, named arrays out.
        data: The data set, if not the one of the recipe found by name.
        split: Part of the data.

    Raises:
        DataError: The data set is missing, or the split too short.
    """
    recipe = pretrained.card.recipe
    data = datasets.load(recipe.data.name) if data is None else data
    judge = importlib.import_module(f"zoo.evaluation.{recipe.task}").evaluate
    seeds = [int(pretrained.run_facts["seed"])]
    found = judge(pretrained.task, run, data, split)
    return [replace(_rounded(metric), seeds=seeds) for metric in found]


def write_quantized(pretrained: Pretrained, files: list[Quantized]) -> None:
    """Writes what was measured of a model's small files to its `card.toml`.

    Raises:
        RecipeError: The card has no figures of these weights and this recipe yet.
    """
    folder, old = pretrained.card.folder, pretrained.card.measured
    weights, recipe = (_digest(folder / name) for name in ("weights.safetensors", "recipe.toml"))
    if old is None or (old.weights.sha256, old.recipe_sha256) != (weights, recipe):
        raise RecipeError(
            f"The card of {pretrained.card.id} was not measured of these weights and this recipe; "
            f"run `rnn-zoo evaluate {pretrained.card.id} --write` first."
        )
    _write(folder, replace(old, quantized=files))


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
    report: Callable[[Metric], None] | None = None,
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
            report(_rounded(metric))
    pooled = _rounded(judging.pooled(found))
    pooled = replace(pooled, protocol=f"{pooled.protocol}, {epochs} epochs each")
    if write:
        kept = card.measured.metrics if card.measured else []
        others = [metric for metric in kept if metric.name != pooled.name]
        _write_card(pretrained, [*others, pooled])
    return pooled


def _write_card(model: Pretrained, metrics: list[Metric]) -> None:
    """Writes `card.toml`; the version counts up when the weights are new."""
    folder, old = model.card.folder, model.card.measured
    recipe_digest = _digest(folder / "recipe.toml")
    weights_path = folder / "weights.safetensors"
    weights = Weights(_digest(weights_path), weights_path.stat().st_size, model.parameters())
    version = int(old.version) if old else 0
    if old is None or old.weights.sha256 != weights.sha256:
        version += 1
    names = {metric.name for metric in metrics}
    kept = old.metrics if old and old.recipe_sha256 == recipe_digest else []
    measured = Measured(
        format=FORMAT,
        version=str(version),
        recipe_sha256=recipe_digest,
        weights=weights,
        run=TrainingRun(**model.run_facts),
        metrics=[*metrics, *(metric for metric in kept if metric.name not in names)],
        quantized=old.quantized if old and kept and old.weights == weights else [],
        threshold=float(model.task.processing.get("threshold", 0.0)),
    )
    _write(folder, measured)


def _write(folder: Path, measured: Measured) -> None:
    try:
        import tomli_w
    except ImportError:
        raise MissingExtraError("tensorflow", "Writing a card") from None
    told = {key: value for key, value in asdict(measured).items() if key != "threshold" or value}
    with replacing(folder / "card.toml") as temporary:
        temporary.write_text(tomli_w.dumps(told), encoding="utf-8")


def _rounded(metric: Metric) -> Metric:
    def rounded(values: dict[str, float]) -> dict[str, float]:
        return {name: round(float(value), DIGITS) for name, value in values.items()}

    return replace(
        metric,
        value=round(float(metric.value), DIGITS),
        baselines=rounded(metric.baselines),
        details=rounded(metric.details),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
