"""Codec, sampling and the language-model task, with a network made of arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.decoding import sample
from zoo.processing.text import Characters
from zoo.tasks import Arrays, load_task
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


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=30), st.integers(0, 9), st.integers(1, 40))
def test_a_sample_is_among_the_top_k(logits: list[float], seed: int, top_k: int) -> None:
    code = sample(np.array(logits), np.random.default_rng(seed), 1.0, top_k)
    assert sum(value > logits[code] for value in logits) < top_k


def test_samples_follow_the_distribution() -> None:
    logits = np.log([0.6, 0.3, 0.1])
    rng = np.random.default_rng(0)
    drawn = np.bincount([sample(logits, rng, 1.0, None) for _ in range(20_000)]) / 20_000
    assert np.abs(drawn - [0.6, 0.3, 0.1]).max() < 0.02
    sharp = np.bincount([sample(logits, rng, 0.5, None) for _ in range(20_000)]) / 20_000
    wanted = np.array([0.36, 0.09, 0.01]) / 0.46
    assert np.abs(sharp - wanted).max() < 0.02


def test_temperature_zero_takes_the_likeliest() -> None:
    rng = np.random.default_rng(0)
    assert {sample(np.array([0.1, 0.3, 0.2]), rng, 0, None) for _ in range(20)} == {1}


@pytest.mark.parametrize(("temperature", "top_k"), [(-1.0, None), (float("nan"), None), (1.0, 0)])
def test_wrong_settings_are_refused(temperature: float, top_k: int | None) -> None:
    with pytest.raises(InputError, match="Received"):
        sample(np.zeros(3), np.random.default_rng(0), temperature, top_k)


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


@pytest.mark.parametrize(("raw", "says"), [("", "empty text"), (3, "int"), ("xyz", "'x'")])
def test_bad_prompts_are_refused(raw: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        LanguageModel(Characters(ALPHABET)).predict(counting, raw)
