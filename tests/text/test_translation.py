"""Translating piece by piece: parts and whole, attention, searches, draws, streams, refusals."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.builders import build
from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Arrays
from zoo.processing.parts import Parts, carry
from zoo.processing.subwords import END, FIRST, START
from zoo.tasks import answer, generate, load_task
from zoo.tasks.translation import Translation
from zoo.weights import share_weights

MERGES = [[FIRST, FIRST + 1], [FIRST + 2, FIRST + 3]]  # " a", "bc"
PROCESSING: dict[str, Any] = {
    "kind": "subwords",
    "alphabet": " abcde",
    "merges": MERGES,
    "source": "de",
    "target": "en",
    "longest": 12,
    "length_penalty": 1.0,
}
SMALL = {"vocabulary_size": 12, "units": 4, "decoder_units": 5, "embedding": 3}
TEXTS = ["a bc", "d", "ab cde abc"]


def task() -> Translation:
    made = load_task("translation", PROCESSING)
    assert isinstance(made, Translation)
    return made


def arithmetic() -> Parts:
    """A translator made of arithmetic, whole and in parts, of one state a row."""
    rng = np.random.default_rng(2)
    table, out = rng.normal(size=(12, 3)), rng.normal(size=(6, 12)) * 1.5

    def encoder(arrays: Arrays) -> Arrays:
        return {
            "memory": table[arrays["tokens"]],
            "state_1_h": np.zeros((len(arrays["tokens"]), 3)),
        }

    def step(arrays: Arrays) -> Arrays:
        state = np.tanh(arrays["state_1_h"] * 0.7 + table[arrays["previous"][:, 0]] * 2)
        scores = np.exp(np.einsum("bts,bs->bt", arrays["memory"], state))
        scores *= np.arange(scores.shape[1]) < arrays["lengths"][:, None]
        weights = scores / scores.sum(axis=1, keepdims=True)
        context = np.einsum("bt,bts->bs", weights, arrays["memory"])
        logits = np.concatenate([state, context], axis=1) @ out
        return {"logits": logits[:, None], "attention": weights[:, None], "next_state_1_h": state}

    def whole(arrays: Arrays) -> Arrays:
        found, steps = encoder(arrays), []
        for place in range(arrays["previous"].shape[1]):
            previous = arrays["previous"][:, place : place + 1]
            steps.append(step({**arrays, **found, "previous": previous}))
            found["state_1_h"] = steps[-1]["next_state_1_h"]
        return {
            name: np.concatenate([one[name] for one in steps], axis=1)
            for name in ("logits", "attention")
        }

    return Parts(encoder, step, whole)


RUN = arithmetic()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_parts_of_a_network_say_what_the_whole_says(cell: str) -> None:
    keras.utils.set_random_seed(2)
    arguments = {"cell": cell, "layers": 2, **SMALL}
    whole, encoder, step = (
        build("text.translator", **arguments, part=part) for part in ("whole", "encoder", "step")
    )
    share_weights(whole, encoder)
    share_weights(whole, step)
    tokens = np.array([[4, 5, 6, 7], [8, 9, 0, 0]], np.int32)
    lengths, previous = np.array([4, 2], np.int32), np.array([[2, 4, 7], [2, 9, 5]], np.int32)
    wanted = whole([tokens, lengths, previous])
    found = dict(encoder([tokens, lengths]))
    memory = found.pop("memory")
    for place in range(3):
        asked = {"memory": memory, "lengths": lengths, "previous": previous[:, place : place + 1]}
        arrays = {name: np.asarray(value) for name, value in {**asked, **found}.items()}
        outputs = step([arrays[tensor.name] for tensor in step.inputs])
        for name in ("logits", "attention"):
            np.testing.assert_allclose(outputs[name][:, 0], wanted[name][:, place], atol=1e-6)
        found = carry(outputs)
    weights = np.asarray(wanted["attention"])
    np.testing.assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)
    assert not weights[1, :, 2:].any()
    alone = whole([tokens[1:, :2], lengths[1:], previous[1:]])
    np.testing.assert_allclose(alone["logits"], wanted["logits"][1:], atol=1e-6)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"beams": 1},
    {"beams": 3, "alternatives": 3, "length_penalty": 0.0},
    {"temperature": 1.0, "top_k": 4, "top_p": 0.9, "seed": 5},
]


@pytest.mark.parametrize("options", OPTIONS)
def test_a_translation_is_the_same_in_parts_or_whole_alone_or_among_others(
    options: dict[str, Any],
) -> None:
    together = task().predict_many(RUN, TEXTS, **options)
    for raw, one in zip(TEXTS, together, strict=True):
        for run in (RUN, RUN.whole):
            other = task().predict(run, raw, **options)
            assert [x.pieces for x in one.candidates] == [x.pieces for x in other.candidates]
            for a, b in zip(one.candidates, other.candidates, strict=True):
                assert a.score == pytest.approx(b.score)
                np.testing.assert_allclose(a.attention, b.attention)
                assert np.shape(a.attention) == (len(a.pieces), len(one.source))
                np.testing.assert_allclose(np.sum(a.attention, axis=1), 1)


def test_a_stream_writes_what_a_draw_does() -> None:
    for raw in TEXTS:
        greedy = "".join(generate(task(), RUN, raw, {}))
        assert greedy == task().predict(RUN, raw, beams=1).text
        for seed in range(5):
            options = {"temperature": 1.5, "seed": seed}
            pieces = list(generate(task(), RUN, raw, options))
            assert "".join(pieces) == str(task().predict(RUN, raw, **options)) and all(pieces)


def test_the_answer_is_plain_values_and_text() -> None:
    found = answer(task(), RUN, " a  bc", {"beams": 4, "alternatives": 3})
    told = found.to_dict()
    assert told["source"] == [" a", " ", "bc"] and told["text"] == told["candidates"][0]["text"]
    assert (
        1 <= len(told["candidates"]) <= 3 and str(found).count("\n") == len(told["candidates"]) - 1
    )
    texts = [one["text"] for one in told["candidates"]]
    assert len(set(texts)) == len(texts)


@given(st.text(st.sampled_from("abcde \n"), max_size=9))
def test_any_text_is_read_or_refused(text: str) -> None:
    if not text.strip():
        with pytest.raises(InputError, match="empty"):
            task().codes(text)
    else:
        assert task().codec.decode(task().codes(text)) == " ".join(text.split())


@given(st.integers(0, 999))
def test_made_texts_can_be_read(seed: int) -> None:
    made = task().sample(np.random.default_rng(seed))
    assert 1 <= len(task().codes(made)) <= task().longest and task().first == START


@pytest.mark.parametrize(
    ("raw", "options", "says"),
    [
        (3, {}, "int"),
        (" ", {}, "empty"),
        ("a e" * 9, {}, "sentence by sentence"),
        ("a", {"beams": 0}, "beams=0"),
        ("a", {"alternatives": 6}, "alternatives=6"),
        ("a", {"alternatives": 2, "temperature": 1.0}, "alternatives=2"),
        ("a", {"length_penalty": -1}, "length_penalty=-1"),
        ("a", {"temperature": -1}, "temperature=-1"),
        ("a", {"colour": 1}, "'colour'"),
    ],
)
def test_bad_input_is_refused(raw: Any, options: dict[str, Any], says: str) -> None:
    def run(_: Arrays) -> Arrays:
        raise AssertionError

    with pytest.raises(InputError, match=says):
        answer(task(), run, raw, options)


def test_no_input_and_a_network_that_answers_nan_are_refused() -> None:
    def run(arrays: Arrays) -> Arrays:
        return {"logits": np.full((len(arrays["tokens"]), 1, 12), np.nan)}

    with pytest.raises(InputError, match="NaN"):
        task().predict(run, "a")
    with pytest.raises(InputError, match="no input"):
        task().predict_many(run, [])


def test_a_network_that_tells_no_attention_translates() -> None:
    def run(arrays: Arrays) -> Arrays:
        steps = arrays["previous"].shape[1]
        logits = np.zeros((len(arrays["tokens"]), steps, 12), np.float32)
        logits[:, :, FIRST + 1 if steps < 3 else END] = 9
        return {"logits": logits}

    (found,) = task().predict(run, "d").candidates
    assert (found.text, found.attention) == ("aa", [])


@pytest.mark.parametrize(
    "change", [{"longest": 0}, {"length_penalty": -1.0}, {"kind": "words"}, {"other": 1}]
)
def test_wrong_processing_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="Received"):
        load_task("translation", {**PROCESSING, **change})
    assert task().processing == PROCESSING


def test_an_unknown_part_or_cell_is_refused() -> None:
    for wrong in ({"part": "half"}, {"cell": "tcn"}):
        with pytest.raises(RecipeError, match="Received"):
            build("text.translator", **SMALL, **wrong)
