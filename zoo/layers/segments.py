"""Segments of a series as time steps of a recurrent layer: the tensor moves of SegRNN.

Source: Lin et al. 2023, "SegRNN: Segment Recurrent Neural Network for Long-Term Time Series
Forecasting", arXiv 2308.11200. Channels and forecast segments are folded into the batch axis, so
every channel is forecast by the same weights and all segments are decoded in one recurrent step.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="rnn_zoo")
class SplitSegments(keras.layers.Layer):
    """Subtracts each channel's last value and cuts the look-back into segments.

    (batch, look_back, channels) -> (batch * channels, look_back / segment, segment).
    """

    def __init__(self, segment: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.segment = segment

    def call(self, history: Any) -> Any:
        channels_first = ops.transpose(history - history[:, -1:, :], (0, 2, 1))
        return ops.reshape(channels_first, (-1, history.shape[1] // self.segment, self.segment))

    def compute_output_shape(self, history_shape: Shape) -> Shape:
        return (None, (history_shape[1] or 0) // self.segment, self.segment)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "segment": self.segment}


@keras.saving.register_keras_serializable(package="rnn_zoo")
class RepeatState(keras.layers.Layer):
    """Hands one encoder state to every forecast segment.

    (batch * channels, units) -> (batch * channels * segments, units).
    """

    def __init__(self, segments: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.segments = segments

    def call(self, state: Any) -> Any:
        units = state.shape[-1]
        repeated = ops.tile(ops.reshape(state, (-1, 1, units)), (1, self.segments, 1))
        return ops.reshape(repeated, (-1, units))

    def compute_output_shape(self, state_shape: Shape) -> Shape:
        return (None, state_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "segments": self.segments}


@keras.saving.register_keras_serializable(package="rnn_zoo")
class SegmentQueries(keras.layers.Layer):
    """Asks for each forecast segment of each channel: learned position and channel embeddings.

    (batch * channels * segments, units), read for its batch size only ->
    (batch * channels * segments, 1, units). Half of the units say which segment, half which
    channel (section 3.3 of the paper); a single channel leaves all of them to the position.
    """

    def __init__(self, segments: int, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.segments, self.channels = segments, channels

    def build(self, state_shape: Shape) -> None:
        units = int(state_shape[-1] or 0)
        for_channel = units // 2 if self.channels > 1 else 0
        self.position = self._embedding("position", self.segments, units - for_channel)
        self.channel = (
            self._embedding("channel", self.channels, for_channel) if for_channel else None
        )

    def _embedding(self, name: str, count: int, width: int) -> Any:
        normal = keras.initializers.RandomNormal(stddev=1.0)
        return self.add_weight(name=name, shape=(count, width), initializer=normal)

    def call(self, state: Any) -> Any:
        units = state.shape[-1]
        none = ops.zeros_like(ops.reshape(state, (-1, self.channels, self.segments, units)))
        if self.channel is None:
            queries = none + self.position
        else:
            # Spread by sums with what depends on the batch: a file holds no copies of the weights.
            split = self.position.shape[-1]
            of_channel = ops.expand_dims(self.channel, 1)
            queries = ops.concatenate(
                [none[..., :split] + self.position, none[..., split:] + of_channel], axis=-1
            )
        return ops.reshape(queries, (-1, 1, units))

    def compute_output_shape(self, state_shape: Shape) -> Shape:
        return (None, 1, state_shape[-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "segments": self.segments, "channels": self.channels}


@keras.saving.register_keras_serializable(package="rnn_zoo")
class JoinSegments(keras.layers.Layer):
    """Puts forecast segments back in time order and adds the last value again.

    Called on a list of (batch * channels * segments, segment * quantiles) and the history, (batch,
    look_back, channels) -> (batch, horizon, channels), and quantiles last where there are any.
    """

    def __init__(self, horizon: int, segment: int, quantiles: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.horizon, self.segment, self.quantiles = horizon, segment, quantiles

    def call(self, inputs: list[Any]) -> Any:
        pieces, history = inputs
        channels = history.shape[-1]
        steps = -(-self.horizon // self.segment) * self.segment
        ahead = ops.reshape(pieces, (-1, channels, steps, max(self.quantiles, 1)))
        ahead = ops.transpose(ahead, (0, 2, 1, 3))[:, : self.horizon]
        forecast = ahead + ops.expand_dims(history[:, -1:, :], -1)
        return forecast if self.quantiles else ops.squeeze(forecast, axis=-1)

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        shape = (input_shape[1][0], self.horizon, input_shape[1][-1])
        return (*shape, self.quantiles) if self.quantiles else shape

    def get_config(self) -> dict[str, Any]:
        config = {"horizon": self.horizon, "segment": self.segment, "quantiles": self.quantiles}
        return {**super().get_config(), **config}
