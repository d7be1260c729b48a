"""One table of vectors for symbols that come in and symbols that go out."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnn_zoo")
class TiedEmbedding(keras.layers.Embedding):  # type: ignore[misc]
    """An embedding that also turns features into logits, by the transpose of its own table.

    Called on codes, int (batch, time), it gives their vectors, (batch, time, output_dim). Called
    with `reverse=True` on features (batch, time, output_dim), it gives the logits (batch, time,
    input_dim): the product with each vector, and a bias a symbol.

    Source: Press and Wolf 2017 (arXiv 1608.05859).
    """

    def build(self, input_shape: Any = None) -> None:
        """Makes the table and the biases."""
        super().build(input_shape)
        self.bias = self.add_weight(name="bias", shape=(self.input_dim,), initializer="zeros")

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """The vectors of codes, or the logits of features."""
        if not reverse:
            return super().call(inputs)
        return ops.matmul(inputs, ops.transpose(self.embeddings)) + self.bias

    def compute_output_shape(self, input_shape: tuple[int | None, ...], **_: Any) -> Any:
        """(batch, time, output_dim)."""
        return super().compute_output_shape(input_shape)

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> Any:
        """(batch, time, output_dim), or reversed (batch, time, input_dim)."""
        size = self.input_dim if reverse else self.output_dim
        shape = (*inputs.shape[:2], size)
        return keras.KerasTensor(shape, dtype=self.compute_dtype)
