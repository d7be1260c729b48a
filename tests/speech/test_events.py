"""Events told from probabilities: the same in any pieces, whole and saved."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import RecipeError
from zoo.processing.ctc import GreedyRule
from zoo.processing.events import Rule, SpeechRule, WordRule, settings_of

LABELS = ("go", "stop", "something else", "silence")
RULES: dict[str, Callable[[], Rule]] = {
    "words": lambda: WordRule(LABELS, 0.5, smooth=3, rest=4),
    "speech": lambda: SpeechRule(("other", "speech"), 0.5, rest=3),
    "greedy": lambda: GreedyRule(LABELS[:2]),
}


def shares(seed: int, frames: int, classes: int) -> np.ndarray:
    """Probabilities that jump now and then."""
    rng = np.random.default_rng(seed)
    kept = np.repeat(rng.integers(classes, size=frames // 5 + 1), 5)[:frames]
    found = 0.2 * rng.random((frames, classes)) + 3 * np.eye(classes)[kept] * rng.random(
        (frames, 1)
    )
    return np.asarray(found / found.sum(axis=1, keepdims=True), np.float32)


@pytest.mark.parametrize("name", RULES)
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 9), cuts=st.lists(st.integers(0, 61)), saved=st.integers(0, 4))
def test_pieces_have_the_events_of_the_whole(
    name: str, seed: int, cuts: list[int], saved: int
) -> None:
    x = shares(seed, 61, 2 if name == "speech" else 4)
    rule = RULES[name]()
    whole = rule.found(x, 0) + rule.at_end(len(x))
    rule, found = RULES[name](), []
    for place, (start, end) in enumerate(pairwise([0, *sorted(cuts), len(x)])):
        if place == saved:
            arrays, rule = rule.state(), RULES[name]()
            rule.restore(arrays)
        found += rule.found(x[start:end], start)
    found += rule.at_end(len(x))
    assert [(frame, event) for frame, event, _ in found] == [(f, e) for f, e, _ in whole]
    np.testing.assert_allclose([s for *_, s in found], [s for *_, s in whole], atol=1e-9)


def test_a_word_is_told_once_when_its_mean_reaches_the_threshold() -> None:
    x = np.zeros((20, 4), np.float32)
    x[:, 3] = 1
    x[2, 0], x[2, 3] = 1, 0  # one frame is a third of the mean
    x[8:12, 1], x[8:12, 3] = 0.9, 0.1
    found = WordRule(LABELS, 0.5, smooth=3, rest=4).found(x, 0)
    assert [(frame, word) for frame, word, _ in found] == [(9, "stop")]
    assert found[0][2] == pytest.approx(0.6)


def test_a_word_is_told_again_when_it_has_gone_and_another_after_a_while() -> None:
    x = np.zeros((40, 4), np.float32)
    x[2:12, 1] = x[16:20, 1] = x[20:30, 0] = 0.9  # one long "stop", another one, "go" at once

    def told(rest: int) -> list[tuple[int, str]]:
        found = WordRule(LABELS, 0.5, smooth=2, rest=rest).found(x, 0)
        return [(frame, word) for frame, word, _ in found]

    assert told(1) == [(3, "stop"), (17, "stop"), (21, "go")]
    assert told(8) == [(3, "stop"), (17, "stop"), (25, "go")]
    x[12:16, 1] = 0.45  # it never falls well below the threshold: still the same word
    assert told(1) == [(3, "stop"), (21, "go")]


def test_speech_starts_at_once_and_ends_after_a_pause() -> None:
    spoken = np.array([0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 1], np.float32)
    rule = SpeechRule(("other", "speech"), 0.5, rest=3)
    found = rule.found(np.stack([1 - spoken, spoken], axis=1), 100)
    assert [(f, e) for f, e, _ in found] == [
        (102, "speech starts"),
        (107, "speech ends"),
        (111, "speech starts"),
    ]
    assert [(f, e) for f, e, _ in rule.at_end(113)] == [(113, "speech ends")]
    assert rule.at_end(113) == []


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(RecipeError, match="threshold=1"):
        WordRule(LABELS, 1, 3, 4)
    with pytest.raises(RecipeError, match="for 2 classes"):
        WordRule(LABELS[2:], 0.5, 3, 4)
    with pytest.raises(RecipeError, match="rest=0"):
        SpeechRule(("other", "speech"), 0.5, 0)
    with pytest.raises(RecipeError, match="table of threshold, rest"):
        settings_of({"events": {"threshold": 0.5}}, ("threshold", "rest"))
    with pytest.raises(RecipeError, match="is a number"):
        settings_of({"events": {"threshold": "high"}}, ("threshold",))
    with pytest.raises(ValueError, match="probabilities are"):
        WordRule(LABELS, 0.5, 3, 4).restore({"before": np.zeros((5, 2)), "told": np.zeros(2)})
