"""What followed the frames of some time ago, beside each frame: for what repeats exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="rnn_zoo")
class Echoes(keras.layers.Layer):
    """Puts beside the frame at t, for each lag k, the one at t + 1 - k.

    If music repeats after k frames, that is what sounds next. (batch, time, features) ->
    (batch, time, features * (1 + lags)). Frames before the first are zeros, or the `past`, (batch,
    longest lag, features); then also what is the past of the frames that follow is given.

    Args:
        lags: Each at least 1.
    """

    def __init__(self, lags: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lags = tuple(lags)

    @property
    def longest(self) -> int:
        """How many frames back it reaches."""
        return max(self.lags)

    def call(self, frames: Any, past: Any = None) -> Any:
        longest = self.longest
        if past is None:
            known = ops.pad(frames, [[0, 0], [longest, 0], [0, 0]])
        else:
            known = ops.concatenate([past, frames], axis=1)
        echoes = [known[:, longest + 1 - lag : (1 - lag) or None] for lag in self.lags]
        beside = ops.concatenate([frames, *echoes], axis=-1)
        return beside if past is None else (beside, known[:, -longest:])

    def compute_output_shape(self, frames_shape: Shape, past_shape: Shape | None = None) -> Any:
        batch, time, features = frames_shape
        beside = (batch, time, (features or 0) * (1 + len(self.lags)))
        return beside if past_shape is None else (beside, (batch, self.longest, features))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "lags": self.lags}
