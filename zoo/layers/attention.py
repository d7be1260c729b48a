"""Attention: queries look a weighted mean up in a memory of any length."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

_FAR_BELOW = -1e9


@keras.saving.register_keras_serializable(package="rnn_zoo")
class MemoryAttention(keras.layers.Layer):  # type: ignore[misc]
    """Scaled dot products of queries with the steps of a memory, and the mean that they weigh.

    Called on a list of `queries` (batch, steps, size), `memory` (batch, time, size) and its mask,
    bool (batch, time), with at least one real step in each row. Returns the contexts (batch, steps,
    size) and the weights (batch, steps, time), which sum to 1 and are exactly 0 where the mask is
    false.

    Source: Luong et al. 2015 (arXiv 1508.04025), "dot"; scaled as by Vaswani et al. 2017 (arXiv
    1706.03762).
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: list[Any], previous_mask: Any = None) -> Any:
        """None: the steps of the queries are all real."""
        return None, None

    def call(self, inputs: list[Any]) -> Any:
        """Contexts and weights of `[queries, memory, mask]`."""
        queries, memory, mask = inputs
        scale = float(memory.shape[-1]) ** -0.5
        scores = ops.matmul(queries * scale, ops.transpose(memory, (0, 2, 1)))
        real = ops.expand_dims(mask, 1)
        scores = ops.where(real, scores, _FAR_BELOW)
        # ops.softmax would warn of memories of one step.
        weights = ops.exp(scores - ops.max(scores, axis=-1, keepdims=True))
        weights = weights * ops.cast(real, weights.dtype)
        weights = weights / ops.sum(weights, axis=-1, keepdims=True)
        return ops.matmul(weights, memory), weights

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> Any:
        """(batch, steps, size) and (batch, steps, time)."""
        queries, memory, _ = input_shape
        return tuple(queries), (*queries[:2], memory[1])
