"""Log-mel spectrograms back to the magnitudes that they were made of."""

from __future__ import annotations

import numpy as np

from zoo.processing.audio import LogMel, filterbank

_ROUNDS = 16  # after which rounds change little
_LOUDEST = 8.0  # log10 of a power, far above the level
_TINY = 1e-12


class MelInverse:
    """Magnitudes, zero or more, whose mel powers are near those given.

    Multiplicative steps (Lee and Seung 2001) keep all powers above zero; they begin with each bin
    at the mean of its bands.

    Args:
        config: How the log-mel spectrogram was made.
    """

    def __init__(self, config: LogMel) -> None:
        self.config = config
        bank = filterbank(config).astype(np.float64)
        self._to_bands, self._to_bins = _Sparse(bank), _Sparse(bank.T)

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Magnitudes of windowed frames, float32 (time, fft_length / 2 + 1).

        Args:
            features: log10 of mel powers over their floor, float (time, mels).
        """
        loud = np.power(10.0, np.minimum(features, _LOUDEST, dtype=np.float64))
        bands = np.maximum(loud - self.config.floor, 0)
        aimed = self._to_bins(bands)
        powers = aimed / np.maximum(self._to_bins(np.ones_like(bands)), _TINY)
        for _ in range(_ROUNDS):
            powers *= aimed / np.maximum(self._to_bins(self._to_bands(powers)), _TINY)
        return np.asarray(np.sqrt(powers * self.config.frame_length), np.float32)


class _Sparse:
    """A matrix of few numbers; threads of a matrix product would cost more than they bring.

    Args:
        matrix: Float (outputs, inputs).
    """

    def __init__(self, matrix: np.ndarray) -> None:
        most = max(1, int(np.count_nonzero(matrix, axis=1).max()))
        self._places = np.argsort(matrix == 0, axis=1, kind="stable")[:, :most]
        self._weights = np.take_along_axis(matrix, self._places, axis=1)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """The product with each row of float (rows, inputs), (rows, outputs)."""
        total = np.zeros((len(values), len(self._places)))
        for places, weights in zip(self._places.T, self._weights.T, strict=True):
            total += values[:, places] * weights
        return total
