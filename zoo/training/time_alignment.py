"""Clips of one word by one voice, aligned in time, so that their like moments have like places.

Dynamic time warping (Sakoe and Chiba 1978) of each clip to the mean of all, which is then taken
anew. Without it a network that learns from places learns the mean of neighbouring sounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.processing.clip_frames import even, resampled

_ROUNDS = 2
_COSTS = np.array([0.5, 0.0, 0.5, 1.5])  # of 0 to 3 steps of the mean for one frame of a clip
_SMOOTH = np.ones(5) / 5  # frames; paths are stairs


@dataclass(frozen=True)
class TimeAlignment:
    """Where in a word each frame of a clip is.

    Attributes:
        template: The mean of the aligned clips, float (steps, features).
        shares: The share of a word that is over at each step, on the average over clips, (steps,).
    """

    template: np.ndarray
    shares: np.ndarray

    @classmethod
    def fit(cls, clips: Sequence[np.ndarray]) -> TimeAlignment:
        """Aligns clips with each other.

        Args:
            clips: Float (time, features) each, of one word; one or more.
        """
        steps = max(2, round(float(np.mean([len(clip) for clip in clips]))))
        evenly = [even(len(clip)) for clip in clips]
        template = _mean(clips, evenly, even(steps))
        for _ in range(_ROUNDS):
            paths = [(_path(clip, template) + 0.5) / steps for clip in clips]
            template = _mean(clips, paths, even(steps))
        paths = [(_path(clip, template) + 0.5) / steps for clip in clips]
        over = [np.interp(even(steps), *pair) for pair in zip(paths, evenly, strict=True)]
        return cls(template, np.mean(over, axis=0))

    def __call__(self, clip: np.ndarray) -> np.ndarray:
        """The share of the word that is over at each frame of a clip, float (time,), rising."""
        steps = len(self.template)
        places = _path(clip, self.template)
        return np.asarray(np.interp(places, np.arange(steps), self.shares))


def _mean(
    clips: Sequence[np.ndarray], shares: Sequence[np.ndarray], wanted: np.ndarray
) -> np.ndarray:
    rows = [resampled(clip, own, wanted) for clip, own in zip(clips, shares, strict=True)]
    return np.asarray(np.mean(rows, axis=0))


def _path(clip: np.ndarray, template: np.ndarray) -> np.ndarray:
    """The step of the template that each frame of a clip is like, from first to last, smoothed.

    A clip of less than a third of the template's length is laid out evenly.
    """
    frames, steps = len(clip), len(template)
    if (frames - 1) * (len(_COSTS) - 1) < steps - 1:
        return even(frames) * steps - 0.5
    distance = np.sqrt(np.square(clip[:, None] - template[None]).mean(axis=-1))
    cost, came = np.full(steps, np.inf), np.zeros((frames, steps), int)
    cost[0] = distance[0, 0]
    for frame in range(1, frames):
        options = np.full((len(_COSTS), steps), np.inf)
        for jump, price in enumerate(_COSTS):
            options[jump, jump:] = cost[: steps - jump] + price
        came[frame] = options.argmin(axis=0)
        cost = options.min(axis=0) + distance[frame]
    path = np.full(frames, steps - 1)
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = path[frame] - came[frame, path[frame]]
    half = len(_SMOOTH) // 2
    return np.convolve(np.pad(path, half, mode="edge"), _SMOOTH, "valid")
