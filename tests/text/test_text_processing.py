"""Codec, sampling and the language-model task, with a network made of arithmetic."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.beam import free_beam
from zoo.processing.decoding import Sampling
from zoo.processing.text import Characters
from zoo.tasks import Arrays, generate, load_task
from zoo.tasks.language_model import LanguageModel

ALPHABET = "abcdef"


def counting(arrays: Arrays) -> Arrays:
    """A network that always expects the next letter, and counts its steps in a state."""
    tokens = arrays["tokens"]
    steps = arrays.get("state_0_h", np.zeros((len(tokens), 1), np.float32))
    logits = np.full((*tokens.shape, len(ALPHABET)), -5.0, np.float32)
    np.put_along_axis(logits, (tokens[..., None] + 1) % len(ALPHABET), 5.0, axis=-1)
    return {"logits": logits, "next_state_0_h": steps + tokens.shape[1]}


@given(st.text(min_size=1))
def test_codes_give_the_text_back(text: str) -> None:
    codec = Characters.fit(text)
    codes = codec.encode(text)
    assert codes.dtype == np.int32 and codes.shape == (len(text),)
    assert codec.decode(codes) == text
    again = Characters.from_processing(codec.to_processing())
    assert again.vocabulary == codec.vocabulary


def test_an_unknown_character_is_named() -> None:
    with pytest.raises(InputError, match=r"'é' at position 2"):
        Characters("ab").encode("abé")


@pytest.mark.parametrize(
    "processing",
    [{"kind": "words", "vocabulary": "ab"}, {"kind": "characters"}, {"vocabulary": "ab"},
     {"kind": "characters", "vocabulary": "aa"}, {"kind": "characters", "vocabulary": ""}],
)  # fmt: skip
def test_wrong_processing_is_refused(processing: dict[str, str]) -> None:
    with pytest.raises(RecipeError):
        load_task("language_model", processing)


LOGITS = st.lists(st.floats(-20, 20), min_size=1, max_size=30)


@given(LOGITS, st.integers(0, 9), st.integers(1, 40), st.floats(0.01, 1), st.floats(0.1, 3))
def test_a_choice_is_among_the_likeliest(
    logits: list[float], seed: int, top_k: int, top_p: float, temperature: float
) -> None:
    scores = np.array(logits)
    sampling = Sampling(temperature, top_k, top_p, seed)
    code = sampling.choose(scores, sampling.generator())
    better = scores > scores[code]
    assert better.sum() < top_k
    kept = np.sort(np.exp((scores - scores.max()) / temperature))[::-1][:top_k]
    # Those likelier than the choice had not yet come to top_p.
    assert kept[: better.sum()].sum() / kept.sum() <= top_p + 1e-9
    again = Sampling(temperature, top_k, top_p, seed)
    assert again.choose(scores, again.generator()) == code


@given(st.integers(0, 99), st.floats(0.1, 9), st.none() | st.floats(0.01, 0.99))
@settings(max_examples=25)
def test_a_choice_of_very_many_is_the_same_as_of_all_in_order(
    seed: int, spread: float, top_p: float | None
) -> None:
    scores = np.random.default_rng(seed).normal(scale=spread, size=9000).round(1)
    sampling = Sampling(top_p=top_p, seed=seed)
    order = np.argsort(-scores, kind="stable")
    shares = np.cumsum(np.exp(scores[order]) / np.exp(scores).sum())
    draw = sampling.generator().random()
    reach = 1.0 if top_p is None else float(shares[np.searchsorted(shares, top_p)])
    wanted = order[min(8999, np.searchsorted(shares, draw * reach, side="right"))]
    assert sampling.choose(scores, sampling.generator()) == wanted


@pytest.mark.parametrize(
    ("sampling", "wanted"),
    [
        (Sampling(), [0.6, 0.3, 0.1]),
        (Sampling(0.5), np.array([0.36, 0.09, 0.01]) / 0.46),
        (Sampling(top_k=2), [2 / 3, 1 / 3, 0]),
        (Sampling(top_p=0.7), [2 / 3, 1 / 3, 0]),
        (Sampling(top_p=0.6), [1, 0, 0]),
        (Sampling(top_k=2, top_p=0.7), [2 / 3, 1 / 3, 0]),
        (Sampling(temperature=0), [1, 0, 0]),
    ],
    ids=str,
)
def test_choices_follow_the_distribution(sampling: Sampling, wanted: list[float]) -> None:
    logits, rng = np.log([0.599, 0.3, 0.1]), np.random.default_rng(0)
    logits[0] = np.log(0.6001)  # so that the first alone comes to 0.6 whatever the rounding
    drawn = np.bincount([sampling.choose(logits, rng) for _ in range(8_000)], minlength=3)
    assert np.abs(drawn / 8_000 - wanted).max() < 0.02


@pytest.mark.parametrize(
    "settings",
    [
        {"temperature": -1.0},
        {"temperature": float("nan")},
        {"temperature": "warm"},
        {"top_k": 0},
        {"top_k": 1.5},
        {"top_k": True},
        {"top_p": 0.0},
        {"top_p": 1.1},
        {"top_p": float("nan")},
        {"seed": -1},
        {"seed": "x"},
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(InputError, match=f"Received {name}="):
        Sampling(**settings)


@given(st.integers(0, 4), st.integers(0, 500))
def test_enough_beams_find_the_likeliest_text(length: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(size=(length, 4, 3))

    def step(codes: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
        place = states["place"] + 1
        return table[place[0], codes], {"place": place}

    first = table[0, :1] if length else np.zeros((1, 3))
    found, score = free_beam(step, first, {"place": np.zeros(1, int)}, length, 3**length)
    logs = table - np.log(np.exp(table).sum(axis=-1, keepdims=True))
    grid = np.array(list(product(range(3), repeat=length)), int).reshape(3**length, length)
    before = np.pad(grid[:, :-1], ((0, 0), (1, 0))) if length else grid
    totals = logs[np.arange(length), before, grid].sum(axis=1)
    assert score == pytest.approx(totals.max())
    assert totals[(grid == found).all(axis=1)] == pytest.approx(totals.max())
    greedy, _ = free_beam(step, first, {"place": np.zeros(1, int)}, length, 1)
    code = 0
    for place in range(length):
        code = int(table[place, code].argmax())
        assert greedy[place] == code


def test_a_prompt_is_continued_with_carried_state() -> None:
    task = LanguageModel(Characters(ALPHABET))
    seen = []

    def run(arrays: Arrays) -> Arrays:
        outputs = counting(arrays)
        seen.append(float(outputs["next_state_0_h"][0, 0]))
        return outputs

    answer = task.predict(run, "ab", length=5, temperature=0)
    assert (answer.prompt, answer.text, str(answer)) == ("ab", "cdefa", "abcdefa")
    assert seen == [2, 3, 4, 5, 6]


def test_a_seed_decides() -> None:
    task = LanguageModel(Characters(ALPHABET))

    def flat(arrays: Arrays) -> Arrays:
        return {"logits": np.zeros((*arrays["tokens"].shape, len(ALPHABET)), np.float32)}

    first = [task.predict(flat, "a", seed=4, length=50).text for _ in range(2)]
    assert first[0] == first[1] != task.predict(flat, "a", seed=5, length=50).text


def test_a_stream_writes_what_predict_does() -> None:
    task = LanguageModel(Characters(ALPHABET))
    options = {"length": 30, "temperature": 2.0, "top_k": 4, "top_p": 0.9, "seed": 3}
    assert "".join(generate(task, counting, "abc", options)) == (
        task.predict(counting, "abc", length=30, temperature=2.0, top_k=4, top_p=0.9, seed=3).text
    )
    first = next(generate(task, counting, "ab", {"length": 10**9, "temperature": 0}))
    assert first == "c"
    for raw, wrong in (("", {}), ("a", {"beams": 2}), ("a", {"top_p": 2}), ("a", {"length": -1})):
        with pytest.raises(InputError, match="Received"):
            generate(task, counting, raw, wrong)


def test_beams_write_what_is_likeliest() -> None:
    task = LanguageModel(Characters(ALPHABET))
    both = task.predict_many(counting, ["ab", "f"], length=4, beams=3)
    assert [found.text for found in both] == ["cdef", "abcd"]
    with pytest.raises(InputError, match="beams=0"):
        task.predict(counting, "a", beams=0)


def test_a_task_that_does_not_write_says_so() -> None:
    made = {"kind": "characters", "lower": True, "longest": 8, "vocabulary": "ab", "labels": ["x"]}
    with pytest.raises(InputError, match="use predict"):
        generate(load_task("text_classification", made), counting, "a", {})


def test_a_language_model_that_answers_nan_is_not_believed() -> None:
    def broken(arrays: Arrays) -> Arrays:
        return {"logits": np.full((*arrays["tokens"].shape, 6), np.nan, np.float32)}

    with pytest.raises(InputError, match="NaN"):
        LanguageModel(Characters(ALPHABET)).predict(broken, "ab")


@pytest.mark.parametrize(("raw", "says"), [("", "empty text"), (3, "int"), ("xyz", "'x'")])
def test_bad_prompts_are_refused(raw: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        LanguageModel(Characters(ALPHABET)).predict(counting, raw)
