"""Waveforms of magnitudes: lengths, nearness, the same again; and powers of mel bands."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.speech.made import spoken
from zoo.errors import InputError, RecipeError
from zoo.processing.audio import LogMel, power_spectrogram
from zoo.processing.griffin_lim import GriffinLim
from zoo.processing.mel_inverse import MelInverse

CONFIG = LogMel(frame=0.032, mels=80, fmin=0, fmax=4000, floor=1e-5, frames=1)


def off(search: GriffinLim, magnitudes: np.ndarray) -> float:
    """How far the magnitudes of what is found are from those wanted, as a share."""
    found = np.abs(search.spectra(search(magnitudes)))
    return float(np.linalg.norm(found - magnitudes) / np.linalg.norm(magnitudes))


def speech(seed: int = 0) -> np.ndarray:
    return np.concatenate([spoken("rising", seed), spoken("low", seed + 1)])


@settings(deadline=None, max_examples=30)
@given(
    frames=st.integers(0, 12),
    hop=st.integers(1, 16),
    more=st.integers(0, 20),
    padding=st.integers(0, 3),
    seed=st.integers(0, 2**32),
)
def test_any_number_of_frames_gives_its_samples(
    frames: int, hop: int, more: int, padding: int, seed: int
) -> None:
    length = 2 * hop + more
    search = GriffinLim(length, hop, length + length % 2 + 2 * padding, iterations=3, seed=seed)
    draw = np.random.default_rng(seed)
    magnitudes = draw.exponential(size=(frames, search.fft_length // 2 + 1))
    found = search(magnitudes)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    assert found.shape == (search.samples(frames),)
    if frames:
        assert search.spectra(found).shape == magnitudes.shape
    assert (found == search(magnitudes)).all()


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 1000), hop=st.sampled_from([16, 25, 32]))
def test_a_waveform_is_found_again_with_its_own_phases(seed: int, hop: int) -> None:
    search = GriffinLim(64, hop, 64)
    waveform = np.random.default_rng(seed).normal(size=search.samples(9)).astype(np.float32)
    inner = slice(64, -64)  # at the very ends the window is zero
    again = search.waveform(search.spectra(waveform))
    np.testing.assert_allclose(again[inner], waveform[inner], atol=1e-4)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000))
def test_each_round_without_momentum_comes_nearer(seed: int) -> None:
    waveform = speech(seed)
    found = []
    for rounds in (0, 1, 2, 5, 10):
        search = GriffinLim(128, 32, 128, rounds, 0.0, seed)
        found.append(off(search, np.abs(search.spectra(waveform))))
    assert all(later <= earlier + 1e-5 for earlier, later in pairwise(found))


def test_momentum_comes_nearer_in_as_many_rounds() -> None:
    pairs = [
        [off(GriffinLim(256, 64, 256, 30, momentum), magnitudes) for momentum in (0.0, 0.99)]
        for magnitudes in (np.abs(GriffinLim(256, 64, 256).spectra(speech(s))) for s in range(5))
    ]
    plain, fast = np.mean(pairs, axis=0)
    assert fast < 0.8 * plain


def test_other_seeds_start_elsewhere() -> None:
    magnitudes = np.abs(GriffinLim(64, 16, 64).spectra(speech()))
    one, other = (GriffinLim(64, 16, 64, 2, seed=seed)(magnitudes) for seed in (1, 2))
    assert not np.allclose(one, other)


@pytest.mark.parametrize(
    "numbers",
    [
        {"hop_length": 33},
        {"hop_length": 0},
        {"fft_length": 62},
        {"fft_length": 65},
        {"iterations": -1},
        {"momentum": 1.0},
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers: dict[str, float]) -> None:
    kept = {"frame_length": 64, "hop_length": 16, "fft_length": 64, **numbers}
    with pytest.raises(RecipeError, match="Received"):
        GriffinLim(**kept)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "magnitudes", [np.zeros((3, 32)), np.zeros(33), np.full((3, 33), np.nan), -np.ones((3, 33))]
)
def test_what_are_no_magnitudes_is_refused(magnitudes: np.ndarray) -> None:
    with pytest.raises(InputError, match="Received magnitudes"):
        GriffinLim(64, 16, 64)(magnitudes)


def test_magnitudes_of_mel_bands_are_near_the_real_ones() -> None:
    waveform = speech()
    real = np.sqrt(power_spectrogram(waveform, CONFIG) * CONFIG.frame_length)
    found = MelInverse(CONFIG)(CONFIG(waveform))
    scale = np.linalg.norm(real) / np.linalg.norm(found)  # the level was taken out
    assert found.dtype == np.float32 and (found >= 0).all()
    assert np.linalg.norm(scale * found - real) < 0.25 * np.linalg.norm(real)


def test_silence_becomes_silence() -> None:
    silent = np.full((5, CONFIG.mels), np.log10(CONFIG.floor), np.float32)
    assert MelInverse(CONFIG)(silent).max() < 1e-3
    assert np.isfinite(MelInverse(CONFIG)(np.full((5, 80), 400.0))).all()
