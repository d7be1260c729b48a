"""The log-mel spectrogram: its shape, what it ignores, what it keeps."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import RecipeError
from zoo.processing.audio import LogMel, filterbank, log_bands, power_spectrogram

CONFIG = LogMel()


def noise(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, length).astype(np.float32)


@given(length=st.integers(0, 5000))
@settings(max_examples=40, deadline=None)
def test_every_sample_is_in_a_frame(length: int) -> None:
    features = CONFIG(noise(length))
    covered = (len(features) - 1) * CONFIG.hop_length + CONFIG.frame_length
    assert features.shape[1] == CONFIG.mels
    assert features.dtype == np.float32
    assert len(features) >= CONFIG.frames
    assert covered >= length
    if len(features) > CONFIG.frames:
        assert covered - length < CONFIG.hop_length
    assert np.isfinite(features).all()


@given(gain=st.floats(1e-3, 1e3), offset=st.floats(-0.5, 0.5))
@settings(max_examples=25, deadline=None)
def test_gain_and_offset_change_nothing(gain: float, offset: float) -> None:
    waveform = noise(1960)  # whole frames: no zeros at the end beside the offset
    changed = CONFIG((gain * (waveform + np.float32(offset))).astype(np.float32))
    np.testing.assert_allclose(changed, CONFIG(waveform), atol=2e-3)


def test_silence_is_the_floor() -> None:
    np.testing.assert_allclose(CONFIG(np.zeros(2000, np.float32)), np.log10(CONFIG.floor))


def test_pauses_around_a_word_hardly_move_its_level() -> None:
    word = noise(4000)
    pause = noise(16000, 1) * np.float32(0.01)
    alone, within = CONFIG(word), CONFIG(np.concatenate([pause, word, pause]))
    start = len(pause) // CONFIG.hop_length
    np.testing.assert_allclose(within[start + 1 : start + 40], alone[1:40], atol=0.02)


def test_a_tone_stands_in_its_band() -> None:
    for hertz in (300.0, 1000.0, 3000.0):
        tone = np.sin(2 * np.pi * hertz * np.arange(4000) / 8000).astype(np.float32)
        loudest = CONFIG(tone).mean(axis=0).argmax()
        assert abs(loudest - CONFIG.band_of(hertz)) <= 1


def test_power_agrees_with_a_plain_fourier_transform() -> None:
    waveform = noise(1000)
    power = power_spectrogram(waveform, CONFIG)
    frame = waveform[80:280].astype(np.float64)
    window = np.sin(np.pi * np.arange(200) / 200) ** 2
    expected = np.abs(np.fft.rfft((frame - frame.mean()) * window, 256)) ** 2 / 200
    np.testing.assert_allclose(power[1], expected, rtol=1e-4, atol=1e-8)


def test_long_recordings_in_blocks_agree_with_short_ones() -> None:
    waveform = noise(80 * 5000)
    whole = power_spectrogram(waveform, CONFIG)
    part = power_spectrogram(waveform[80 * 4000 :], CONFIG)
    np.testing.assert_array_equal(whole[4000:], part)


def test_padding_frames_do_not_move_the_level() -> None:
    bands = np.random.default_rng(0).random((2, 30, 40)).astype(np.float32)
    bands[0, 20:] = 0
    np.testing.assert_allclose(
        log_bands(bands, 1e-3)[0, :20], log_bands(bands[0, :20], 1e-3), atol=1e-6
    )


def test_every_band_hears_something_and_warp_moves_bands() -> None:
    bank = filterbank(CONFIG)
    assert (bank.sum(axis=1) > 0).all()
    centre = bank.argmax(axis=1)[20]
    assert filterbank(CONFIG, 1.2).argmax(axis=1)[20] > centre
    assert filterbank(CONFIG, 0.8).argmax(axis=1)[20] < centre


def test_configuration_survives_json() -> None:
    config = LogMel(mels=24, fmax=3500.0)
    assert LogMel.from_dict(json.loads(json.dumps(dataclasses.asdict(config)))) == config


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"mel": 40}, "'mel'"),
        ({"mels": "40"}, "mels='40'"),
        ({"mels": 0}, "mels >= 1"),
        ({"fmin": 5000}, "fmin < fmax"),
        ({"hop": 0.0}, "hop"),
        ({"floor": 0}, "floor"),
        ({"longest": -1}, "longest"),
    ],
)
def test_wrong_configurations_are_refused(table: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        LogMel.from_dict(table)
