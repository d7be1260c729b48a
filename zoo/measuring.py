"""Measure a trained model and write `card.toml`: what stands there is measured, never typed."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

from zoo import datasets
from zoo.errors import InputError, MissingExtraError, RecipeError
from zoo.evaluation.robustness import measure
from zoo.files import replacing
from zoo.loading import Pretrained, load
from zoo.model_card import (
    FORMAT,
    Few,
    Measured,
    Metric,
    ModelCard,
    Quantized,
    Robustness,
    TrainingRun,
    Weights,
)
from zoo.tasks import Run

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
    found = datasets.load(pretrained.card.recipe.data.name) if data is None else data
    metrics = score(pretrained, pretrained.run, data=found, split=split)
    if write:
        write_card(pretrained, metrics, score_few(pretrained, found) if data is None else None)
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
    return [replace(rounded(metric), seeds=seeds) for metric in found]


def evaluate_robustness(
    model: str | Path | Pretrained,
    *,
    data: Any = None,
    split: str = "test",
    write: bool = False,
    report: Callable[[Robustness], None] | None = None,
) -> list[Robustness]:
    """Measures a model that hears on recordings that are noisy, fast, coded or clipped.

    Args:
        model: An id of the zoo, the folder of a model that you trained, or a loaded model.
        data: The data set, if not the one of the recipe found by name.
        split: Part of the data.
        write: Whether to write what is found to the model's `card.toml`.
        report: Called with each condition as it is known.

    Returns:
        The primary figure under each condition of `zoo.evaluation.robustness`.

    Raises:
        DataError: The data set is missing.
        InputError: The model hears no recordings.
        RecipeError: The card has no figures of these weights and this recipe yet.
        MissingExtraError: The extra [audio] is not installed.
    """
    pretrained = model if isinstance(model, Pretrained) else load(model)
    recipe, measured = pretrained.card.recipe, _measured(pretrained.card)
    judge = importlib.import_module(f"zoo.evaluation.{recipe.task}")
    if not hasattr(judge, "changed"):
        raise InputError(
            f"{pretrained.card.id}: robustness is measured of models that hear recordings; the "
            f"task {recipe.task} does not."
        )
    data = datasets.load(recipe.data.name) if data is None else data
    score = partial(judge.changed, pretrained.task, pretrained.run, data, split)
    primary = next(metric.name for metric in measured.metrics if metric.primary)
    found = []
    for condition, values in measure(score):
        kept = {setting: round(float(value), DIGITS) for setting, value in values.items()}
        about = (condition.name, condition.setting, primary, split)
        found.append(Robustness(*about, values=kept, weights_sha256=measured.weights.sha256))
        if report is not None:
            report(found[-1])
    if write:
        _write(pretrained.card.folder, replace(measured, robustness=found))
    return found


def score_few(pretrained: Pretrained, data: Any) -> Few:
    """Figures of the small part of a data set; none where all of it is soon scored.

    Args:
        pretrained: The model.
        data: The data set of its recipe.
    """
    part = datasets.few(data)
    if part is None:
        return Few()
    return plain_figures(score(pretrained, pretrained.run, data=part, split="test"))


def plain_figures(metrics: list[Metric]) -> Few:
    """Metrics and their baselines by name."""
    baselines = {
        f"{metric.name}.{name}": value
        for metric in metrics
        for name, value in metric.baselines.items()
    }
    return Few({metric.name: metric.value for metric in metrics}, baselines)


def write_quantized(pretrained: Pretrained, files: list[Quantized]) -> None:
    """Writes what was measured of a model's small files to its `card.toml`.

    Raises:
        RecipeError: The card has no figures of these weights and this recipe yet.
    """
    _write(pretrained.card.folder, replace(_measured(pretrained.card), quantized=files))


def _measured(card: ModelCard) -> Measured:
    """What the card says of the weights and the recipe that are there.

    Raises:
        RecipeError: It says nothing of them yet.
    """
    made_of = (_digest(card.folder / "weights.safetensors"), card.recipe.sha256)
    old = card.measured
    if old is None or (old.weights.sha256, old.recipe_sha256) != made_of:
        raise RecipeError(
            f"The card of {card.id} was not measured of these weights and this recipe; "
            f"run `rnn-zoo evaluate {card.id} --write` first."
        )
    return old


def write_card(model: Pretrained, metrics: list[Metric], few: Few | None = None) -> None:
    """Writes `card.toml`; the version counts up when the weights are new.

    Args:
        model: The model, from its folder.
        metrics: What was measured; others that the card has are kept while the recipe is the same.
        few: Figures of a small part of the data; left out, those of the same weights are kept.
    """
    folder, old = model.card.folder, model.card.measured
    recipe_digest = model.card.recipe.sha256
    weights_path = folder / "weights.safetensors"
    weights = Weights(_digest(weights_path), weights_path.stat().st_size, model.parameters())
    version = int(old.version) if old else 0
    if old is None or old.weights.sha256 != weights.sha256:
        version += 1
    names = {metric.name for metric in metrics}
    kept = old.metrics if old and old.recipe_sha256 == recipe_digest else []
    same = old if old and kept and old.weights == weights else None
    measured = Measured(
        format=FORMAT,
        version=str(version),
        recipe_sha256=recipe_digest,
        weights=weights,
        run=TrainingRun(**model.run_facts),
        metrics=[*metrics, *(metric for metric in kept if metric.name not in names)],
        quantized=same.quantized if same else [],
        robustness=same.robustness if same else [],
        few=few or (same.few if same else Few()),
        threshold=float(model.task.processing.get("threshold", 0.0)),
    )
    _write(folder, measured)


def _write(folder: Path, measured: Measured) -> None:
    try:
        import tomli_w
    except ImportError:
        raise MissingExtraError("tensorflow", "Writing a card") from None
    empty = {
        "threshold": not measured.threshold,
        "few": not measured.few.metrics,
        "robustness": not measured.robustness,
    }
    told = {key: value for key, value in asdict(measured).items() if not empty.get(key)}
    with replacing(folder / "card.toml") as temporary:
        temporary.write_text(tomli_w.dumps(told), encoding="utf-8")


def rounded(metric: Metric) -> Metric:
    """The metric with what a card keeps of its figures: six digits."""

    def digits(values: dict[str, float]) -> dict[str, float]:
        return {name: round(float(value), DIGITS) for name, value in values.items()}

    return replace(
        metric,
        value=round(float(metric.value), DIGITS),
        baselines=digits(metric.baselines),
        details=digits(metric.details),
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
