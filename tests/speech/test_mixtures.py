"""Mixtures: levels, places, and where clean speech is."""

from __future__ import annotations

import numpy as np
import pytest

from zoo.processing.activity import clearness, speaking
from zoo.processing.mixtures import (
    NoiseMaker,
    SpeechMixtures,
    at_level,
    laid_out,
    made_noise,
    shares_of_frames,
    with_noise,
)

RATE = 8000


def power(x: np.ndarray) -> float:
    return float(np.square(x, dtype=np.float64).mean())


def clip(seed: int = 0, gap: float = 0.1) -> np.ndarray:
    """A quiet second with two tones, 0.2 s each, from 0.2 s on."""
    rng = np.random.default_rng(seed)
    x = 1e-4 * rng.normal(size=RATE)
    tone = 0.3 * np.sin(np.arange(1600))
    second = 1600 + 1600 + round(gap * RATE)
    x[1600:3200] += tone
    x[second : second + 1600] += tone
    return x.astype(np.float32)


def test_speech_is_what_is_loud_and_short_gaps_in_it() -> None:
    steps = speaking(clip(), RATE)
    assert len(steps) == 100
    places = np.flatnonzero(steps)
    assert abs(places[0] - 20) <= 1 and abs(places[-1] - 69) <= 1
    assert steps[places[0] : places[-1]].all()
    parted = speaking(clip(gap=0.3), RATE)
    assert not parted[45:65].any() and parted[25:38].all() and parted[72:88].all()
    assert clearness(clip(), RATE) > 40 > clearness(np.ones(RATE, np.float32) * 0.1, RATE)
    assert not speaking(np.zeros(RATE, np.float32), RATE).any()


def test_levels_are_those_asked_for() -> None:
    rng = np.random.default_rng(1)
    speech, noise = clip(), at_level(rng.normal(size=RATE).astype(np.float32), 0.0)
    assert power(noise) == pytest.approx(1, rel=1e-5)
    added = with_noise(speech, noise, 10.0) - speech
    assert power(speech) / power(added) == pytest.approx(10, rel=1e-3)
    assert power(at_level(speech, -20.0)) == pytest.approx(0.01, rel=1e-5)


def test_clips_lie_within_the_line_with_pauses_between_them() -> None:
    rng = np.random.default_rng(2)
    line, placed = laid_out(lambda: (7, np.ones(300, np.float32)), 2000, (100, 200), rng)
    assert len(line) == 2000 and len(placed) >= 3
    covered = np.zeros(2000)
    for item in placed:
        assert item.clip == 7 and item.length == 300
        covered[item.start : item.start + 300] += 1
    np.testing.assert_array_equal(line, covered)
    starts = [item.start for item in placed]
    assert all(100 <= gap - 300 <= 200 for gap in np.diff(starts))
    empty, none = laid_out(lambda: (0, np.ones(3000, np.float32)), 2000, (0, 0), rng)
    assert not none and not empty.any()


def test_noise_is_drawn_alike_for_a_seed_and_quiet_stretches_stay_quieter() -> None:
    loud = np.random.default_rng(3).normal(size=RATE).astype(np.float32)
    quiet = np.concatenate([loud, 1e-3 * loud])
    maker = NoiseMaker({"quiet": quiet})
    drawn = [maker.draw(400, np.random.default_rng(seed)) for seed in range(40)]
    np.testing.assert_array_equal(drawn[5], maker.draw(400, np.random.default_rng(5)))
    powers = [power(x) for x in drawn]
    assert max(powers) < 2 and min(powers) < 0.01
    made = NoiseMaker({}).draw(401, np.random.default_rng(0))
    assert len(made) == 401 and np.isfinite(made).all()
    assert power(made_noise(401, np.random.default_rng(0))) == pytest.approx(1, rel=1e-4)


def test_mixtures_tell_where_the_clean_speech_is() -> None:
    noises = {"hiss": np.random.default_rng(4).normal(size=RATE).astype(np.float32)}
    mixtures = SpeechMixtures([clip(0), clip(1)], ["a", "b"], noises, RATE, 3.0, (0.1, 0.3))
    assert mixtures.groups == ("a", "b")
    mixture, active = mixtures.draw(1, 30.0, -20.0, np.random.default_rng(0))
    assert mixture.shape == active.shape == (3 * RATE,)
    assert power(mixture) == pytest.approx(0.01, rel=1e-4)
    assert power(mixture[active]) > 50 * power(mixture[~active])
    frames = shares_of_frames(active, 256, 256, 95)
    assert frames.shape == (95,) and frames.max() == 1 and frames.min() == 0
    assert frames.sum() * 256 == pytest.approx(active.sum(), abs=256)
    assert shares_of_frames(np.ones(300, bool), 256, 256, 3).tolist() == [1, 44 / 256, 0]
