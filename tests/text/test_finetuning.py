"""Fine-tuning a text classifier on a table of one's own, from the shell to an answer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import zoo
from tests.text import made_words as made
from zoo.cli import app
from zoo.errors import InputError
from zoo.training.fit import fit_recipe

KINDS = ("red", "green", "blue")
ROWS = "\n".join(f"{kind} {word},{kind}" for kind in KINDS for word in "abcdefgh")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of words between spaces, with its own small recipe."""
    folder = tmp_path_factory.mktemp("learned") / "model"
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(made.small("reviews"), encoding="utf-8")
    fit_recipe(made.recipe("reviews", epochs=1), path, folder, data=made.reviews(), verbose=0)
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_table_becomes_a_model_with_a_card(learned: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("text,label\n" + ROWS, encoding="utf-8")
    words = ["train", "--from", str(learned), "--data", str(tmp_path / "mine.csv"), "--epochs", "1"]
    words += ["--batch-size", "4"]
    result = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "mine")])
    assert result.exit_code == 0, result.output
    assert "accuracy" in result.stdout and "logistic_regression" in result.stdout
    for name in ("curve.png", "confusion.png", "attention.png"):
        assert (tmp_path / "mine" / name).read_bytes().startswith(b"\x89PNG")
    model = zoo.load(tmp_path / "mine")
    assert model.task.processing["labels"] == ["blue", "green", "red"]
    assert model.task.processing["vocabulary"] == zoo.load(learned).task.processing["vocabulary"]
    assert "mine.csv" in str(model.card) and model.card.measured is not None
    assert model.card.recipe.training.batch_size == 4 and model.run_facts["epochs"] == 1
    with pytest.raises(InputError, match="epochs=0"):
        zoo.train(None, tmp_path, start=str(learned), data=tmp_path / "mine.csv", epochs=0)
    answer = model.predict("a red thing")
    assert answer.to_dict()["words"] == ["a", "red", "thing"]
    assert np.isclose(sum(answer.to_dict()["weights"]), 1)
