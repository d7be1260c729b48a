"""From texts to answers, with networks made of arithmetic."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.beam import aligned_beam
from zoo.tasks import Arrays, Run, Task, answer, load_task
from zoo.tasks.intent_and_slots import IntentAndSlots
from zoo.tasks.tagging import Tagging
from zoo.tasks.text_classification import TextClassification
from zoo.tasks.transduction import Transduction

LETTERS = {
    "kind": "characters",
    "lower": True,
    "longest": 8,
    "vocabulary": "abc\u00e9",
    "labels": ["short", "long"],
}
WORDS = {"words": ["cat", "the"], "characters": "acehtT", "lower": False, "width": 4}
TAGGING = {"kind": "words", **WORDS, "tags": ["X", "Y"]}
REQUEST = {
    "kind": "request",
    **WORDS,
    "tags": ["B-a", "I-a", "O"],
    "intents": ["Go", "Stop"],
}
ALIGNED = {"kind": "aligned", "longest": 6, "vocabulary": "abc", "answers": ["", "A", "B K"]}


def classification() -> TextClassification:
    task = load_task("text_classification", LETTERS)
    assert isinstance(task, TextClassification)
    return task


def tagging() -> Tagging:
    task = load_task("tagging", TAGGING)
    assert isinstance(task, Tagging)
    return task


def requests() -> IntentAndSlots:
    task = load_task("intent_and_slots", REQUEST)
    assert isinstance(task, IntentAndSlots)
    return task


def transduction() -> Transduction:
    task = load_task("transduction", ALIGNED)
    assert isinstance(task, Transduction)
    return task


def by_length(arrays: Arrays) -> Arrays:
    long = arrays["lengths"] > 3
    return {"logits": np.stack([~long, long], axis=1).astype(np.float32) * 3}


def known_words(arrays: Arrays) -> Arrays:
    """Tag 0 for known words, 1 for others; intent 1 for more than two words."""
    known = (arrays["words"] > 1)[..., None]
    intent = (arrays["lengths"] > 2)[:, None]
    scores = np.concatenate([known, ~known, np.full(known.shape, 0.1)], axis=-1)
    return {
        "tags": scores.astype(np.float32) * 3,
        "transitions": np.zeros((len(known), 4, 3), np.float32),
        "intent": np.concatenate([~intent, intent], axis=1).astype(np.float32) * 3,
    }


def spelling(arrays: Arrays) -> Arrays:
    """Each letter becomes the answer of its place in the alphabet, but never one twice."""
    scores = np.zeros((*arrays["tokens"].shape, 4), np.float32)
    np.put_along_axis(scores, (arrays["tokens"][..., None] - 1).clip(0), 4.0, axis=-1)
    np.put_along_axis(scores, arrays["previous"][..., None], -4.0, axis=-1)
    return {"logits": scores}


def ask(task: Task, network: Run, raw: Any, **options: Any) -> Any:
    return answer(task, task.frontend.around(network), raw, options)


def test_a_text_has_a_class() -> None:
    found = ask(classification(), by_length, "  ABCA\t")
    assert found.label == "long" and found.probability == pytest.approx(1 / (1 + np.exp(-3)))
    assert json.loads(json.dumps(found.to_dict()))["label"] == "long"
    task = classification()
    both = task.predict_many(task.frontend.around(by_length), ["a", "abca"])
    assert [one.label for one in both] == ["short", "long"]


def test_letters_are_composed_cut_and_may_be_unknown() -> None:
    task = classification()
    assert task.codec.codes("E\u0301z A").tolist() == [5, 1, 1, 2]
    assert len(task.codec.codes("a" * 100)) == 8


@given(st.text())
def test_any_text_has_codes_or_is_refused(text: str) -> None:
    if text.split():
        codes = classification().codec.codes(text)
        assert 1 <= len(codes) <= 8 and codes.min() >= 1
    else:
        with pytest.raises(InputError, match="empty"):
            classification().codec.codes(text)


def test_each_word_has_a_tag() -> None:
    found = ask(tagging(), lambda x: {"tags": known_words(x)["tags"][..., :2]}, "the cat, Tom")
    assert str(found) == "the/X cat/X ,/Y Tom/Y"
    assert min(found.probabilities) > 0.9
    listed = ask(tagging(), lambda x: {"tags": known_words(x)["tags"][..., :2]}, ["the", "a b"])
    assert listed.words == ["the", "a b"] and json.dumps(listed.to_dict())


def test_a_request_has_an_intent_and_slots() -> None:
    found = ask(requests(), known_words, "Please, the cat sat!")
    assert found.words == ["please", "the", "cat", "sat"] and found.intent == "Stop"
    # The network wants I-a for unknown words; it may only continue what a B-a began.
    assert found.tags == ["O", "B-a", "B-a", "I-a"]
    assert [(slot.name, slot.value) for slot in found.slots] == [("a", "the"), ("a", "cat sat")]
    assert str(found).splitlines()[1:] == ["  a: the", "  a: cat sat"]
    assert json.loads(json.dumps(found.to_dict()))["slots"][1]["stop"] == 4


def test_what_follows_what_decides_between_tags() -> None:
    def followed(arrays: Arrays) -> Arrays:
        outputs = known_words(arrays)
        outputs["transitions"][:, 3, 2] = 9  # a request begins with O,
        outputs["transitions"][:, 2, 0] = 9  # after which comes B-a,
        outputs["transitions"][:, 3, 1] = 99  # and never with I-a, whatever the network says
        return outputs

    assert ask(requests(), followed, "so be it").tags == ["O", "B-a", "I-a"]


def test_words_become_sounds() -> None:
    found = transduction().predict(spelling, "bc\nAAB", beams=3, alternatives=2)
    assert [word.word for word in found.words] == ["bc", "AAB"]
    first = found.words[0].readings
    assert first[0].symbols == ["A", "B", "K"] and first[0].probability > first[1].probability
    assert str(transduction().predict(spelling, "bc", beams=1)) == "bc  A B K"
    assert json.dumps(found.to_dict())
    several = transduction().predict_many(spelling, ["bc", "AAB b"], beams=3, alternatives=2)
    assert [[word.word for word in one.words] for one in several] == [["bc"], ["AAB", "b"]]
    assert several[0].words[0].readings[0].symbols == first[0].symbols
    for bad in ([], ["a", " "], ["a", 3]):
        with pytest.raises(InputError, match="Received"):
            transduction().predict_many(spelling, bad)


def test_beams_that_sound_the_same_are_one_reading() -> None:
    def flat(arrays: Arrays) -> Arrays:
        return {"logits": np.zeros((*arrays["tokens"].shape, 4), np.float32)}

    (readings,) = transduction().readings(flat, ["ab"], beams=9)
    assert len(readings) == 7  # of nine: "" + A and A + "" are both A, and so with B K
    assert sum(reading.probability for reading in readings) == pytest.approx(1)


@given(st.integers(1, 4), st.integers(0, 500))
def test_enough_beams_find_the_likeliest_sequence(time: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(time, 3, 3))

    def step(answers: np.ndarray, place: int, _: np.ndarray) -> np.ndarray:
        before = answers[:, -1] if place else np.zeros(len(answers), int)
        return np.asarray(table[place, before])

    lengths = np.array([time, rng.integers(1, time + 1)])
    answers, scores = aligned_beam(step, lengths, 3**time)
    logs = table - np.log(np.exp(table).sum(axis=-1, keepdims=True))
    for row, score, length in zip(answers[:, 0], scores[:, 0], lengths, strict=True):
        grid = np.stack(np.meshgrid(*[range(3)] * length, indexing="ij"), -1).reshape(-1, length)
        before = np.pad(grid[:, :-1], ((0, 0), (1, 0)))
        totals = logs[np.arange(length), before, grid].sum(axis=1)
        assert score == pytest.approx(totals.max())
        assert not row[length:].any()


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 500))
def test_a_step_is_told_which_beam_it_goes_on_from(time: int, beams: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(time, 3))
    kept: list[np.ndarray] = []

    def step(answers: np.ndarray, place: int, rows: np.ndarray) -> np.ndarray:
        if place:
            kept.append(np.concatenate([kept[-1][rows], answers[:, -1:]], axis=1))
            np.testing.assert_array_equal(kept[-1], answers)
        else:
            kept.append(answers)
        return np.repeat(table[place : place + 1], len(rows), axis=0)

    aligned_beam(step, np.array([time, time]), beams)


@pytest.mark.parametrize(
    ("kind", "run", "raw", "options", "says"),
    [
        ("text_classification", by_length, 3, {}, "int"),
        ("text_classification", by_length, " ", {}, "empty text"),
        ("tagging", known_words, "", {}, "empty text"),
        ("intent_and_slots", known_words, "...", {}, "empty text"),
        ("intent_and_slots", known_words, b"a", {}, "bytes"),
        ("transduction", spelling, "", {}, "empty text"),
        ("transduction", spelling, ["a"], {}, "list"),
        ("transduction", spelling, "a", {"beams": 0}, "beams=0"),
        ("transduction", spelling, "a", {"alternatives": 9}, "alternatives=9"),
        ("tagging", known_words, "a", {"beams": 2}, "'beams'"),
    ],
)
def test_bad_input_is_refused(
    kind: str, run: Any, raw: object, options: dict[str, int], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        ask(load_task(kind, TABLES[kind]), run, raw, **options)


TABLES: dict[str, dict[str, Any]] = {
    "text_classification": LETTERS,
    "tagging": TAGGING,
    "intent_and_slots": REQUEST,
    "transduction": ALIGNED,
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_network_that_answers_nan_is_not_believed(kind: str) -> None:
    def broken(arrays: Arrays) -> Arrays:
        shape = next(iter(arrays.values())).shape[:2]
        whole = np.full((shape[0], 2), np.nan, np.float32)
        steps = np.full((*shape, 4), np.nan, np.float32)
        return {
            "logits": steps if kind == "transduction" else whole,
            "tags": steps,
            "transitions": np.zeros((shape[0], 4, 3), np.float32),
            "intent": whole,
        }

    with pytest.raises(InputError, match="NaN"):
        ask(load_task(kind, TABLES[kind]), broken, "a")


@pytest.mark.parametrize(
    ("kind", "change", "says"),
    [
        ("text_classification", {"kind": "log_mel"}, "'log_mel'"),
        ("text_classification", {"labels": []}, "labels"),
        ("text_classification", {"longest": 0}, "longest=0"),
        ("text_classification", {"colour": 1}, "colour"),
        ("tagging", {"kind": "request"}, "'request'"),
        ("tagging", {"tags": ["a", "a"]}, "tags"),
        ("tagging", {"colour": 1}, "colour"),
        ("intent_and_slots", {"kind": "words"}, "'words'"),
        ("intent_and_slots", {"intents": []}, "intents"),
        ("intent_and_slots", {"order": []}, "order"),
        ("transduction", {"kind": "words"}, "'words'"),
        ("transduction", {"longest": 0}, "longest=0"),
        ("transduction", {"answers": []}, "answers"),
    ],
)
def test_wrong_processing_is_refused(kind: str, change: dict[str, Any], says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        load_task(kind, {**TABLES[kind], **change})


@pytest.mark.parametrize("kind", TABLES)
def test_a_task_is_rebuilt_from_its_processing(kind: str) -> None:
    task = load_task(kind, TABLES[kind])
    assert json.loads(json.dumps(task.processing)) == TABLES[kind]
