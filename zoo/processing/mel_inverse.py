"""Log-mel spectrograms back to the magnitudes that they were made of."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from zoo.processing.audio import LogMel, filterbank

_ROUNDS = 8  # after which rounds change little
_TINY = 1e-12


class MelInverse:
    """Magnitudes, zero or more, whose mel powers are near those given.

    It starts from the pseudo-inverse of the filterbank, and then takes a few multiplicative steps
    (Lee and Seung 2001), which keep all powers above zero.

    Args:
        config: How the log-mel spectrogram was made.
    """

    def __init__(self, config: LogMel) -> None:
        self.config = config

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Magnitudes of windowed frames, float32 (time, fft_length / 2 + 1).

        Args:
            features: log10 of mel powers over their floor, float (time, mels).
        """
        config, (bank, inverse) = self.config, self._matrices
        loud = np.power(10.0, np.minimum(features, 8.0, dtype=np.float64))
        bands = np.maximum(loud - config.floor, 0)
        powers = np.maximum(bands @ inverse, _TINY)
        aimed = bands @ bank
        for _ in range(_ROUNDS):
            powers *= aimed / np.maximum(powers @ bank.T @ bank, _TINY)
        return np.asarray(np.sqrt(powers * config.frame_length), np.float32)

    @cached_property
    def _matrices(self) -> tuple[np.ndarray, np.ndarray]:
        bank = filterbank(self.config).astype(np.float64)
        return bank, np.linalg.pinv(bank).T
