"""Log-mel frames of waveforms whose level counts, bent at random: rooms, microphones, voices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.audio import LogMel, filterbank, log_bands, power_spectrogram

_WARPS = 11  # filterbanks prepared between the strongest warps


@dataclass(frozen=True)
class Bending:
    """How far each change goes at most; zero turns it off.

    Attributes:
        warp: Factor on all frequencies, log-uniform in [1 / (1 + warp), 1 + warp].
        equaliser: Standard deviation in dB of a smooth random curve over the bands.
        frequency_mask: Widest run of bands that is blotted out, twice.
        time_mask: Widest run of frames that is blotted out, once.
    """

    warp: float = 0.1
    equaliser: float = 4.0
    frequency_mask: int = 4
    time_mask: int = 5

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Bending:
        """Reads a recipe's table.

        Raises:
            RecipeError: A key is unknown.
        """
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(table) - set(known)):
            raise RecipeError(f"Received the unknown bending {unknown[0]!r}; known: {known}.")
        return cls(**table)


class BentFrames:
    """Makes bent features of waveforms of one length.

    Args:
        config: The features; their level is "none".
        bending: How far to go.
    """

    def __init__(self, config: LogMel, bending: Bending) -> None:
        self._config = config
        self._bending = bending
        warps = np.geomspace(1 / (1 + bending.warp), 1 + bending.warp, _WARPS)
        self._banks = np.stack([filterbank(config, warp).T for warp in warps])

    def __call__(self, waveforms: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
        """Features float32 (batch, time, mels).

        Args:
            waveforms: float32 (samples,) each, all as long.
            rng: Decides all.
        """
        chosen = rng.integers(_WARPS, size=len(waveforms))
        bands = np.stack(
            [
                power_spectrogram(waveform, self._config) @ self._banks[warp]
                for waveform, warp in zip(waveforms, chosen, strict=True)
            ]
        )
        bands *= self._gains(len(waveforms), rng)[:, None]
        features = log_bands(bands, self._config.floor, "none")
        self._blot(features, rng)
        return features

    def _gains(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Smooth gains (batch, mels): slow cosines over the bands."""
        waves = np.arange(1, 6)[:, None] * np.linspace(0, np.pi, self._config.mels)
        weights = rng.normal(size=(count, len(waves))) / np.sqrt(len(waves))
        decibels = self._bending.equaliser * np.sqrt(2) * weights @ np.cos(waves)
        return np.asarray(10 ** (decibels / 10), np.float32)

    def _blot(self, features: np.ndarray, rng: np.random.Generator) -> None:
        """SpecAugment (Park et al. 2019): bands and frames set to their mean, in place."""
        count, time, mels = features.shape
        blank = np.broadcast_to(features.mean(axis=(1, 2), keepdims=True), features.shape)
        hidden = np.zeros(features.shape, bool)
        for _ in range(2):
            hidden |= _run(mels, self._bending.frequency_mask, count, rng)[:, None, :]
        hidden |= _run(time, self._bending.time_mask, count, rng)[:, :, None]
        features[hidden] = blank[hidden]


def _run(size: int, widest: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """A run of random place and width in each row, bool (count, size)."""
    width = rng.integers(0, widest + 1, (count, 1))
    start = rng.integers(0, size, (count, 1)) - width // 2
    places = np.arange(size)
    return np.asarray((places >= start) & (places < start + width))
