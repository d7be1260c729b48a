"""Recipes and cards are typed: what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.test_training import TOML
from zoo.errors import RecipeError
from zoo.model_card import read_card, read_recipe


def test_a_recipe_without_a_card_is_a_model_not_trained_yet(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TOML)
    card = read_card(tmp_path)
    assert card.measured is None and card.primary is None
    assert card.recipe.training.learning_rate == 0.01
    assert "not trained" in str(card)
    assert card.to_dict()["params"] is None


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "made"', "", "'title' is missing"),
        ('title = "made"', "title = 3", "received 3"),
        ('title = "made"', 'title = "made"\ncolour = 1', "unknown key 'colour'"),
        ("seed = 1", "seed = true", "received True"),
        ("seed = 1", 'seed = "one"', "received 'one'"),
        ("format = 1", "format = 9", "format 9"),
        ('domain = "text"', 'domain = "smell"', "'smell'"),
        ("[data]", "[data", "not TOML"),
        ('[processing]\nkind = "characters"', "processing = 3", "received 3"),
    ],
)
def test_wrong_recipes_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert TOML.count(old) >= 1
    path = tmp_path / "recipe.toml"
    path.write_text(TOML.replace(old, new, 1) if old != '[processing]\nkind = "characters"'
                    else "processing = 3\n" + TOML.replace(old, ""))  # fmt: skip
    with pytest.raises(RecipeError, match=says):
        read_recipe(path)


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="does not exist"):
        read_recipe(tmp_path / "recipe.toml")


def test_the_digest_changes_with_the_card(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TOML)
    before = read_card(tmp_path).sha256
    (tmp_path / "recipe.toml").write_text(TOML.replace("seed = 1", "seed = 2"))
    assert read_card(tmp_path).sha256 != before
