"""Power spectrograms bent at random: what a new speaker, microphone or room would change.

Whole batches at once, in numpy; the random generator decides everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.audio import LogMel, filterbank, log_bands

_WARPS = 41  # filterbanks prepared between the strongest warps
_POOL = 2_000_000  # normal numbers drawn once; batches start anywhere in them, which is cheap


@dataclass(frozen=True)
class Strength:
    """How far each change goes at most; zero turns it off.

    Attributes:
        speed: Factor on the tempo, log-uniform in [1 / (1 + speed), 1 + speed].
        warp: The same for the vocal tract: all frequencies move by one factor.
        equaliser: Standard deviation in dB of a smooth random curve over frequency.
        noise: Share of clips with stationary coloured noise added.
        snr: Lowest and highest signal-to-noise ratio in dB.
        silence: Most seconds of silence before and after the clip.
        frequency_mask: Widest band in mels that is blotted out, twice.
        time_mask: Widest stretch that is blotted out, as a share of the clip, once.
    """

    speed: float = 0.3
    warp: float = 0.15
    equaliser: float = 6.0
    noise: float = 0.7
    snr: tuple[float, float] = (5.0, 40.0)
    silence: float = 0.1
    frequency_mask: int = 6
    time_mask: float = 0.15

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Strength:
        """Reads a recipe's table.

        Raises:
            RecipeError: A key is unknown.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise RecipeError(f"Received the unknown augmentation {unknown[0]!r}; known: {known}.")
        values: dict[str, Any] = dict(table)
        if "snr" in values:
            values["snr"] = tuple(values["snr"])
        return cls(**values)


class AudioAugmenter:
    """Draws bent log-mel features from power spectrograms.

    Args:
        powers: One float32 (time, bins) a clip, from `power_spectrogram`.
        config: The features to make.
        strength: How far to go.
    """

    def __init__(self, powers: Sequence[np.ndarray], config: LogMel, strength: Strength) -> None:
        self._powers = np.concatenate(powers)
        self._lengths = np.array([len(power) for power in powers])
        self._starts = np.cumsum(self._lengths) - self._lengths
        self._config = config
        self._strength = strength
        warps = np.geomspace(1 / (1 + strength.warp), 1 + strength.warp, _WARPS)
        self._noise = np.random.default_rng(0).standard_normal((2, _POOL), np.float32)
        self._banks = np.stack([filterbank(config, w).T for w in warps])

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws one bent version of each clip.

        Args:
            indices: Which clips (batch,).
            rng: Decides all.

        Returns:
            Features float32 (batch, time, mels), zero after each end, and lengths int32 (batch,).
        """
        power, lengths = self._retimed(indices, rng)
        clip = np.repeat(np.arange(len(indices)), lengths)
        power *= self._equaliser(len(indices), rng)[clip]
        power = self._noisy(power, clip, lengths, rng)
        padded = int(lengths.max())
        features = np.zeros((len(indices), padded, self._config.mels), np.float32)
        ends, warps = np.cumsum(lengths), rng.integers(_WARPS, size=len(indices))
        for row, (length, end, warp) in enumerate(zip(lengths, ends, warps, strict=True)):
            features[row, :length] = power[end - length : end] @ self._banks[warp]
        features = log_bands(features, self._config.floor, self._config.level)
        self._blot(features, lengths, rng)
        features *= (np.arange(padded) < lengths[:, None])[..., None]
        return features, lengths.astype(np.int32)

    def _retimed(
        self, indices: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Clips at another tempo between two silences: all frames (frames, bins), and lengths."""
        count, limit = len(indices), np.log1p(self._strength.speed)
        tempo = np.exp(rng.uniform(-limit, limit, count))
        longest = round(self._strength.silence / self._config.hop)
        before, after = rng.integers(0, longest + 1, (2, count))
        sounding = np.maximum(1, np.round(self._lengths[indices] / tempo)).astype(int)
        lengths = np.maximum(self._config.frames, before + sounding + after)
        clip = np.repeat(np.arange(count), lengths)
        step = np.arange(len(clip)) - (np.cumsum(lengths) - lengths + before)[clip]
        last = (self._lengths[indices] - 1)[clip]
        place = np.clip(step * tempo[clip], 0, last)
        left = np.floor(place).astype(int)
        inside = ((step >= 0) & (step < sounding[clip])).astype(np.float32)
        share = (place - left).astype(np.float32)
        start = self._starts[indices][clip]
        power = self._powers[start + left] * (inside * (1 - share))[:, None]
        power += self._powers[start + np.minimum(left + 1, last)] * (inside * share)[:, None]
        return power, lengths

    def _equaliser(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Smooth gains (batch, bins): slow cosines over the frequency axis."""
        waves = np.arange(1, 6)[:, None] * np.linspace(0, np.pi, self._powers.shape[1])
        weights = rng.normal(size=(count, len(waves))) / np.sqrt(len(waves))
        decibels = self._strength.equaliser * np.sqrt(2) * weights @ np.cos(waves)
        return np.asarray(10 ** (decibels / 10), np.float32)

    def _noisy(
        self, power: np.ndarray, clip: np.ndarray, lengths: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Adds complex Gaussian noise of a random tilt to spectra whose phases do not matter."""
        count, bins = len(lengths), power.shape[1]
        mean = np.add.reduceat(power.sum(axis=1), np.cumsum(lengths) - lengths) / (lengths * bins)
        ratio = rng.uniform(*self._strength.snr, count)
        colour = (np.arange(bins) + 8.0) ** -rng.uniform(-0.5, 2.0, (count, 1))
        colour *= (mean * 10 ** (-ratio / 10) / colour.mean(axis=1))[:, None]
        colour *= rng.random((count, 1)) < self._strength.noise
        spread = np.sqrt(colour / 2).astype(np.float32)[clip]
        start = rng.integers(0, _POOL // 2, 2)
        real, imaginary = (
            np.resize(row[first:], power.shape)
            if power.size > len(row) - first
            else row[first : first + power.size].reshape(power.shape)
            for row, first in zip(self._noise, start, strict=True)
        )
        return np.asarray((np.sqrt(power) + real * spread) ** 2 + (imaginary * spread) ** 2)

    def _blot(self, features: np.ndarray, lengths: np.ndarray, rng: np.random.Generator) -> None:
        """SpecAugment (Park et al. 2019): bands and stretches set to the floor, in place."""
        count, time, mels = features.shape
        blank = np.log10(self._config.floor)
        band, step = np.arange(mels), np.arange(time)
        for _ in range(2):
            width = rng.integers(0, self._strength.frequency_mask + 1, (count, 1))
            start = rng.integers(0, mels, (count, 1)) - width // 2
            hidden = (band >= start) & (band < start + width)
            features[np.broadcast_to(hidden[:, None], features.shape)] = blank
        width = rng.uniform(0, self._strength.time_mask, (count, 1)) * lengths[:, None]
        start = rng.uniform(0, 1, (count, 1)) * (lengths[:, None] - width)
        features[(step >= start) & (step < start + width)] = blank
