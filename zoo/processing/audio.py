"""A waveform's log-mel spectrogram in numpy.

It comes in pieces that training can bend and an exporter can write as ONNX operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from zoo.errors import RecipeError

LEVELS = ("recording", "none")
_BLOCK = 4096  # frames transformed at once, which bounds memory for long recordings
QUIET = 1e-12  # power below which a recording counts as digital silence


@dataclass(frozen=True)
class LogMel:
    """How a waveform becomes a log-mel spectrogram; durations in seconds, frequencies in Hz.

    Attributes:
        sampling_rate: The waveform's sampling rate.
        frame: Length of a Hann-windowed frame.
        hop: Step from frame to frame.
        mels: Number of triangular bands, evenly spaced on the mel scale (O'Shaughnessy 1987:
            2595 log10(1 + f / 700)).
        fmin: Lower edge of the lowest band.
        fmax: Upper edge of the highest band.
        floor: Added to every band before the logarithm, as a share of the recording's level.
        frames: Fewest frames; shorter waveforms are padded with zeros at the end.
        longest: Of longer recordings only the loudest stretch of this length is heard.
        level: What bands are relative to: "recording", the level of the whole recording, or
            "none", for networks that hear a recording while it comes in.
    """

    sampling_rate: int = 8000
    frame: float = 0.025
    hop: float = 0.010
    mels: int = 40
    fmin: float = 60.0
    fmax: float = 3800.0
    floor: float = 1e-3
    frames: int = 8
    longest: float = 8.0
    level: str = "recording"

    def __post_init__(self) -> None:
        if self.sampling_rate <= 0 or self.hop_length < 1 or self.frame_length < 2:
            raise RecipeError(f"Received {self}; sampling rate, frame and hop must be positive.")
        if self.mels < 1 or not 0 <= self.fmin < self.fmax <= self.sampling_rate / 2:
            raise RecipeError(
                f"Received {self}; needed is mels >= 1, fmin < fmax <= half the rate."
            )
        if self.floor <= 0 or self.frames < 1 or self.longest <= 0:
            raise RecipeError(f"Received {self}; floor, frames and longest must be positive.")
        if self.level not in LEVELS:
            raise RecipeError(f"Received level={self.level!r}; use one of {', '.join(LEVELS)}.")

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> LogMel:
        """Reads the configuration from a recipe's table.

        Raises:
            RecipeError: A key is unknown or its value is out of range.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise RecipeError(
                f"Received the unknown processing key {unknown[0]!r}; known: {known}."
            )
        for name, value in table.items():
            if name == "level":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise RecipeError(f"Received {name}={value!r} in the processing; use a number.")
        return cls(**table)

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round(self.frame * self.sampling_rate)

    @property
    def hop_length(self) -> int:
        """Samples from one frame to the next."""
        return round(self.hop * self.sampling_rate)

    @property
    def fft_length(self) -> int:
        """Samples in the Fourier transform: the next power of two."""
        return int(2 ** np.ceil(np.log2(self.frame_length)))

    def band_of(self, hertz: float) -> float:
        """Where a frequency lies on the axis of bands; 0 is the centre of the lowest."""
        low, high, mel = (_mel(f) for f in (self.fmin, self.fmax, hertz))
        return float((mel - low) / (high - low) * (self.mels + 1) - 1)

    def __call__(self, waveform: np.ndarray) -> np.ndarray:
        """Log-mel spectrogram of float waveform (samples,), as float32 (time, mels)."""
        bands = np.concatenate([p @ filterbank(self).T for p in _power_blocks(waveform, self)])
        return log_bands(bands, self.floor, self.level)


def power_spectrogram(waveform: np.ndarray, config: LogMel) -> np.ndarray:
    """Power of every frame and frequency bin.

    Each frame has its mean taken out first, so that a constant offset never leaks into the bands.

    Args:
        waveform: Float samples (samples,) in [-1, 1]; at least none.
        config: The framing.

    Returns:
        float32 (time, fft_length / 2 + 1). The last frame is padded with zeros, so no sample is
        lost, and there are at least `config.frames` frames.
    """
    return np.concatenate(list(_power_blocks(waveform, config)))


def _power_blocks(waveform: np.ndarray, config: LogMel) -> list[np.ndarray]:
    return [
        _power(frames, config.fft_length)
        for frames in _frame_blocks(np.asarray(waveform, np.float32), config)
    ]


def _frame_blocks(waveform: np.ndarray, config: LogMel) -> list[np.ndarray]:
    length, hop = config.frame_length, config.hop_length
    count = max(config.frames, 1 + -(-max(0, len(waveform) - length) // hop))
    padded = np.pad(waveform, (0, max(0, (count - 1) * hop + length - len(waveform))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[::hop][:count]
    return [frames[start : start + _BLOCK] for start in range(0, count, _BLOCK)]


def _power(frames: np.ndarray, fft_length: int) -> np.ndarray:
    length = frames.shape[1]
    window = hann(length).astype(np.float32)
    centred = (frames - frames.mean(axis=1, keepdims=True)) * window
    spectrum = np.fft.rfft(centred, fft_length)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32) / np.float32(length)


def hann(length: int) -> np.ndarray:
    """The periodic Hann window, float64 (length,)."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length))


def filterbank(config: LogMel, warp: float = 1.0) -> np.ndarray:
    """Triangular mel bands.

    Args:
        config: Number of bands and their edges.
        warp: Factor on every band's frequency; above 1 the bands read higher frequencies, as if
            the speaker's vocal tract were longer (Jaitly and Hinton 2013).

    Returns:
        float32 (mels, fft_length / 2 + 1); every triangle's peak is at most 1.
    """
    low, high = _mel(config.fmin), _mel(config.fmax)
    edges = 700 * (10 ** (np.linspace(low, high, config.mels + 2) / 2595) - 1)
    edges = np.minimum(edges * warp, config.sampling_rate / 2)
    bins = np.arange(config.fft_length // 2 + 1) * config.sampling_rate / config.fft_length
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    width = config.sampling_rate / config.fft_length  # narrow bands still reach one bin
    rising = (bins - left) / np.maximum(centre - left, width)
    falling = (right - bins) / np.maximum(right - centre, width)
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def log_bands(bands: np.ndarray, floor: float, level: str = "recording") -> np.ndarray:
    """Logarithm of mel powers with the recording's level taken out.

    The level is the energy-weighted mean of the frames' energies, sum(e^2) / sum(e): pauses around
    the word hardly move it, and one click less than the maximum would. Bands are divided by it, so
    a gain on the waveform does not change the result, and differences between bands stay.

    Args:
        bands: Mel powers (..., time, mels); frames of padding must be zero.
        floor: Share of the level that is added before the logarithm.
        level: "recording", or "none" for 1.

    Returns:
        float32 of the same shape, log10 of the powers relative to the level.
    """
    if level == "none":
        return np.asarray(np.log10(bands + np.float64(floor)), np.float32)
    energy = bands.astype(np.float64).mean(axis=-1, keepdims=True)
    total = energy.sum(axis=-2, keepdims=True)
    mean = (energy**2).sum(axis=-2, keepdims=True) / np.maximum(total, QUIET)
    return np.asarray(np.log10(bands / np.maximum(mean, QUIET) + floor), np.float32)
