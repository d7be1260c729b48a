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
    """

    def __init__(self, kind: str = "attention", units: int = 32, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if kind not in POOLINGS:
            raise ValueError(f"Received kind={kind!r}; use one of {', '.join(POOLINGS)}.")
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
        """The pooled features."""
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
        return ops.sum(inputs * weights, axis=1) / ops.sum(weights, axis=1)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> None:
        """None: there are no steps left to mask."""

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> Any:
        """(batch, features)."""
        return (input_shape[0], input_shape[-1])

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "kind": self.kind, "units": self.units}


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
