"""Vectors of words: neighbours decide, and a network of few sentences starts from them."""

from __future__ import annotations

import json
import lzma
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.text import made_words as made
from zoo.errors import MissingExtraError, RecipeError
from zoo.processing.vocabulary import Vocabulary
from zoo.training import intent_and_slots
from zoo.training.fit import fit_recipe
from zoo.training.word_vectors import factors, learn, running_text

SETTINGS: dict[str, Any] = {
    "texts": ["wikitext-2", "sgd-dialogues"],
    "window": 2,
    "minimum": 2,
    "words": 18,
}


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Running text of two data sets, in which cities and artists have neighbours of their own."""
    lines = [f"they live @-@ in {city} , <unk>" for city in ("rome", "oslo", "paris")] * 3
    turns = [f"please play {artist} now" for artist in ("abba", "cher", "queen")] * 3
    (tmp_path / "wikitext-2").mkdir()
    (tmp_path / "sgd-dialogues").mkdir()
    for part in ("train", "valid", "test"):
        (tmp_path / "wikitext-2" / f"wiki.{part}.tokens").write_text("\n".join(lines))
    row = json.dumps({"turns": [{"s": "US"[i % 2], "u": turn} for i, turn in enumerate(turns[:8])]})
    for part in ("train", "dev", "test"):
        (tmp_path / "sgd-dialogues" / f"sgd.{part}.jsonl.xz").write_bytes(
            lzma.compress(row.encode())
        )
    monkeypatch.setenv("RNN_ZOO_DATA", str(tmp_path))


@pytest.mark.usefixtures("texts")
def test_running_text_is_read_as_people_write_it() -> None:
    assert next(running_text("wikitext-2")) == "they live-in rome ,  "
    assert [*running_text("sgd-dialogues")][:2] == ["please play abba now", "please play cher now"]


@pytest.mark.usefixtures("texts")
def test_words_with_the_same_neighbours_have_like_vectors() -> None:
    found = learn([["Play", "abba"], ["rome"]], str.split, SETTINGS, size=4)
    assert set(found.words[:3]) == {"play", "abba", "rome"} and len(found.words) > 8
    assert found.vectors.shape == (len(found.words), 4) and found.vectors.dtype == np.float32
    near = dict(zip(found.words, found.vectors, strict=True))
    assert near["oslo"] @ near["paris"] > 0.9 > 0.6 > near["oslo"] @ near["queen"]
    again = learn([["Play", "abba"], ["rome"]], str.split, SETTINGS, size=4)
    np.testing.assert_array_equal(found.vectors, again.vectors)
    known = Vocabulary(["abba", "zebra"])
    assert found.wider(known, 2).items == known.items
    wider = found.wider(known, 6)
    assert len(wider) == 6 and {"abba", "zebra"} < {*wider.items} < {*found.words, "zebra"}
    rows = found.matrix(wider)
    assert rows.shape == (6, 4) and np.abs(rows[:2]).max() <= 0.05
    taken = [word for word in wider.items if word != "zebra"]
    scaled = rows[wider.encode(taken)] / np.stack([near[word] for word in taken])
    np.testing.assert_allclose(scaled, np.full(scaled.shape, scaled.flat[0]), rtol=1e-3)


@pytest.mark.slow
@pytest.mark.usefixtures("texts")
def test_a_network_starts_from_vectors_and_knows_words_of_the_texts(tmp_path: Path) -> None:
    recipe = made.recipe("snips-bilstm")
    options = {**recipe.training.options, "vectors": SETTINGS}
    recipe = replace(recipe, training=replace(recipe.training, options=options))
    problem = intent_and_slots.prepare(recipe, made.sentences())
    assert "paris" in problem.processing["words"]
    still = replace(recipe, training=replace(recipe.training, learning_rate=0.0, epochs=1))
    run = fit_recipe(still, made.path("snips-bilstm"), tmp_path / "out", data=made.sentences())
    from safetensors.numpy import load_file

    kept = load_file(run.folder / "weights.safetensors")["embedding/0.embeddings"]
    np.testing.assert_allclose(kept, problem.start["embedding"], atol=1e-3)
    # Own data keep the words of the model that they go on from.
    assert not intent_and_slots.prepare(recipe, made.sentences(), None, problem.processing).start


def test_what_vectors_need_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ({"texts": []}, {**SETTINGS, "colour": 1}):
        with pytest.raises(RecipeError, match="needed are"):
            learn([["a"]], str.split, wrong, 4)
    with pytest.raises(RecipeError, match="1 frequent words"):
        learn([["a", "b"], ["a"]], str.split, {**SETTINGS, "texts": [], "minimum": 4}, 4)
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match="vectors"):
        factors([["a", "b"]], ["a", "b"], 1, 1)
