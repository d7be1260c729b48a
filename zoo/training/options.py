"""What `[training.options]` of a recipe may hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from zoo.errors import RecipeError
from zoo.model_card import Recipe


def options_of(recipe: Recipe, known: Sequence[str]) -> dict[str, Any]:
    """The options of a recipe's training.

    Args:
        recipe: The recipe.
        known: All options that its task has.

    Raises:
        RecipeError: There is another one.
    """
    options = recipe.training.options
    if unknown := sorted(set(options) - set(known)):
        raise RecipeError(
            f"Received the unknown training option {unknown[0]!r}; known: {', '.join(known)}."
        )
    return options
