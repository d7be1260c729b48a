"""From a sequence to one vector, by weights that the network learns or by plain means."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

POOLINGS = ("attention", "mean", "max")
_FAR_BELOW = -1e9


@keras.saving.register_keras_serializable(package="rnn_zoo")
class SequencePooling(keras.layers.Layer):  # type: ignore[misc]
    """Pools the real steps of features (batch, time, features) to (batch, features).

    "attention" weighs the steps by the softmax of v . tanh(W x + b) (Lin et al. 2017, one hop).
    The time mask ends here: what follows has no time axis.

    Args:
        kind: "attention", "mean" or "max".
        units: Rows of W in "attention".
        return_weights: Whether the layer also returns the weights of the steps, (batch, time),
            zero where the mask is false; "attention" alone has them.
    """

    def __init__(
        self,
        kind: str = "attention",
        units: int = 32,
        return_weights: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if kind not in POOLINGS:
            raise ValueError(f"Received kind={kind!r}; use one of {', '.join(POOLINGS)}.")
        if return_weights and kind != "attention":
            raise ValueError(f"Received kind={kind!r} with return_weights; use attention.")
        self.return_weights = return_weights
        self.supports_masking = True
        self.kind = kind
        self.units = units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights of "attention"."""
        if self.kind == "attention":
            self.kernel = self.add_weight(name="kernel", shape=(input_shape[-1], self.units))
            self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
            self.query = self.add_weight(name="query", shape=(self.units, 1))

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The pooled features, and the weights where they are asked for."""
        real = None if mask is None else ops.expand_dims(mask, -1)
        if self.kind == "max":
            kept = inputs if real is None else ops.where(real, inputs, _FAR_BELOW)
            return ops.max(kept, axis=1)
        if self.kind == "attention":
            hidden = ops.tanh(ops.matmul(inputs, self.kernel) + self.bias)
            scores = ops.matmul(hidden, self.query)
        else:
            scores = ops.zeros_like(inputs[:, :, :1])
        if real is not None:
            scores = ops.where(real, scores, _FAR_BELOW)
        # ops.softmax would warn of sequences of one step.
        weights = ops.exp(scores - ops.max(scores, axis=1, keepdims=True))
        pooled = ops.sum(inputs * weights, axis=1) / ops.sum(weights, axis=1)
        if not self.return_weights:
            return pooled
        return pooled, ops.squeeze(weights / ops.sum(weights, axis=1, keepdims=True), -1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """None: there are no steps left to mask."""
        return (None, None) if self.return_weights else None

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        """(batch, features), and (batch, time) of the weights where they are asked for."""
        pooled = (input_shape[0], input_shape[-1])
        return (pooled, tuple(input_shape[:2])) if self.return_weights else pooled

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"kind": self.kind, "units": self.units, "return_weights": self.return_weights}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="rnn_zoo")
class MaxOverCharacters(keras.layers.Layer):  # type: ignore[misc]
    """The largest value of each channel over the characters of each word.

    Called on a list of `features` (batch, time, width, channels), none below zero, and the codes
    of the characters, int (batch, time, width), 0 where there is none; returns (batch, time,
    channels), zero for a word without characters.
    """

    def call(self, inputs: list[Any]) -> Any:
        """The maxima of `[features, codes]`."""
        features, codes = inputs
        real = ops.cast(ops.expand_dims(ops.not_equal(codes, 0), -1), features.dtype)
        return ops.max(features * real, axis=2)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> Any:
        """(batch, time, channels)."""
        return (*input_shape[0][:2], input_shape[0][-1])
