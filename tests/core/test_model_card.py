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
        ("windows = 1.0", 'windows = "low"', "received 'low'"),
        ("nats_per_character_windows = 1.0", "", "is empty"),
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


def test_what_is_said_of_a_model_does_not_make_its_figures_old(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    digests = []
    for old, new in (("", ""), ('description = "made"', 'description = "told"'), ("8", "9")):
        path.write_text(TOML.replace(old, new) if old else TOML)
        digests.append(read_recipe(path).sha256)
    assert digests[0] == digests[1] != digests[2]


def test_the_digest_changes_with_the_card(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TOML)
    before = read_card(tmp_path).sha256
    (tmp_path / "recipe.toml").write_text(TOML.replace("seed = 1", "seed = 2"))
    assert read_card(tmp_path).sha256 != before


CARD = """
format = 1
version = "1"
recipe_sha256 = "a"
metrics = []
[weights]
sha256 = "b"
bytes = 1
params = 1
[run]
backend = "made"
machine = "made"
seed = 1
epochs = 1
seconds = 1.0
versions = {}
[[quantized]]
kind = "int8"
bytes = 250
float_bytes = 1000
speedup = {1 = 2.0, 32 = 1.5}
computed = {LSTM = 1}
onnxruntime_only = true
split = "test"
metrics = {accuracy = 0.5}
weights_sha256 = "b"
machine = "made"
onnxruntime = "1.32.0"
"""


def test_small_files_are_a_typed_part_of_the_card(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TOML)
    (tmp_path / "card.toml").write_text(CARD)
    card = read_card(tmp_path)
    assert card.measured is not None
    assert card.measured.quantized[0].speedup == {"1": 2.0, "32": 1.5}
    line = "int8 file: 250 bytes (float32 1,000), speed 2.00 at batch 1, 1.50 at batch 32"
    assert f"{line}; accuracy 0.5 (test)" in str(card)
    assert "threshold" not in str(card)
    (tmp_path / "card.toml").write_text("threshold = 0.3\n" + CARD)
    assert "threshold   0.3" in str(read_card(tmp_path))
    for old, new, says in (
        ("kind = ", "sort = ", "unknown key 'sort'"),
        ("bytes = 250\n", "", "'bytes' is missing"),
        ("bytes = 250", 'bytes = "250"', "received '250'"),
        ("[[quantized]]", "[quantized]", "where a table is needed|of list"),
    ):
        (tmp_path / "card.toml").write_text(CARD.replace(old, new, 1))
        with pytest.raises(RecipeError, match=says):
            read_card(tmp_path)
