"""Masks from lengths, and zeros where a sequence has ended."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnn_zoo")
class SequenceMask(keras.layers.Layer):  # type: ignore[misc]
    """Says which steps of right-padded sequences are real.

    Called on a list of `features` (batch, time, ...) and `lengths` int (batch,), it returns bool
    (batch, time). Lengths count steps of the input; `features` may have been subsampled since.

    Args:
        stride: How many input steps one step of `features` stands for.
    """

    def __init__(self, stride: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stride = stride

    def call(self, inputs: list[Any]) -> Any:
        """The mask of `[features, lengths]`."""
        features, lengths = inputs
        steps = ops.arange(ops.shape(features)[1], dtype="int32")
        real = (ops.cast(lengths, "int32") + (self.stride - 1)) // self.stride
        return ops.expand_dims(steps, 0) < ops.expand_dims(real, 1)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> Any:
        """(batch, time)."""
        return tuple(input_shape[0][:2])

    def compute_output_spec(self, inputs: list[Any]) -> keras.KerasTensor:
        """A bool tensor (batch, time)."""
        return keras.KerasTensor(self.compute_output_shape([x.shape for x in inputs]), "bool")

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "stride": self.stride}


@keras.saving.register_keras_serializable(package="rnn_zoo")
class ZeroPadded(keras.layers.Layer):  # type: ignore[misc]
    """Sets the steps after a sequence's end to zero.

    A convolution with a bias writes into the padding; without this its successor would read that
    at the last real steps, and answers would depend on the padding. Called on a list of `features`
    (batch, time, ...) and the mask, bool (batch, time).
    """

    def call(self, inputs: list[Any]) -> Any:
        """The features of `[features, mask]`, zero where the mask is false."""
        features, mask = inputs
        for _ in range(len(features.shape) - 2):
            mask = ops.expand_dims(mask, -1)
        return features * ops.cast(mask, features.dtype)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> Any:
        """That of the features."""
        return input_shape[0]
