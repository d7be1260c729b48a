"""Recordings of every kind become one waveform, and damaged ones one sentence."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import InputError, MissingExtraError
from zoo.processing.recording import read

RATE = 8000
Write = Callable[..., Path]
Bytes = Callable[..., bytes]


def tone(seconds: float = 0.3, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return np.asarray(0.5 * np.sin(2 * np.pi * 440 * time), np.float32)


@pytest.mark.parametrize(("width", "step"), [(1, 2**-7), (2, 2**-15), (3, 2**-23), (4, 2**-23)])
def test_integer_wav_of_every_width(write_wave: Write, width: int, step: float) -> None:
    waveform = read(write_wave(tone(), width), RATE)
    assert waveform.dtype == np.float32
    np.testing.assert_allclose(waveform, tone(), atol=step)


@given(count=st.integers(1, 3000), width=st.sampled_from([1, 2, 3, 4]), channels=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_wav_of_any_length_comes_back(
    wave_bytes: Bytes, count: int, width: int, channels: int
) -> None:
    samples = np.random.default_rng(count).uniform(-0.9, 0.9, (count, channels))
    waveform = read(wave_bytes(samples, width), RATE)
    np.testing.assert_allclose(waveform, samples.mean(axis=1), atol=2.0 ** (1 - 8 * width) + 1e-6)


def test_bytes_paths_and_arrays_agree(write_wave: Write) -> None:
    path = write_wave(tone())
    whole = np.round(tone() * 2**15).astype(np.int16)
    expected = read(path, RATE)
    for source in (str(path), path.read_bytes(), bytearray(path.read_bytes()), whole):
        np.testing.assert_array_equal(read(source, RATE), expected)


def test_integer_arrays_are_scaled_by_their_type() -> None:
    assert read(np.array([0, 128, 255], np.uint8), RATE).tolist() == [-1.0, 0.0, 127 / 128]
    assert read(np.array([-(2**31), 2**30], np.int32), RATE).tolist() == [-1.0, 0.5]


def test_channels_are_averaged(write_wave: Write) -> None:
    stereo = np.stack([tone(), np.zeros_like(tone())], axis=1)
    np.testing.assert_allclose(read(write_wave(stereo), RATE), tone() / 2, atol=2**-15)
    np.testing.assert_allclose(read(stereo, RATE), tone() / 2, atol=1e-7)


@pytest.mark.parametrize("rate", [4000, 11025, 16000, 44100, 48000])
def test_other_rates_are_resampled(write_wave: Write, rate: int) -> None:
    pytest.importorskip("soxr")
    for source, given_rate in (
        (write_wave(tone(rate=rate), 2, rate), None),
        (tone(rate=rate), rate),
    ):
        waveform = read(source, RATE, sampling_rate=given_rate)
        assert abs(len(waveform) - len(tone())) <= 2
        middle = slice(200, 2000)
        np.testing.assert_allclose(waveform[middle], tone()[middle], atol=0.01)


@pytest.mark.parametrize("form", ["FLAC", "OGG", "WAV"])
def test_other_formats(tmp_path: Path, form: str) -> None:
    soundfile = pytest.importorskip("soundfile")
    path = tmp_path / "clip.bin"
    subtype = "FLOAT" if form == "WAV" else None
    soundfile.write(path, tone(), RATE, format=form, subtype=subtype)
    assert abs(read(path, RATE) - tone())[200:2000].max() < 0.1


def test_long_recordings_keep_their_loudest_stretch() -> None:
    quiet = np.zeros(60 * RATE, np.float32)
    quiet[30 * RATE : 31 * RATE] = 0.5
    waveform = read(quiet, RATE, longest=4.0)
    assert len(waveform) <= 4 * RATE
    assert np.count_nonzero(waveform) == RATE


def test_recordings_within_the_limit_stay_whole() -> None:
    fading = np.linspace(1, 0, 2 * RATE + 17, dtype=np.float32)
    np.testing.assert_array_equal(read(fading, RATE, longest=4.0), fading)


def test_an_endless_stream_is_read_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that are let go must not be kept: more would pass than fits into memory."""
    from zoo.processing import recording

    block = np.full(RATE // 10, 0.1, np.float32)
    shown = (block.copy() for _ in range(20_000))
    monkeypatch.setattr(recording, "_array_blocks", lambda *_: shown)
    assert len(read(np.zeros(1), RATE, longest=2.0)) == 2 * RATE


def test_one_sample_is_a_recording() -> None:
    assert len(read(np.array([0.5], np.float32), RATE)) == 1


def test_one_sample_at_a_high_rate_is_a_recording() -> None:
    pytest.importorskip("soxr")
    assert len(read(np.array([0.5], np.float32), RATE, sampling_rate=192_000)) >= 1


BROKEN: dict[str, tuple[object, str]] = {
    "missing": ("no/such/clip.wav", "is not a file"),
    "folder": (".", "is not a file"),
    "no bytes": (b"", "empty"),
    "text": (b"hello, this is not a recording", "not a recording.*hello"),
    "empty array": (np.zeros(0, np.float32), "empty"),
    "NaN": (np.array([0.0, np.nan]), "NaN"),
    "infinite": (np.array([0.0, np.inf]), "NaN or infinite"),
    "huge": (np.array([0.0, 1e20]), "scale"),
    "complex": (np.zeros(5, complex), "complex"),
    "3-D": (np.zeros((2, 3, 4)), r"\(2, 3, 4\)"),
    "number": (3.5, "float"),
    "none": (None, "NoneType"),
}


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=list(BROKEN))
def test_what_is_no_recording_is_refused_in_one_sentence(source: object, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read(source, RATE)
    assert "\n" not in str(caught.value)


def test_damaged_wav_files_are_refused(wave_bytes: Bytes) -> None:
    good = wave_bytes(tone())
    with pytest.raises(InputError, match="cut short"):
        read(good[:20], RATE)
    with pytest.raises(InputError, match="promises 2400 samples and has 2350"):
        read(good[:-100], RATE)
    with pytest.raises(InputError, match="empty"):
        read(wave_bytes(np.zeros(0)), RATE)


@pytest.mark.parametrize("rate", [-1, 10, 10_000_000])
def test_absurd_rates_are_refused(rate: int) -> None:
    with pytest.raises(InputError, match="Hz"):
        read(tone(), RATE, sampling_rate=rate)


def test_a_files_rate_cannot_be_overruled(write_wave: Write) -> None:
    with pytest.raises(InputError, match="states its own"):
        read(write_wave(tone()), RATE, sampling_rate=16000)


def test_nan_in_a_float_file_is_refused(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    samples = tone()
    samples[7] = np.nan
    soundfile.write(tmp_path / "nan.wav", samples, RATE, subtype="FLOAT")
    with pytest.raises(InputError, match="NaN"):
        read(tmp_path / "nan.wav", RATE)


def test_without_the_extra_only_other_forms_need_it(
    monkeypatch: pytest.MonkeyPatch, write_wave: Write, wave_bytes: Bytes
) -> None:
    for package in ("soundfile", "soxr"):
        monkeypatch.setitem(sys.modules, package, None)
    assert len(read(write_wave(tone()), RATE)) == len(tone())
    with pytest.raises(MissingExtraError, match=r"rnn-zoo\[audio\]"):
        read(write_wave(tone(), 2, 16000), RATE)
    with pytest.raises(MissingExtraError, match=r"rnn-zoo\[audio\]"):
        read(b"fLaC" + bytes(40), RATE)
    with pytest.raises(InputError, match="not a recording"):
        read(b"hello, this is not a recording", RATE)
    floating = bytearray(wave_bytes(tone()))
    floating[20:22] = struct.pack("<H", 3)
    with pytest.raises(MissingExtraError, match=r"rnn-zoo\[audio\]"):
        read(io.BytesIO(floating).getvalue(), RATE)
