"""A policy without a state, learned from the same teacher: the rival of one that remembers."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.errors import MissingExtraError

_UNITS, _EPOCHS, _RATE = 64, 10, 1e-3
_EVERY = 5  # step is learned; neighbours are much alike


class StackedFrames:
    """A hidden layer of 64 tanh units that sees the last observations, one or more.

    Before there are so many, the first stands for those before it (Mnih et al. 2013, arXiv
    1312.5602). It learns by Adam, with seed 0.

    Args:
        features: Standardised observations to learn from, float32 (episodes, time, features).
        actions: What the teacher did, int (episodes, time).
        returns: Steps of each episode that are real, int (episodes,).
        frames: How many observations it sees.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """

    def __init__(
        self, features: np.ndarray, actions: np.ndarray, returns: np.ndarray, frames: int
    ) -> None:
        self._frames = frames
        self._seen: list[np.ndarray] = []
        steps = np.arange(features.shape[1])
        earlier = [np.maximum(steps - back, 0) for back in range(frames)]
        stacked = np.concatenate([features[:, places] for places in earlier], axis=-1)
        real = (steps < returns[:, None]) & (steps % _EVERY == 0)
        self._network = _network()
        for _ in range(_EPOCHS):
            self._network.partial_fit(stacked[real], actions[real], classes=[0, 1])

    def act(self, features: np.ndarray) -> np.ndarray:
        """The actions now, int (episodes,), from standardised observations of all episodes."""
        self._seen = [features, *(self._seen or [features] * (self._frames - 1))][: self._frames]
        return np.asarray(self._network.predict(np.concatenate(self._seen, axis=-1)))


def _network() -> Any:
    try:
        from sklearn.neural_network import MLPClassifier
    except ImportError:
        raise MissingExtraError("baselines", "Learning a policy without memory") from None
    return MLPClassifier((_UNITS,), "tanh", learning_rate_init=_RATE, random_state=0)
