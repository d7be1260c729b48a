"""From frames to words: greedy, over beams and aligned, against all ways tried one by one."""

from __future__ import annotations

import tracemalloc
from collections import defaultdict
from itertools import groupby, pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.processing.ctc import GreedyRule, aligned, best_words, merged
from zoo.processing.word_times import spans


def shares(seed: int, frames: int, classes: int, sharp: float = 1.5) -> np.ndarray:
    """Probabilities (frames, classes)."""
    logits = sharp * np.random.default_rng(seed).normal(size=(frames, classes))
    found = np.exp(logits)
    return np.asarray(found / found.sum(axis=1, keepdims=True))


def collapsed(way: tuple[int, ...]) -> tuple[int, ...]:
    """The words of a way through the frames: repeats are one, blanks are none."""
    return tuple(code for code, _ in groupby(way) if code)


def all_texts(x: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every text, from every way."""
    found: dict[tuple[int, ...], float] = defaultdict(float)
    for way in product(range(x.shape[1]), repeat=len(x)):
        found[collapsed(way)] += float(
            np.prod([row[code] for row, code in zip(x, way, strict=True)])
        )
    return found


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), frames=st.integers(1, 5), classes=st.integers(2, 4))
def test_beams_that_keep_all_find_the_likeliest_text(seed: int, frames: int, classes: int) -> None:
    x = shares(seed, frames, classes)
    texts = all_texts(x)
    codes, score = best_words(x, 500)
    assert texts[tuple(codes)] == pytest.approx(max(texts.values()))
    assert score == pytest.approx(np.log(max(texts.values())))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 999), frames=st.integers(1, 6), classes=st.integers(2, 4))
def test_words_are_told_where_the_likeliest_way_has_them(
    seed: int, frames: int, classes: int
) -> None:
    x = shares(seed, frames, classes)
    codes, way = best_words(x, 1)
    assert codes == list(collapsed(tuple(x.argmax(axis=1).tolist())))
    assert way == pytest.approx(np.log(x.max(axis=1)).sum())
    codes, _ = best_words(x, 8)
    ways = [w for w in product(range(classes), repeat=frames) if collapsed(w) == tuple(codes)]
    best = max(ways, key=lambda w: float(np.prod([row[c] for row, c in zip(x, w, strict=True)])))
    told, start = [], 0
    for code, group in groupby(best):
        end = start + len(list(group))
        if code:
            told.append(start + int(x[start:end, code].argmax()))
        start = end
    assert aligned(x, codes) == told


def test_one_beam_is_greedy_and_more_add_up_ways() -> None:
    # Graves 2006: the likeliest way is all blanks, the likeliest text is not.
    x = np.array([[0.6, 0.4], [0.6, 0.4]])
    assert best_words(x, 1) == ([], pytest.approx(np.log(0.36)))
    assert best_words(x, 2) == ([1], pytest.approx(np.log(0.64)))
    assert best_words(x, 1)[0] == [] and aligned(x, []) == []
    assert best_words(np.zeros((0, 3)), 4) == ([], 0.0)


def test_long_pauses_count_as_one_and_part_equal_words() -> None:
    x = np.zeros((4000, 3))
    x[:, 0] = 1
    x[[10, 11, 500, 3999], :] = 0
    x[[10, 11, 500], 2] = 1
    x[3999, 1] = 1
    codes, score = best_words(x, 4)
    assert codes == [2, 2, 1] and score == pytest.approx(0)
    assert aligned(x, codes) == [10, 500, 3999]


def test_a_long_recording_without_pauses_is_aligned_in_little_memory() -> None:
    x = shares(0, 3000, 12, 2.0)
    codes, _ = best_words(x, 4)
    assert len(codes) > 1500
    tracemalloc.start()
    told = aligned(x, codes)
    used = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert used < 8_000_000 < len(x) * 2 * len(codes)
    assert all(one < other for one, other in pairwise(told))
    assert (
        np.mean([x[frame].argmax() == code for frame, code in zip(told, codes, strict=True)]) > 0.9
    )


def test_words_that_nobody_said_are_aligned_too() -> None:
    x = np.zeros((40, 3))
    x[:, 0] = 1
    x[[5, 30]] = 0.5, 0.5, 1e-28  # so far from the best way that it is given up at first
    assert aligned(x, [2, 2]) == [5, 30]


def test_the_blank_is_silence_or_speech() -> None:
    x = shares(0, 3, 4)
    np.testing.assert_allclose(merged(x).sum(axis=1), 1)
    np.testing.assert_allclose(merged(x)[:, 0], x[:, 0] + x[:, 1])
    np.testing.assert_allclose(merged(x)[:, 1:], x[:, 2:])


def test_a_word_is_told_once_at_its_likeliest_frame() -> None:
    x = np.full((8, 4), 0.01)
    for frame, (code, share) in enumerate([(0, 1), (2, 0.6), (2, 0.9), (2, 0.7), (1, 1), (3, 0.8)]):
        x[frame, code] = share
    x[6:, 3] = 0.5, 0.85
    rule = GreedyRule(("go", "stop"))
    assert rule.found(x, 100) == [(102, "go", 0.9)]
    assert rule.at_end(108) == [(107, "stop", 0.85)]
    assert rule.at_end(108) == []
    with pytest.raises(ValueError, match="the word is 7 of 2"):
        rule.restore({"place": np.array([7, 0]), "share": np.zeros(1)})


def test_words_end_with_the_speech_and_begin_where_it_does() -> None:
    speech = np.array([0, 0, 1, 1, 1, 0, 0, 1, 1, 0.6, 1, 1, 0, 0, 0])
    x = np.stack([1 - speech, speech], axis=1)
    # Told within speech, in the pause after it, and where two words leave no pause between them.
    assert spans(x, [3, 8, 11]) == [(2, 5), (7, 9), (9, 12)]
    assert spans(x, [6, 13]) == [(2, 5), (7, 12)]
    assert spans(x, [14]) == [(7, 12)]
    assert spans(x[:9], [3, 7, 8]) == [(2, 5), (7, 8), (8, 9)]
    assert spans(x[-3:], [1]) == [(1, 2)]
    assert spans(x, []) == []


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 999), frames=st.integers(1, 30), data=st.data())
def test_words_follow_each_other(seed: int, frames: int, data: st.DataObject) -> None:
    told = sorted(data.draw(st.sets(st.integers(0, frames - 1))))
    found = spans(shares(seed, frames, 2, 3.0), told)
    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges) and all(0 <= start < end <= frames for start, end in found)
