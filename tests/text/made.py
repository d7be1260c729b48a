"""A small running text and a recipe for it."""

from __future__ import annotations

from typing import Any

from zoo.datasets.tiny_shakespeare import Text, split
from zoo.model_card import Data, Model, Recipe, Training

LINES = "to be, or not to be, that is the question:\nwhether 'tis nobler in the mind to suffer\n"


def text(repeats: int = 40) -> Text:
    """Two lines over and over, in three parts."""
    return split(LINES * repeats)


def recipe(arguments: dict[str, Any] | None = None, **training: Any) -> Recipe:
    """A recipe for `text` that trains in seconds."""
    return Recipe(
        format=1,
        title="made",
        description="made",
        domain="text",
        task="language_model",
        license="Apache-2.0",
        source="made",
        streaming=True,
        data=Data("made", "public domain", True, "in order"),
        processing={"kind": "characters"},
        model=Model("text.language_model", {"units": 8, "layers": 1, **(arguments or {})}),
        training=Training(
            **{"seed": 1, "epochs": 4, "batch_size": 8, "learning_rate": 0.01, **training},
            options={"window": 16, "validation_window": 16},
        ),
        targets={"nats_per_character_windows": 1.0},
    )
