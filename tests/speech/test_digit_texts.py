"""Texts to digits, digits to frames: any spelling, any cut, any manner."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.speech.made_digits import SPEAKERS, task
from zoo.errors import InputError, RecipeError
from zoo.processing.digit_texts import LONGEST, WORDS, to_digits
from zoo.processing.digit_timing import Manner

DIGITS = st.lists(st.integers(0, 9), min_size=1, max_size=12)
TIMING = task().timing


@given(digits=DIGITS, data=st.data())
def test_any_spelling_gives_the_digits(digits: list[int], data: st.DataObject) -> None:
    text, was_word = "", False
    for digit in digits:
        is_word = data.draw(st.booleans())
        spelt = data.draw(st.sampled_from([str.lower, str.upper, str.title]))(WORDS[digit])
        needed = bool(text) and (is_word or was_word)
        between = [" ", ", ", "-", "\n", " ; "] + ([] if needed else [""])
        text += data.draw(st.sampled_from(between)) + (spelt if is_word else str(digit))
        was_word = is_word
    assert to_digits(text) == digits


@given(text=st.text(max_size=30))
def test_any_text_gives_digits_or_one_sentence(text: str) -> None:
    try:
        digits = to_digits(text)
    except InputError as error:
        assert str(error).startswith("Received ") and str(error).endswith(".")
    else:
        assert digits and all(0 <= digit <= 9 for digit in digits)


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("", "a text of 0 digits"),
        (" ,- ", "a text of 0 digits"),
        ("3.14", "'3.14' in the text"),
        ("three hundred", "'hundred' in the text"),
        ("x3", "'x3' in the text"),
        ("²", "'²' in the text"),
        ("٣", "'٣' in the text"),
        ("1" * (LONGEST + 1), f"a text of {LONGEST + 1} digits"),
        (314, "a int"),
        (None, "a NoneType"),
    ],
)
def test_what_holds_anything_else_is_refused(raw: Any, sentence: str) -> None:
    with pytest.raises(InputError, match="Received ") as caught:
        to_digits(raw)
    assert sentence in str(caught.value)


@settings(deadline=None)
@given(
    digits=DIGITS,
    speaker=st.sampled_from(SPEAKERS),
    manner=st.builds(
        Manner,
        seed=st.integers(0, 2**40),
        variety=st.floats(0, 2),
        speed=st.floats(0.5, 2),
        pause=st.floats(0, 0.5),
    ),
)
def test_each_digit_has_its_frames(digits: list[int], speaker: str, manner: Manner) -> None:
    arrays, spans = TIMING.arrays(digits, speaker, manner)
    tokens = arrays["tokens"]
    assert [span.digit for span in spans] == digits
    assert {len(array) for array in arrays.values()} == {len(tokens)}
    covered = np.zeros(len(tokens), bool)
    for span in spans:
        assert span.end - span.start >= 4
        assert (tokens[span.start : span.end] == span.digit + 1).all()
        share = arrays["place"][span.start : span.end, 0]
        assert (np.diff(share) > 0).all() and share[0] > 0 and share[-1] < 1
        covered[span.start : span.end] = True
    assert not tokens[~covered].any() and not arrays["style"][~covered].any()
    assert (arrays["speakers"] == SPEAKERS.index(speaker)).all()


@settings(deadline=None)
@given(digits=DIGITS, cuts=st.lists(st.integers(0, 12)), seed=st.integers(0, 99))
def test_digits_that_come_in_pieces_have_the_frames_of_the_whole(
    digits: list[int], cuts: list[int], seed: int
) -> None:
    manner = Manner(seed)
    whole, _ = TIMING.arrays(digits, "low", manner)
    borders = [0, *sorted(min(cut, len(digits)) for cut in cuts), len(digits)]
    pieces = []
    for start, end in pairwise(borders):
        if end > start:
            part = digits[start:end]
            pieces.append(TIMING.arrays(part, "low", manner, said=start, ends=False)[0])
    pieces.append(TIMING.arrays([], "low", manner, said=len(digits))[0])
    for name, array in whole.items():
        np.testing.assert_array_equal(np.concatenate([piece[name] for piece in pieces]), array)


def test_manner_changes_what_it_says_it_does() -> None:
    def frames(**manner: Any) -> list[int]:
        _, spans = TIMING.arrays([1, 1, 1, 9], "high", Manner(**manner))
        return [span.end - span.start for span in spans]

    assert frames(variety=0) == [9, 9, 9, 17]
    assert frames(variety=0, speed=2) == [4, 4, 4, 8]
    assert len({tuple(frames(seed=seed, variety=1)) for seed in range(5)}) > 1
    assert not TIMING.style(Manner(variety=0)).any()
    assert (TIMING.style(Manner(seed=1)) != TIMING.style(Manner(seed=2))).all()


@pytest.mark.parametrize(
    "manner",
    [
        {"seed": -1},
        {"seed": 0.5},
        {"seed": True},
        {"variety": 3},
        {"variety": float("nan")},
        {"speed": 0},
        {"speed": "fast"},
        {"pause": -0.1},
    ],
)
def test_a_manner_out_of_range_is_refused(manner: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"Received {next(iter(manner))}="):
        Manner(**manner)


def test_an_unknown_speaker_is_told_who_there_is() -> None:
    with pytest.raises(InputError, match="'joe'; use one of high, low"):
        TIMING.arrays([1], "joe", Manner())


@pytest.mark.parametrize(
    "changes", [{"seconds": [[0.1] * 9] * 2}, {"speakers": []}, {"spread": 2.0}, {"styles": 0}]
)
def test_a_configuration_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(RecipeError, match="Received"):
        task(**changes)
