"""The linear teacher: what it thinks of texts that it has not learned, and how it is used."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.text import made_words as made
from zoo.errors import DataError, MissingExtraError
from zoo.training import text_classification
from zoo.training.linear_teacher import opinions

WORDS = ("dull film", "fine film", "not a film")


def texts(classes: int, count: int = 60) -> tuple[list[str], np.ndarray]:
    labels = np.arange(count) % classes
    return [f"the {WORDS[label]} of {'abcde'[i % 5]}" for i, label in enumerate(labels)], labels


@pytest.mark.parametrize("classes", [2, 3])
def test_a_text_is_judged_by_what_others_say_of_its_words(classes: int) -> None:
    written, labels = texts(classes)
    said = labels.copy()
    said[0] = 1  # the label of the first text is wrong
    found = opinions(written, said)
    assert found.shape == (60, classes) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(found.argmax(axis=1), labels)
    np.testing.assert_array_equal(found, opinions(written, said))


def test_pairs_of_words_are_read_where_words_alone_tell_nothing() -> None:
    pairs = ["good bad", "bad good"] * 30
    labels = np.arange(60) % 2
    assert np.array_equal(opinions(pairs, labels).argmax(axis=1), labels)
    assert not np.array_equal(opinions(pairs, labels, longest=1).argmax(axis=1), labels)


def test_too_few_texts_or_words_make_no_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    written, labels = texts(2)
    with pytest.raises(DataError, match="class of 4 texts"):
        opinions(written[:8], labels[:8])
    with pytest.raises(DataError, match="no teacher"):
        opinions(written, labels, minimum=61)
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    with pytest.raises(MissingExtraError, match=r"rnn-zoo\[baselines\]"):
        opinions(written, labels)


def test_the_teacher_takes_its_part_of_the_targets_but_not_in_fine_tuning() -> None:
    recipe, data = made.recipe("reviews"), made.reviews()
    taught = {**recipe.training.options, "teacher": 0.5, "with_validation": False}
    recipe = replace(recipe, training=replace(recipe.training, options=taught))
    problem = text_classification.prepare(recipe, data)
    everything = np.arange(len(problem.train.source))
    _, targets = problem.train.source.take(everything, np.random.default_rng(0))
    known = data.where(data.splits == "train")
    wanted = (np.eye(2)[known.labels] + opinions(known.texts, known.labels)) / 2
    np.testing.assert_allclose(targets, wanted, atol=1e-6)
    tuned = text_classification.prepare(recipe, data, None, problem.processing)
    _, plain = tuned.train.source.take(everything, np.random.default_rng(0))
    np.testing.assert_array_equal(plain, np.eye(2)[known.labels])
