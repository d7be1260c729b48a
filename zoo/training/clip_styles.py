"""How one clip differs from others of the same word and voice, in a few numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.processing.clip_frames import even, resampled

_STEPS = 16  # shares that a clip is read at


@dataclass(frozen=True)
class ClipStyles:
    """Principal components of what is left of clips once the mean of their group is taken out.

    Clips are read at the same shares of their word first. A style has mean 0 and deviation 1 over
    the clips that it was found on, so that new ones can be drawn.

    Attributes:
        means: Group -> float32 (steps x features,).
        components: float32 (steps x features, styles), each over its deviation.
    """

    means: Mapping[Hashable, np.ndarray]
    components: np.ndarray

    @classmethod
    def fit(
        cls,
        clips: Sequence[np.ndarray],
        shares: Sequence[np.ndarray],
        groups: Sequence[Hashable],
        styles: int,
    ) -> ClipStyles:
        """Finds the components.

        Args:
            clips: Float (time, features) each.
            shares: The share of its word that is over at each frame, rising, (time,) each.
            groups: That of each clip, hashable.
            styles: How many components.
        """
        rows = np.stack([_read(*pair) for pair in zip(clips, shares, strict=True)])
        members: dict[Hashable, list[int]] = {}
        for place, group in enumerate(groups):
            members.setdefault(group, []).append(place)
        means = {group: rows[places].mean(axis=0) for group, places in members.items()}
        rest = rows - np.stack([means[group] for group in groups])
        variances, vectors = np.linalg.eigh(rest.T @ rest / len(rest))
        strongest = np.argsort(variances)[::-1][:styles]
        deviations = np.sqrt(np.maximum(variances[strongest], 1e-6))
        return cls(means, (vectors[:, strongest] / deviations).astype(np.float32))

    def __call__(self, clip: np.ndarray, shares: np.ndarray, group: Hashable) -> np.ndarray:
        """The style of a clip (time, features) of a known group, float32 (styles,)."""
        return np.asarray((_read(clip, shares) - self.means[group]) @ self.components, np.float32)


def _read(clip: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """A clip at a fixed number of shares, (steps x features,)."""
    return resampled(clip, shares, even(_STEPS)).ravel()
