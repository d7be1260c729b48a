"""Writes `recipe.toml`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from zoo.errors import MissingExtraError
from zoo.files import replacing
from zoo.model_card import Recipe


def write_recipe(recipe: Recipe, path: Path) -> None:
    """Writes a recipe that `zoo.model_card.read_recipe` reads.

    Raises:
        MissingExtraError: tomli-w is not installed.
    """
    try:
        import tomli_w
    except ImportError:
        raise MissingExtraError("tensorflow", "Writing a recipe") from None
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary:
        temporary.write_text(tomli_w.dumps(asdict(recipe)), encoding="utf-8")
