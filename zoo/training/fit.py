"""Train one recipe: data, model, Keras' `fit`, and the weights that validated best."""

from __future__ import annotations

import importlib
import os
import platform
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo import datasets
from zoo.builders import build
from zoo.errors import RecipeError
from zoo.model_card import Recipe, Training
from zoo.training.batches import Problem
from zoo.training.checkpoint import Checkpoint
from zoo.training.initialisation import initialise
from zoo.training.schedules import learning_rate
from zoo.weights import load_weights, save_weights


@dataclass(frozen=True)
class Run:
    """A finished training.

    Args:
        folder: Holds recipe.toml, weights.safetensors, history.csv, curve.png, the checkpoint.
        history: One mapping of loss and metrics an epoch.
        best_epoch: The epoch whose weights were kept, from 0.
    """

    folder: Path
    history: list[dict[str, float]]
    best_epoch: int


def fit_recipe(
    recipe: Recipe,
    recipe_path: Path,
    folder: Path,
    *,
    data: Any = None,
    hold_out: str | None = None,
    start: Path | None = None,
    processing: Mapping[str, Any] | None = None,
    resume: bool = False,
    epochs: int | None = None,
    verbose: int | str = "auto",
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> Run:
    """Trains a recipe from its data to a weights file.

    Args:
        recipe: What to train.
        recipe_path: Its file, copied into `folder`.
        folder: Where everything is written; it is a model's folder that `zoo.load` takes. A
            `card.toml` in it is removed.
        data: The data set, if not the recipe's own.
        hold_out: A group of the data that training must not see (a speaker).
        start: Weights to start from (fine-tuning); a head of another shape starts anew.
        processing: A fitted processing to keep (fine-tuning).
        resume: Whether to go on from the folder's checkpoint, if there is one.
        epochs: Stop after this many epochs in all, if that is less than the recipe's.
        verbose: Keras' progress bar: "auto", 0, 1 or 2.
        callbacks: Called after those that take the time, average, validate and save.

    Returns:
        The finished run.

    Raises:
        DataError: The data set or the checkpoint cannot be used.
        RecipeError: The recipe does not fit its task or builder.
    """
    settings = recipe.training
    keras.utils.set_random_seed(settings.seed)
    data = datasets.load(recipe.data.name) if data is None else data
    problem = prepare(recipe, data, hold_out, processing)
    arguments = {**recipe.model.arguments, **problem.arguments, **problem.while_learning}
    model = build(recipe.model.builder, **arguments)
    initialise(model, settings.initial, settings.seed)
    for name, values in problem.start.items():
        model.get_layer(name).weights[0].assign(values)
    if start is not None:
        load_weights(model, start, partly=True)
    learner = problem.learner(model) if problem.learner else model
    compile_model(learner, settings, len(problem.train), problem.loss, problem.metrics)
    folder.mkdir(parents=True, exist_ok=True)
    if recipe_path.resolve() != (folder / "recipe.toml").resolve():
        shutil.copyfile(recipe_path, folder / "recipe.toml")
    checkpoint = Checkpoint(folder, settings, problem.train, problem.validation)
    first = checkpoint.resume(learner) if resume else 0
    last = min(settings.epochs, epochs or settings.epochs)
    checkpoint.set_model(learner)
    if first < last and not (first and checkpoint.exhausted()):
        _fit(learner, problem, checkpoint, (first, last), verbose, callbacks)
    checkpoint.restore_best()
    facts = _facts(recipe, checkpoint)
    header = {"processing": problem.processing, "arguments": problem.arguments, "run": facts}
    save_weights(model, folder / "weights.safetensors", header)
    (folder / "card.toml").unlink(missing_ok=True)  # it was measured on other weights
    from zoo.plots.curve import save_training_curve

    save_training_curve(checkpoint.history, folder / "curve.png")
    return Run(folder, checkpoint.history, checkpoint.best_epoch)


def prepare(
    recipe: Recipe, data: Any, hold_out: str | None, processing: Mapping[str, Any] | None
) -> Problem:
    """What a recipe and its data come to, as the training of its task says.

    Raises:
        DataError: The data cannot be used.
        RecipeError: The recipe lacks something, or has what its task does not know.
    """
    try:
        module = importlib.import_module(f"zoo.training.{recipe.task}")
    except ModuleNotFoundError:
        raise RecipeError(f"Received the task {recipe.task!r}, which has no training.") from None
    try:
        problem: Problem = module.prepare(recipe, data, hold_out, processing)
    except KeyError as error:
        raise RecipeError(f"The recipe lacks the key {error} that {recipe.task} needs.") from None
    return problem


def compile_model(
    model: keras.Model, settings: Training, batches: int, loss: Any, metrics: Sequence[Any] = ()
) -> None:
    """AdamW (arXiv 1711.05101), clipped by global norm (Pascanu et al. 2013, arXiv 1211.5063).

    Args:
        model: What learns.
        settings: Learning rate and its schedule, weight decay, clipping.
        batches: Of an epoch.
        loss: A Keras loss.
        metrics: Keras metrics to watch.

    Raises:
        RecipeError: The schedule is unknown, or its numbers do not fit it.
    """
    optimizer = keras.optimizers.AdamW(
        learning_rate(settings, batches),
        weight_decay=settings.weight_decay,
        global_clipnorm=settings.clip_norm or None,
    )
    # XLA made an LSTM's training step slower on CPU under TensorFlow; JAX always compiles.
    jit = "auto" if keras.backend.backend() == "jax" else False
    model.compile(optimizer, loss=loss, metrics=list(metrics), jit_compile=jit)


def _fit(
    model: keras.Model,
    problem: Problem,
    checkpoint: Checkpoint,
    span: tuple[int, int],
    verbose: int | str,
    more: Sequence[keras.callbacks.Callback],
) -> None:
    first, last = span
    callbacks = [_Stopwatch(checkpoint), checkpoint, *more]
    if keras.backend.backend() == "tensorflow" and find_spec("tensorboard"):
        callbacks.append(keras.callbacks.TensorBoard(checkpoint.folder / "tensorboard"))
    problem.train.epoch = first
    model.fit(
        problem.train,
        epochs=last,
        initial_epoch=first,
        callbacks=callbacks,
        verbose=verbose,
        shuffle=False,  # the batches draw their own order; Keras' could not be resumed
    )


class _Stopwatch(keras.callbacks.Callback):  # type: ignore[misc]
    """Adds each epoch's wall time to the checkpoint, across interruptions."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        now = time.perf_counter()
        self.checkpoint.seconds += now - self._started
        self._started = now


def _facts(recipe: Recipe, checkpoint: Checkpoint) -> dict[str, Any]:
    return {
        "backend": keras.backend.backend(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "seed": recipe.training.seed,
        "epochs": len(checkpoint.history),
        "seconds": round(checkpoint.seconds, 1),
        "versions": {"keras": keras.__version__, "numpy": np.__version__},
    }
