"""Byte-pair codes: those of the library that learned them, lossless, refused where damaged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import DataError, RecipeError
from zoo.processing.subwords import BORDERS, FIRST, UNKNOWN, Subwords, split_words
from zoo.training.subwords import learn_subwords

TEXTS = ["the lower the low, the newer the new", "a newer loöwer öwl 12", "ab abc bc. abc"] * 2
CODEC = learn_subwords(TEXTS, 60)
KNOWN = st.text(st.sampled_from([*CODEC.alphabet]))
ANY = KNOWN | st.text() | st.lists(st.sampled_from(["the", "lower", "abc", "€", "", "12", ".\n"]))


def of_the_library(codec: Subwords) -> Any:
    """The library's own encoder of the same pieces and merges."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    codes = {piece: code for code, piece in enumerate(codec.pieces, FIRST)}
    merges = [(codec.piece(left), codec.piece(right)) for left, right in codec.merges]
    model = models.BPE({"?": UNKNOWN, **codes}, merges, unk_token="?")
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(BORDERS), behavior="isolated")
    return tokenizer


LIBRARY = of_the_library(CODEC)


@given(ANY)
def test_codes_are_those_of_the_library(drawn: str | list[str]) -> None:
    text = drawn if isinstance(drawn, str) else " ".join(drawn)
    wanted = LIBRARY.encode(" " + text).ids if text else []
    codes = CODEC.encode(text)
    assert codes.dtype == np.int32 and codes.tolist() == wanted


@given(KNOWN)
def test_known_characters_come_back_without_loss(text: str) -> None:
    assert CODEC.decode(CODEC.encode(text)) == text
    assert UNKNOWN not in CODEC.encode(text)
    assert "".join(split_words(text)) == (" " + text if text else "")


@given(st.text())
def test_any_text_loses_its_unknown_characters_alone(text: str) -> None:
    wanted = "".join(c if c in CODEC.alphabet else "\ufffd" for c in text)
    assert CODEC.decode(CODEC.encode(text)) == wanted


@given(KNOWN, st.floats(0, 1), st.integers(0, 9))
def test_dropped_merges_give_other_spellings_of_the_same_word(
    text: str, dropout: float, seed: int
) -> None:
    for word in split_words(text):
        codes = CODEC.word_codes(word, dropout, np.random.default_rng(seed))
        assert "".join(CODEC.piece(code) for code in codes) == word
        assert CODEC.word_codes(word, 0.0, np.random.default_rng(seed)) == CODEC.word_codes(word)
        assert len(CODEC.word_codes(word, 1.1, np.random.default_rng(seed))) == len(word)


def test_learning_keeps_to_the_size_and_gives_the_same_again() -> None:
    assert len(CODEC) <= 60 and " the" in CODEC.pieces
    again = Subwords.from_processing(learn_subwords(TEXTS, 60).to_processing())
    assert again.pieces == CODEC.pieces and again.merges == CODEC.merges
    rare = learn_subwords([*TEXTS, "€"], 60, minimum=2)
    assert "€" not in rare.alphabet and rare.encode("€").tolist()[-1] == UNKNOWN
    for texts, size in (([], 60), ([""], 4), (TEXTS, 10)):
        with pytest.raises(DataError, match="Received"):
            learn_subwords(texts, size)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "characters"},
        {"alphabet": ""},
        {"alphabet": "aa"},
        {"merges": [[4, 99]]},
        {"merges": [[4]]},
        {"merges": [["a", "b"]]},
        {"merges": [[1, 4]]},
        {"other": 1},
    ],
)
def test_a_damaged_codec_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="Received"):
        Subwords.from_processing({**CODEC.to_processing(), **changed})
