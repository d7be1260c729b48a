"""Words between spaces: what is fitted, what is looked up, and what the answers tell."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.spaced_words import SpacedWords, bare, lowered
from zoo.processing.telling import telling
from zoo.processing.vocabulary import UNKNOWN, Vocabulary
from zoo.tasks import Arrays, load_task
from zoo.tasks.text_classification import ExplainedLabel, TextClassification

SETTINGS = {"kind": "spaced_words", "longest": 6, "words": 3, "choice": "frequent", "minimum": 0.5}
TEXTS, LABELS = ["A good, good film.", "a bad film", "good - (film)"], [1, 0, 1]
PROCESSING: dict[str, Any] = {
    "kind": "spaced_words",
    "longest": 6,
    "vocabulary": ["good", "film", "caf\u00e9"],
    "forms": [["", ",", 3], ["(", "", 1]],
    "labels": ["bad", "fine"],
}
TEXT = st.text(st.sampled_from("gGoOdD,(\t\u00a0\u0130\u03a3 ") | st.characters())


def task() -> TextClassification:
    found = load_task("text_classification", PROCESSING)
    assert isinstance(found, TextClassification)
    return found


def test_the_most_frequent_words_are_known_and_their_frequent_forms() -> None:
    codec = SpacedWords.fit(TEXTS, SETTINGS, LABELS)
    assert codec.vocabulary.items == ("film", "good", "a")
    # Ten pieces; three forms seen once each: film and good (3 times each) reach a half for none.
    assert codec.forms == ()
    wide = SpacedWords.fit(TEXTS, {**SETTINGS, "minimum": 0.3}, LABELS)
    assert wide.forms == (("", ",", 2), ("", ".", 2), ("(", ")", 2))
    assert wide.codes("Film, (GOOD) a, good").tolist() == [2, 3, UNKNOWN, 3]


def test_the_words_that_tell_the_label_are_known_in_order_of_frequency() -> None:
    texts = ["the dull, film", "the fine film", "a dull film", "a fine, film"]
    settings = {**SETTINGS, "words": 2, "choice": "telling", "minimum": 0}
    codec = SpacedWords.fit(["dull", *texts], settings, [0, 0, 1, 0, 1])
    assert codec.vocabulary.items == ("dull", "fine")
    assert codec.forms == (("", ",", 2),)


@given(st.lists(st.tuples(st.integers(0, 2), st.sets(st.sampled_from("abc"))), min_size=1))
def test_what_a_word_tells_is_its_mutual_information_with_the_label(
    rows: list[tuple[int, set[str]]],
) -> None:
    found = telling([bag for _, bag in rows], [label for label, _ in rows])
    assert found.keys() == set().union(*(bag for _, bag in rows))
    count = len(rows)
    for word, told in found.items():
        pairs = Counter((label, word in bag) for label, bag in rows)
        labels, there = Counter(label for label, _ in rows), Counter(word in b for _, b in rows)
        nats = sum(
            n / count * math.log(n * count / (labels[label] * there[has]))
            for (label, has), n in pairs.items()
        )
        assert told == pytest.approx(2 * count * nats, abs=1e-9)


def test_only_what_stands_in_the_table_is_known() -> None:
    codes = task().codec.codes
    assert codes("GOOD\u00a0film, (good (film\ncaf\u00c9 bad").tolist() == [2, 3, 2, 1, 4, 1]
    assert len(codes("good " * 99)) == 6


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_every_piece_has_the_code_of_its_spelling(texts: list[str]) -> None:
    codec = SpacedWords.fit([*texts, "word"], {**SETTINGS, "minimum": 0}, [0] * 9)
    again = SpacedWords.from_processing(json.loads(json.dumps(codec.to_processing())))
    assert again.table == codec.table and len(again) <= 5
    for text in texts:
        if not text.split():
            with pytest.raises(InputError, match="empty"):
                codec.codes(text)
            continue
        pieces, codes = codec.pieces(text), again.codes(text)
        assert len(pieces) == len(codes) <= 6 and codes.dtype == np.int32
        for piece, code in zip(pieces, codes.tolist(), strict=True):
            known = {s for s, c in codec.table.items() if c == code}
            assert lowered(piece) in known if code > UNKNOWN else lowered(piece) not in codec.table


@given(st.text())
def test_small_letters_are_one_for_each_character(text: str) -> None:
    assert len(lowered(text)) == len(text)
    if text.isascii():
        assert lowered(text) == text.lower()


@pytest.mark.parametrize(
    ("piece", "word"), [("/><br", "br"), ("don't.\"", "don't"), ("...", "..."), ("100%", "100")]
)
def test_punctuation_at_the_ends_is_no_part_of_a_word(piece: str, word: str) -> None:
    assert bare(piece) == word


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"longest": 0}, "longest=0"),
        ({"forms": [["", "", 3]]}, "form"),
        ({"forms": [["a", 3]]}, "form"),
        ({"forms": [["a", "", "x"]]}, "form"),
        ({"vocabulary": ["a", "a"]}, "2 items"),
        ({"colour": 1}, "colour"),
    ],
)
def test_wrong_processing_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        load_task("text_classification", {**PROCESSING, **change})


def test_fitting_needs_its_settings() -> None:
    with pytest.raises(RecipeError, match="minimum"):
        SpacedWords.fit(TEXTS, {"kind": "spaced_words", "longest": 3}, LABELS)
    with pytest.raises(RecipeError, match="'best'"):
        SpacedWords.fit(TEXTS, {**SETTINGS, "choice": "best"}, LABELS)


def test_an_answer_tells_what_the_network_looked_at() -> None:
    def attentive(arrays: Arrays) -> Arrays:
        known = (arrays["tokens"] > UNKNOWN).astype(np.float32)
        logits = np.stack([-known.sum(axis=1), known.sum(axis=1)], axis=1)
        return {"logits": logits, "attention": known / known.sum(axis=1, keepdims=True)}

    both = task().predict_many(task().frontend.around(attentive), ["What a Good Film,", "good"])
    first = both[0]
    assert isinstance(first, ExplainedLabel) and first.label == "fine"
    assert first.ranked == [("Good", 0.5), ("Film,", 0.5), ("What", 0.0), ("a", 0.0)]
    assert str(first).splitlines()[1] == "  looked at: Good 50.0%, Film, 50.0%, What 0.0%, a 0.0%"
    assert json.loads(json.dumps(first.to_dict()))["weights"] == [0, 0, 0.5, 0.5]
    assert isinstance(both[1], ExplainedLabel) and both[1].weights == [1.0]


def test_without_attention_an_answer_is_a_plain_label() -> None:
    run = task().frontend.around(lambda _: {"logits": np.array([[0.0, 1.0]])})
    found = task().predict(run, "x")
    assert type(found).__name__ == "Label" and found.label == "fine"


def test_a_vocabulary_wins_over_a_form_of_another_word() -> None:
    codec = SpacedWords(Vocabulary(["o", "o."]), [("", ".", 2)], 9)
    assert codec.codes("o o. o..").tolist() == [2, 3, 3]
