"""One table of vectors for the symbols that a network reads and for those that it writes."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="rnn_zoo")
class TiedEmbedding(keras.layers.Embedding):  # type: ignore[misc]
    """An embedding that also gives logits: products of features with the symbols' vectors.

    Called on codes, int (batch, time), it returns their vectors (batch, time, size); with
    `reverse=True` on features (batch, time, size), logits (batch, time, symbols), a bias added.

    Source: Press and Wolf 2017 (arXiv 1608.05859).

    Args:
        symbols: Number of codes.
        size: Size of a vector.
    """

    def __init__(self, symbols: int, size: int, **kwargs: Any) -> None:
        kwargs.setdefault(
            "embeddings_initializer", keras.initializers.RandomNormal(stddev=size**-0.5)
        )
        super().__init__(symbols, size, **kwargs)

    def build(self, input_shape: Any = None) -> None:
        """Makes the table and the bias of the logits."""
        super().build(input_shape)
        self.bias = self.add_weight(name="bias", shape=(self.input_dim,), initializer="zeros")

    def call(self, inputs: Any, reverse: bool = False) -> Any:
        """Vectors of codes, or logits of features."""
        if not reverse:
            return super().call(inputs)
        return ops.matmul(inputs, ops.transpose(self.embeddings)) + self.bias

    def compute_output_spec(self, inputs: Any, reverse: bool = False) -> keras.KerasTensor:
        """A tensor (batch, time, size), or (batch, time, symbols)."""
        if not reverse:
            return super().compute_output_spec(inputs)
        return keras.KerasTensor((*inputs.shape[:-1], self.input_dim), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config: dict[str, Any] = super().get_config()
        config["symbols"], config["size"] = config.pop("input_dim"), config.pop("output_dim")
        return config
