"""Measures and naive baselines of texts, tags, requests and sounds, checked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text import made_words as made
from zoo.datasets.ud_english_ewt import Tagged
from zoo.evaluation.intent_and_slots import (
    Answers,
    intent_accuracy,
    logistic_regression,
    most_frequent,
    sentence_accuracy,
    slot_f1,
)
from zoo.evaluation.logistic_regression import LogisticRegression
from zoo.evaluation.naive_bayes import NaiveBayes
from zoo.evaluation.nearest import nearest
from zoo.evaluation.tagging import MostFrequentTag
from zoo.evaluation.text_classification import accuracy, macro_f1
from zoo.evaluation.transduction import edit_distance, letter_map, phone_error, word_error

SYMBOLS = st.lists(st.sampled_from("abc"), max_size=6)


def test_macro_f1_weighs_classes_alike() -> None:
    labels, answers = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    assert accuracy(labels, answers) == 0.75
    assert macro_f1(labels, answers) == pytest.approx((2 * 2 / 5 + 2 * 1 / 3) / 2)
    assert macro_f1(labels, np.zeros(4, int)) == pytest.approx((2 * 3 / 7) / 2)


def test_naive_bayes_counts_n_grams() -> None:
    model = NaiveBayes(["ab", "ab", "cd"], np.array([0, 0, 1]), 2, order=2, smoothing=1.0)
    assert model.predict(["a", "d", "xyz"]).tolist() == [0, 1, 0]  # unseen: the prior decides
    # Six kinds with the marks, one added to each: "c" has 2 of 10 in class 1, 1 of 10 in class 0.
    alone = NaiveBayes(["ab", "cd"], np.array([0, 1]), 2, order=1, smoothing=1.0)
    gap = np.diff(alone.scores(["c"])[0])[0]
    assert gap == pytest.approx(np.log(2))


def test_logistic_regression_learns_what_decides() -> None:
    rng = np.random.default_rng(0)
    rows = [[("a", bool(x)), ("b", int(y))] for x, y in rng.integers(0, 2, (200, 2))]
    labels = np.array([int(row[0][1]) for row in rows])
    model = LogisticRegression(rows, labels, 2)
    assert (model.predict(rows) == labels).all()
    assert model.predict([[("never", 1)], [("a", True)]]).tolist() == [0, 1]


def test_the_nearest_text_shares_its_rarest_words() -> None:
    pytest.importorskip("sklearn", reason="the extra [baselines] is not installed")
    known = ["The dog runs", "the cat", "the cat runs the cat", "a bird the"]
    assert nearest(known, ["THE cat!", "dog the", "cat runs", "bird", "x"]) == [1, 0, 2, 3, 0]


def test_the_most_frequent_tag_of_each_word() -> None:
    data = Tagged((("a", "a", "a", "b", "c"),), (("X", "X", "Y", "Z", "Z"),), ("",))
    assert MostFrequentTag(data).predict(["a", "b", "new"]) == ["X", "Z", "Z"]


def test_slots_count_when_name_and_both_ends_are_right() -> None:
    data = made.requests(2)  # weather in rome; please play abba
    right = Answers(list(data.labels), list(data.tags))
    assert slot_f1(data, right) == intent_accuracy(data, right) == 1
    wrong = Answers([data.labels[0], "Weather"], [data.tags[0], ("O", "B-artist", "I-artist")])
    assert slot_f1(data, wrong) == pytest.approx(0.5)
    assert intent_accuracy(data, wrong) == sentence_accuracy(data, wrong) == 0.5


def test_baselines_of_requests_learn_the_training_part() -> None:
    data = made.requests(40)
    learned, naive = logistic_regression(data, data), most_frequent(data, data)
    assert sentence_accuracy(data, learned) == 1
    assert intent_accuracy(data, naive) == 0.5 and slot_f1(data, naive) == 1


@given(SYMBOLS, SYMBOLS, SYMBOLS)
def test_edits_are_a_distance(one: list[str], other: list[str], third: list[str]) -> None:
    assert edit_distance(one, other) == edit_distance(other, one)
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one, third) <= edit_distance(one, other) + edit_distance(other, third)
    assert abs(len(one) - len(other)) <= edit_distance(one, other) <= max(len(one), len(other))


def test_any_listed_pronunciation_counts() -> None:
    wanted = [(("A",), ("E",)), (("K", "A", "T"),)]
    answers = [("E",), ("K", "A", "D")]
    assert word_error(wanted, answers) == 0.5
    assert phone_error(wanted, answers) == pytest.approx(1 / 4)


def test_letters_have_their_commonest_sound() -> None:
    words = {"ab": (("AA", "B"),), "ba": (("B", "AA"), ("B", "AE")), "abb": (("AA", "B"),)}
    assert letter_map(words) == {"a": ("AA",), "b": ("B",)}
