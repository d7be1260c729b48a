"""Vocabularies, words and spans."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.spans import Span, best_path, may_follow, spans
from zoo.processing.vocabulary import FIRST, UNKNOWN, Vocabulary, padded
from zoo.processing.words import WordCodec, split_request, split_words, to_words

NAMES = st.sampled_from(["a", "b"])
TAGS = ("B-a", "B-b", "I-a", "I-b", "O")


@given(st.lists(st.text(max_size=3), min_size=1), st.integers(1, 3))
def test_known_items_have_codes_of_their_own(items: list[str], minimum: int) -> None:
    frequent = {item for item in items if items.count(item) >= minimum}
    if not frequent:
        with pytest.raises(RecipeError, match="0 items"):
            Vocabulary.fit(items, minimum)
        return
    vocabulary = Vocabulary.fit(items, minimum)
    codes = vocabulary.encode(items)
    assert codes.dtype == np.int32 and len(vocabulary) == len(frequent) + FIRST
    for item, code in zip(items, codes, strict=True):
        assert (item in vocabulary) == (item in frequent)
        assert code == UNKNOWN if item not in frequent else vocabulary.items[code - FIRST] == item
    again = Vocabulary.from_processing({"vocabulary": list(vocabulary.items)})
    assert again.items == vocabulary.items


@pytest.mark.parametrize("processing", [{}, {"vocabulary": []}, {"vocabulary": "aa"}])
def test_a_wrong_vocabulary_is_refused(processing: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="Received"):
        Vocabulary.from_processing(processing)


@given(st.lists(st.lists(st.integers(1, 9), min_size=1), min_size=1), st.integers(1, 4))
def test_padding_keeps_every_row(rows: list[list[int]], multiple: int) -> None:
    stacked, lengths = padded([np.array(row) for row in rows], multiple)
    assert stacked.shape[1] % multiple == 0 and stacked.shape[1] - multiple < lengths.max()
    for row, found, length in zip(rows, stacked, lengths, strict=True):
        assert found[:length].tolist() == row and not found[length:].any()


@given(st.text())
def test_cutting_a_text_loses_nothing_but_white_space(text: str) -> None:
    cut = split_words(text)
    plain = "".join(text.replace("\u2019", "'").split())
    assert "".join("".join(cut).split()) == plain
    assert all(word for word in cut)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I don't know.", "I do n't know ."),
        ("Mr. O'Neill's U.S. trip", "Mr. O'Neill 's U.S. trip"),
        ("It cost $1,200 at 10:30...", "It cost $ 1,200 at 10:30 ..."),
        ("See http://x.org/a or a.b@c.org!", "See http://x.org/a or a.b@c.org !"),
        ("well-known (sic)", "well - known ( sic )"),
        ("they\u2019re", "they 're"),
    ],
)
def test_words_are_cut_as_the_treebank_cuts_them(text: str, words: str) -> None:
    assert split_words(text) == words.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Play Radiohead, please!", "play radiohead please"),
        ("What's on at 7:30 p.m.?", "what s on at 7:30 p m"),
        ("rate it 4.5 of 6", "rate it 4.5 of 6"),
    ],
)
def test_requests_are_small_letters_without_punctuation(text: str, words: str) -> None:
    assert split_request(text) == words.split()


def codec(lower: bool = False) -> WordCodec:
    return WordCodec.fit([["The", "cat"], ["the", "dog"]], 2, lower, 4)


def test_a_word_has_a_code_and_those_of_its_characters() -> None:
    words, characters = codec().encode(["the", "The", "cat", "unknowable"])
    assert words.tolist() == [2, 2, UNKNOWN, UNKNOWN]
    assert characters.shape == (4, 4)
    assert characters[0, 0] != characters[1, 0] and (characters[0, 1:] == characters[1, 1:]).all()
    ends = codec().characters.encode("unle")  # of a long word its two ends
    assert characters[3].tolist() == ends.tolist()
    low = codec(lower=True).encode(["the", "THE"])[1]
    assert (low[0] == low[1]).all()


def test_a_codec_is_rebuilt_from_its_processing() -> None:
    made = codec()
    again = WordCodec.from_processing(made.to_processing())
    for one, other in zip(made.encode(["The", "x"]), again.encode(["The", "x"]), strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(RecipeError, match="'colour'"):
        WordCodec.from_processing({**made.to_processing(), "colour": 1})
    with pytest.raises(RecipeError, match="width=1"):
        WordCodec.from_processing({**made.to_processing(), "width": 1})


def test_sentences_become_padded_arrays() -> None:
    arrays = codec().arrays([["the"], ["the", "cat", "sat"]])
    assert {name: array.shape for name, array in arrays.items()} == {
        "words": (2, 3),
        "characters": (2, 3, 4),
        "lengths": (2,),
    }
    assert arrays["lengths"].tolist() == [1, 3] and not arrays["characters"][0, 1:].any()
    with pytest.raises(InputError, match="without words"):
        codec().arrays([["the"], []])


@pytest.mark.parametrize("raw", ["", "  ", [], [" "], 3, ["a", 3], None])
def test_what_holds_no_word_is_refused(raw: object) -> None:
    with pytest.raises(InputError, match="Received"):
        to_words(raw, split_words)


@given(st.lists(st.tuples(NAMES, st.integers(1, 3), st.integers(0, 2)), max_size=5))
def test_spans_are_those_that_the_tags_were_made_of(parts: list[tuple[str, int, int]]) -> None:
    tags: list[str] = []
    wanted = []
    for name, length, gap in parts:
        wanted.append(Span(name, len(tags), len(tags) + length))
        tags += [f"B-{name}", *[f"I-{name}"] * (length - 1), *["O"] * gap]
    assert spans(tags) == wanted


def test_an_inside_that_continues_nothing_begins_a_span() -> None:
    assert spans(["I-a", "I-b", "O", "I-b"]) == [("a", 0, 1), ("b", 1, 2), ("b", 3, 4)]


@given(st.integers(1, 5), st.integers(0, 1000), st.sampled_from([0.0, 0.5, 2.0]))
def test_the_best_path_is_the_best_of_all_valid_ones(time: int, seed: int, weight: float) -> None:
    rng = np.random.default_rng(seed)
    scores, pairs = (rng.normal(size=(rows, len(TAGS))) for rows in (time, len(TAGS) + 1))
    transitions = np.where(may_follow(TAGS), weight * pairs, -np.inf)
    grid = np.stack(np.meshgrid(*[np.arange(len(TAGS))] * time, indexing="ij"), -1)
    paths = grid.reshape(-1, time)
    before = np.pad(paths[:, :-1], ((0, 0), (1, 0)), constant_values=len(TAGS))
    totals = (scores[np.arange(time), paths] + transitions[before, paths]).sum(axis=1)
    path = best_path(scores, transitions)
    assert path.tolist() == paths[totals.argmax()].tolist()
    found = [TAGS[code] for code in path]
    assert all(tag[0] != "I" or found[i - 1][1:] == tag[1:] for i, tag in enumerate(found) if i)
    assert not found[0].startswith("I")
