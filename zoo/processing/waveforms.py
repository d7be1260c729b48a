"""A batch of waveforms to log-mel spectrograms of one length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.processing.audio import LogMel
from zoo.processing.frontend import Arrays, Tensor


@dataclass(frozen=True)
class Waveforms:
    """Spectrograms of waveforms of unequal lengths.

    Args:
        config: How one waveform becomes a spectrogram.
    """

    config: LogMel

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The samples, and how many of them are real."""
        rate = self.config.sampling_rate
        samples = f"samples of one channel in [-1, 1] at {rate} Hz, any values after a row's end"
        return (
            Tensor("waveform", "float32", ("batch", "samples"), samples),
            Tensor("samples", "int32", ("batch",), "how many samples of each row are real, from 1"),
        )

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The spectrograms, and their lengths."""
        shape = ("batch", "time", self.config.mels)
        return (
            Tensor("features", "float32", shape, "log-mel spectrogram, zeros after a row's end"),
            Tensor("lengths", "int32", ("batch",), "how many frames of each row are real"),
        )

    def __call__(self, arrays: Arrays) -> Arrays:
        """`features` float32 (batch, time, mels) and `lengths` int32 (batch,)."""
        pairs = zip(arrays["waveform"], arrays["samples"], strict=True)
        return padded([self.config(row[:count]) for row, count in pairs])


def stacked(waveforms: Sequence[np.ndarray]) -> Arrays:
    """Waveforms (samples,) as `waveform` float32 (batch, samples) and `samples` int32 (batch,)."""
    rows, samples = _filled(waveforms)
    return {"waveform": rows, "samples": samples}


def padded(features: Sequence[np.ndarray]) -> Arrays:
    """Stacks sequences (time, ...) as `features` (batch, time, ...), with their `lengths`.

    Zeros fill the time axis up to the longest; lengths are int32 (batch,).
    """
    rows, lengths = _filled(features)
    return {"features": rows, "lengths": lengths}


def _filled(sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    lengths = np.array([len(sequence) for sequence in sequences], np.int32)
    first = sequences[0]
    rows = np.zeros((len(sequences), int(lengths.max()), *first.shape[1:]), first.dtype)
    for row, sequence in zip(rows, sequences, strict=True):
        row[: len(sequence)] = sequence
    return rows, lengths
