"""How well one tag follows another: the weights of a linear-chain conditional random field."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnn_zoo")
class TagTransitions(keras.layers.Layer):  # type: ignore[misc]
    """What each pair of neighbouring tags adds to the score of a path (Lafferty et al. 2001).

    Called on scores of tags (batch, time, tags), it returns the same learned scores for each row:
    float (batch, tags + 1, tags), [before, after]; the last row is for the start of a sentence.

    Args:
        joined: Whether it returns the scores of the tags with those of pairs after them along
            time, (batch, time + tags + 1, tags): what `zoo.training.paths.PathLoss` learns from.
    """

    def __init__(self, joined: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.joined = joined

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights: no pair is better than another at first."""
        tags = int(input_shape[-1] or 0)
        self.scores = self.add_weight(name="scores", shape=(tags + 1, tags), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """The scores of pairs, after those of tags where they are joined."""
        before, after = self.scores.shape
        pairs = ops.broadcast_to(
            ops.expand_dims(self.scores, 0), (ops.shape(inputs)[0], before, after)
        )
        return ops.concatenate([inputs, pairs], axis=1) if self.joined else pairs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: what it returns has no time axis, or is more than a sequence."""
        return None

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        """(batch, tags + 1, tags), or (batch, time + tags + 1, tags)."""
        batch, time, tags = input_shape
        rows = (tags or 0) + 1
        if self.joined:
            return (batch, None if time is None else time + rows, tags)
        return (batch, rows, tags)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "joined": self.joined}
