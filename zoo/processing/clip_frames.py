"""Log-mel frames of clips of one word: without the silence around it, and brought to a length."""

from __future__ import annotations

import numpy as np

from zoo.processing.audio import LogMel

_BELOW = 35.0  # dB under the loudest frame of a clip, from which on its ends are silence


def trimmed(waveform: np.ndarray, config: LogMel) -> np.ndarray:
    """Log-mel frames of a clip without the silence at its ends, float32 (time, mels).

    Args:
        waveform: Float (samples,).
        config: How it becomes frames.
    """
    features = config(waveform)
    level = 10 * np.log10(np.power(10.0, features).mean(axis=1))
    loud = np.flatnonzero(level > level.max() - _BELOW)
    return features[loud[0] : loud[-1] + 1]


def even(frames: int) -> np.ndarray:
    """The share that is over at the middle of each of so many frames, (frames,)."""
    return (np.arange(frames) + 0.5) / frames


def resampled(clip: np.ndarray, shares: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """A clip read at other shares of its word than those of its frames, float32 (steps, features).

    Args:
        clip: Float (time, features).
        shares: Of its frames (time,), rising.
        wanted: Those to read at (steps,).
    """
    places = np.interp(wanted, shares, np.arange(len(clip)))
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, len(clip) - 1)
    share = (places - low)[:, None].astype(np.float32)
    return np.asarray(clip[low] * (1 - share) + clip[high] * share, np.float32)


def stretched(clip: np.ndarray, steps: int) -> np.ndarray:
    """A clip (time, features) brought to so many steps by linear interpolation in time."""
    return resampled(clip, even(len(clip)), even(steps))
