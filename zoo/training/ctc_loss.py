"""Connectionist temporal classification (Graves et al. 2006) with a blank of two kinds."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class CtcLoss(keras.losses.Loss):  # type: ignore[misc]
    """The likelihood of the words, and of silence and speech where they are known.

    Where no word is told there is a blank, which is either of the first two classes: nobody speaks,
    or somebody speaks. For CTC both are one; the frames tell them apart, which is what the times
    of words are read from.

    A target is int (batch, longest + time): the numbers of the words from 1 on, 0 after the last,
    then a code for each frame: 0 for silence, 1 for speech, and 2 more where a word may be told.
    Elsewhere a frame is asked to be a blank, so that words are told soon after they end.

    Args:
        longest: Most words of a string.
        weight: What the frames count beside the words.
    """

    def __init__(self, longest: int, weight: float) -> None:
        super().__init__(name="ctc")
        self.longest = longest
        self.weight = weight

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each string, float (batch,); logits are (batch, time, 2 + words)."""
        target = ops.cast(y_true, "int32")
        words, codes = target[:, : self.longest], target[:, self.longest :]
        blank = ops.logsumexp(y_pred[..., :2], axis=-1, keepdims=True)
        logits = ops.concatenate([blank, y_pred[..., 2:]], axis=-1)
        counts = ops.sum(ops.cast(words > 0, "int32"), axis=-1)
        times = ops.full_like(counts, ops.shape(y_pred)[1])
        said = ops.ctc_loss(words, logits, counts, times)
        said = said / ops.maximum(ops.cast(counts, said.dtype), 1.0)
        speech = ops.cast(codes % 2, y_pred.dtype)
        chosen = y_pred[..., 0] * (1 - speech) + y_pred[..., 1] * speech
        whole = ops.logsumexp(y_pred, axis=-1)
        frames = ops.where(codes < 2, whole, blank[..., 0]) - chosen
        return said + self.weight * ops.mean(frames, axis=-1)
