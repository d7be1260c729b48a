"""A waveform for given magnitudes: the fast Griffin-Lim algorithm in numpy.

Griffin and Lim 1984; with momentum, Perraudin, Balazs and Sondergaard 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.audio import hann

_QUIET = 1e-9  # below it a bin has no phase to keep
_FAINT = 1e-3  # of a window's squares, at the very ends of a waveform


@dataclass(frozen=True)
class GriffinLim:
    """Finds a waveform whose short-time spectra have given magnitudes.

    Args:
        frame_length: Samples in a frame under a periodic Hann window.
        hop_length: Samples from frame to frame; at most half a frame.
        fft_length: Samples in the Fourier transform, `frame_length` or more; even.
        iterations: Rounds between waveform and magnitudes.
        momentum: Of the fast form; 0 is the form of 1984.
        seed: Draws the phases of the start. The same seed gives the same waveform.

    Raises:
        RecipeError: The lengths do not fit together, or a number is out of its range.
    """

    frame_length: int
    hop_length: int
    fft_length: int
    iterations: int = 32
    momentum: float = 0.99
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= 2 * self.hop_length <= self.frame_length <= self.fft_length:
            raise RecipeError(
                f"Received {self}; needed is a hop of at most half a frame, and a frame of at most "
                "the transform."
            )
        if self.fft_length % 2 or self.iterations < 0 or not 0 <= self.momentum < 1:
            raise RecipeError(
                f"Received {self}; use an even transform, 0 or more iterations and a momentum from "
                "0 to below 1."
            )

    def __call__(self, magnitudes: np.ndarray) -> np.ndarray:
        """The waveform, float32 (samples,); see `samples`.

        Args:
            magnitudes: Float (time, fft_length / 2 + 1), zero or more.

        Raises:
            InputError: They have another shape, are below zero or not finite.
        """
        wanted = self._checked(magnitudes)
        if not len(wanted):
            return np.zeros(0, np.float32)
        overlap = self._overlap(len(wanted))
        turns = np.random.default_rng(self.seed).random(wanted.shape, np.float32)
        aimed = np.exp(2j * np.pi * turns).astype(np.complex64)
        before = np.zeros_like(aimed)
        for _ in range(self.iterations):
            consistent = self.spectra(self._nearest(_with_magnitudes(aimed, wanted), overlap))
            aimed = consistent + np.float32(self.momentum) * (consistent - before)
            before = consistent
        return self._nearest(_with_magnitudes(aimed, wanted), overlap)

    def samples(self, frames: int) -> int:
        """How many samples so many frames span; none for none."""
        return (frames - 1) * self.hop_length + self.frame_length if frames else 0

    def spectra(self, waveform: np.ndarray) -> np.ndarray:
        """Spectra of the whole frames of float32 (samples,), complex64 (time, bins)."""
        views = np.lib.stride_tricks.sliding_window_view(waveform, self.frame_length)
        return np.asarray(np.fft.rfft(views[:: self.hop_length] * self._window, self.fft_length))

    def waveform(self, spectra: np.ndarray) -> np.ndarray:
        """The waveform float32 (samples,) whose spectra are nearest, in squares, to those given."""
        return self._nearest(spectra, self._overlap(len(spectra)))

    def _nearest(self, spectra: np.ndarray, overlap: np.ndarray) -> np.ndarray:
        frames = np.fft.irfft(spectra, self.fft_length)[:, : self.frame_length] * self._window
        return np.asarray(self._added(frames) / overlap, np.float32)

    def _overlap(self, frames: int) -> np.ndarray:
        """The squares of so many windows added where they overlap, (samples,), above zero."""
        squares = np.broadcast_to(np.square(self._window), (frames, self.frame_length))
        return np.asarray(np.maximum(self._added(squares), np.float32(_FAINT)))

    def _checked(self, magnitudes: np.ndarray) -> np.ndarray:
        found = np.asarray(magnitudes, np.float32)
        bins = self.fft_length // 2 + 1
        if found.ndim != 2 or found.shape[1] != bins:
            raise InputError(f"Received magnitudes {found.shape}; needed is (time, {bins}).")
        if not np.isfinite(found).all() or (found < 0).any():
            raise InputError("Received magnitudes that are below zero or not finite; mend them.")
        return found

    def _added(self, frames: np.ndarray) -> np.ndarray:
        """Frames (time, frame_length) added where they overlap, (samples,)."""
        hop, count = self.hop_length, len(frames)
        parts = -(-self.frame_length // hop)
        padded = np.pad(frames, ((0, 0), (0, parts * hop - self.frame_length)))
        total = np.zeros((count + parts - 1, hop), np.float32)
        for part in range(parts):
            total[part : part + count] += padded[:, part * hop : (part + 1) * hop]
        return total.ravel()[: self.samples(count)]

    @cached_property
    def _window(self) -> np.ndarray:
        return hann(self.frame_length).astype(np.float32)


def _with_magnitudes(spectra: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The spectra's phases with the magnitudes wanted."""
    return np.asarray(spectra * (wanted / np.maximum(np.abs(spectra), _QUIET)), np.complex64)
