"""Distributions as layers: quantiles that spread with the time ahead."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import keras
import numpy as np
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="rnn_zoo")
class GrowingQuantiles(keras.layers.Layer):
    """Quantiles of sums of 1, 2, … steps: a learned shape, times a stretch, times root of steps.

    (batch, horizon), logarithms of the stretch -> (batch, horizon, levels). The shape is one
    weight a horizon and level; it begins as that of the normal distribution.

    Args:
        levels: Of the quantiles, in (0, 1).
    """

    def __init__(self, levels: tuple[float, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.levels = tuple(levels)

    def build(self, stretch_shape: Shape) -> None:
        horizon = int(stretch_shape[-1] or 0)
        normal = np.array([NormalDist().inv_cdf(level) for level in self.levels], "float32")
        self.shape_weights = self.add_weight(
            name="shape",
            shape=(horizon, len(self.levels)),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(
                np.broadcast_to(normal, shape).copy(), dtype
            ),
        )
        self._growth = np.sqrt(np.arange(1, horizon + 1, dtype="float32"))[:, None]

    def call(self, stretch: Any) -> Any:
        shapes = self.shape_weights * ops.convert_to_tensor(self._growth)
        return ops.expand_dims(ops.exp(stretch), -1) * shapes

    def compute_output_shape(self, stretch_shape: Shape) -> Shape:
        return (*stretch_shape, len(self.levels))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels}
