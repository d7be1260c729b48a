"""How one clip differs from others of the same word and voice, in a few numbers."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.processing.clip_frames import stretched

_STEPS = 16  # of a clip brought to one length


@dataclass(frozen=True)
class ClipStyles:
    """Principal components of what is left of clips once the mean of their group is taken out.

    Clips are brought to one length first. A style has mean 0 and deviation 1 over the clips that it
    was found on, so that new ones can be drawn.

    Attributes:
        means: Group -> float32 (steps x features,).
        components: float32 (steps x features, styles), each over its deviation.
    """

    means: Mapping[Hashable, np.ndarray]
    components: np.ndarray

    @classmethod
    def fit(
        cls, clips: Sequence[np.ndarray], groups: Sequence[Hashable], styles: int
    ) -> ClipStyles:
        """Finds the components.

        Args:
            clips: Float (time, features) each.
            groups: That of each clip, hashable.
            styles: How many components.
        """
        rows = np.stack([of_one_length(clip) for clip in clips])
        members: dict[Hashable, list[int]] = {}
        for place, group in enumerate(groups):
            members.setdefault(group, []).append(place)
        means = {group: rows[places].mean(axis=0) for group, places in members.items()}
        rest = rows - np.stack([means[group] for group in groups])
        variances, vectors = np.linalg.eigh(rest.T @ rest / len(rest))
        strongest = np.argsort(variances)[::-1][:styles]
        deviations = np.sqrt(np.maximum(variances[strongest], 1e-6))
        return cls(means, (vectors[:, strongest] / deviations).astype(np.float32))

    def __call__(self, clip: np.ndarray, group: Hashable) -> np.ndarray:
        """The style of a clip (time, features) of a known group, float32 (styles,)."""
        return np.asarray((of_one_length(clip) - self.means[group]) @ self.components, np.float32)


def of_one_length(clip: np.ndarray) -> np.ndarray:
    """A clip (time, features) brought to a fixed number of steps, float32 (steps x features,)."""
    return stretched(clip, _STEPS).ravel()
