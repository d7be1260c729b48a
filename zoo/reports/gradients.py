"""The gradient flow of a trained model, on data that validated it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo import datasets
from zoo.builders import build
from zoo.loading import load
from zoo.plots.gradient_flow import Panel, save_gradient_flow
from zoo.training.fit import prepare
from zoo.training.gradient_flow import gradient_flow

_EXAMPLES = 16


def report_gradients(
    model: str | Path, path: Path | None = None, *, data: Any = None
) -> tuple[Path, dict[str, np.ndarray]]:
    """Draws how much the loss depends on the state of each time step.

    Args:
        model: An id of the zoo, or the folder of a model that you trained.
        path: The PNG to write; default `gradients-ID.png`.
        data: The data set, if not the one of the recipe found by name.

    Returns:
        The picture's path, and the values; see `zoo.training.gradient_flow`.

    Raises:
        DataError: The data set is missing.
        RecipeError: The model's recurrent layers cannot be watched.
        MissingExtraError: matplotlib is not installed.
    """
    pretrained = load(model)
    recipe = pretrained.card.recipe
    data = datasets.load(recipe.data.name) if data is None else data
    problem = prepare(recipe, data, None, pretrained.task.processing)
    # Of a recipe whose training carries states, one window from zero states.
    learning = {k: v for k, v in problem.while_learning.items() if k != "streaming"}
    network = build(recipe.model.builder, **pretrained.arguments, **learning)
    network.set_weights(pretrained.model.get_weights())
    inputs, targets = keras.tree.map_structure(lambda a: a[:_EXAMPLES], problem.validation[0])
    if isinstance(inputs, dict):
        named = inputs
        inputs = keras.tree.map_structure(lambda tensor: named[tensor.name], network.input)
    found = gradient_flow(network, inputs, targets, problem.loss)
    target = path or Path(f"gradients-{pretrained.card.id}.png")
    name = f"{pretrained.card.id}, {_EXAMPLES} examples that validated"
    save_gradient_flow([Panel(name, {k: v.tolist() for k, v in found.items()}, {})], target)
    return target, found
