"""Cards are checked again: on all data, and on a small part of large data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import zoo
from tests.core.test_training import TOML
from tests.text.made import text
from tests.text.made_dialogues import dialogues
from tests.text.made_words import sentences
from zoo import datasets
from zoo.checking import check, differences
from zoo.cli import app
from zoo.datasets.cmudict import Pronunciations
from zoo.datasets.multi30k import ParallelTexts
from zoo.datasets.names_by_language import LabelledTexts
from zoo.errors import RecipeError
from zoo.model_card import Few


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trained model whose recipe's data is large enough to have a small part."""
    monkeypatch.setattr(datasets, "load", lambda _: text(800))
    (tmp_path / "recipe.toml").write_text(TOML)
    zoo.train(str(tmp_path), tmp_path / "run", data=text(10), epochs=1, verbose=0)
    return tmp_path / "run"


def test_a_card_is_checked_on_all_data_and_on_few(folder: Path) -> None:
    with pytest.raises(RecipeError, match=r"evaluate run --write"):
        check(folder)
    zoo.evaluate(folder, write=True)
    assert not check(folder) and not check(folder, whole=False)
    measured = zoo.card(folder).measured
    assert measured is not None
    name = measured.metrics[0].name
    assert measured.few.metrics.keys() == {metric.name for metric in measured.metrics}
    assert measured.few.metrics[name] != measured.metrics[0].value
    card = folder / "card.toml"
    card.write_text(card.read_text().replace(f"value = {measured.metrics[0].value}", "value = 9.0"))
    (said,) = check(folder)
    assert name in said and "stands as 9 on the card" in said
    assert not check(folder, whole=False)
    done = CliRunner().invoke(app, ["evaluate", str(folder), "--check"])
    assert isinstance(done.exception, RecipeError) and said in str(done.exception)


def test_figures_of_other_data_are_not_of_the_small_part(folder: Path) -> None:
    zoo.evaluate(folder, data=text(160), write=True)
    with pytest.raises(RecipeError, match="no figures to compare"):
        check(folder, whole=False)


def test_every_figure_found_is_compared() -> None:
    card = Few({"accuracy": 0.9, "folds": 0.8}, {"accuracy.majority": 0.5})
    assert not differences(card, Few({"accuracy": 0.905}, {"accuracy.majority": 0.5}), 0.01)
    assert len(differences(card, Few({"accuracy": 0.88}, {"accuracy.majority": 0.51}), 0.01)) == 2
    assert "nan" in differences(card, Few({"new": 1.0}), 0.01)[0]


@given(st.integers(0, 300), st.integers(1, 50))
def test_rows_are_spread_evenly(count: int, most: int) -> None:
    chosen = datasets.spread(range(count), most)
    assert len(chosen) == min(count, len(chosen)) <= most
    assert not count or chosen[0] == 0
    assert len(set(np.diff(chosen))) <= 1 and count - (chosen[-1] if count else 0) <= chosen.step


def test_the_small_part_of_each_kind_of_data() -> None:
    assert datasets.few(object()) is None
    few = datasets.few(text(5000))
    assert [len(part) for part in (few.train, few.validation, few.test)] == [100_000, 5000, 5000]
    words = {f"w{k}": (("AH",),) for k in range(600)}
    spoken = datasets.few(Pronunciations(words, words, words))
    assert (
        spoken.train == words and len(spoken.test) == 200 and spoken.test.items() <= words.items()
    )
    lines = tuple(map(str, range(1200)))
    both = datasets.few(ParallelTexts(*[{"de": lines, "en": lines}] * 3))
    assert len(both.train["de"]) == 600 and both.test["de"] == both.test["en"] == lines[::12]
    talks = datasets.few(dialogues(100))
    assert len(talks.train) == 150 and talks.test == dialogues(100).test
    tagged = datasets.few(replace(sentences(), test=sentences().train))
    assert len(tagged.test) <= 200 and tagged.train == sentences().train
    names = LabelledTexts(
        lines * 2, np.arange(2400) % 2, np.repeat(["test", "train"], 1200), ("a",)
    )
    chosen = datasets.few(names)
    assert len(chosen) == 1200 and chosen.texts == lines[::2] * 2
    assert (chosen.splits == np.repeat(["test", "train"], 600)).all()
