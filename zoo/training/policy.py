"""How a policy learns by imitation: what a teacher did, from what the policy will see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.datasets.cartpole import ACTIONS, NAMES, Demonstrations, Played
from zoo.errors import RecipeError
from zoo.model_card import Recipe
from zoo.processing.feature_rows import FeatureRows
from zoo.training.batches import Batches, Problem
from zoo.training.options import options_of

_AFTER_THE_END = -1


class Stretches:
    """Stretches of episodes, from their start, with the teacher's actions.

    Args:
        played: The episodes.
        rows: How observations are standardised.
        steps: Longest stretch; what is shorter is padded.
    """

    def __init__(self, played: Played, rows: FeatureRows, steps: int) -> None:
        self._features = rows({"values": played.visible[:, :steps]})["features"]
        after = np.arange(self._features.shape[1]) >= played.returns[:, None]
        actions = np.where(after, _AFTER_THE_END, played.actions[:, :steps])
        self._actions = actions.astype(np.int32)

    def __len__(self) -> int:
        return len(self._features)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Features float32 (batch, time, features) and actions int32 (batch, time), -1 after."""
        return self._features[indices], self._actions[indices]


def imitation(actions: Any, logits: Any) -> Any:
    """Cross-entropy of the teacher's actions, mean over the steps before the end, (batch,)."""
    before = ops.cast(actions >= 0, logits.dtype)
    told = keras.losses.sparse_categorical_crossentropy(
        ops.maximum(actions, 0), logits, from_logits=True
    )
    return ops.sum(told * before, axis=-1) / ops.maximum(ops.sum(before, axis=-1), 1.0)


def prepare(
    recipe: Recipe,
    data: Demonstrations,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Standardises the observations by those of the training episodes.

    Recipe: `training.options.steps` is how many steps of an episode are learned.

    Raises:
        RecipeError: An option is unknown, or a group is to be held out.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; these episodes have no groups.")
    steps, known = options_of(recipe, ("steps",))["steps"], data.parts["train"]
    if processing is None:
        sequences = [row[:n] for row, n in zip(known.visible, known.returns, strict=True)]
        rows = FeatureRows.fit(sequences, NAMES)
    else:
        told = {name: processing[name] for name in ("kind", "names", "means", "stds")}
        rows = FeatureRows.from_processing(told)
    settings = recipe.training
    return Problem(
        processing={**rows.to_processing(), "actions": list(ACTIONS)},
        arguments={"features": len(NAMES), "outputs": len(ACTIONS)},
        train=Batches(Stretches(known, rows, steps), settings.batch_size, settings.seed),
        validation=Batches(
            Stretches(data.parts["validation"], rows, steps), settings.batch_size, shuffle=False
        ),
        loss=imitation,
    )
