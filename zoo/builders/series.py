"""Forecasters of regularly spaced series."""

from __future__ import annotations

import keras

from zoo.builders._cells import STATES, recurrent_layer
from zoo.builders._stacked import stacked
from zoo.errors import RecipeError
from zoo.layers.segments import JoinSegments, RepeatState, SegmentQueries, SplitSegments


def segrnn(
    cell: str = "gru",
    units: int = 128,
    look_back: int = 96,
    horizon: int = 96,
    segment: int = 24,
    channels: int = 1,
    quantiles: int = 0,
    dropout: float = 0.5,
) -> keras.Model:
    """A SegRNN: segments of the look-back are the time steps, segments ahead the answers.

    Lin et al. 2023, arXiv 2308.11200. The last value of each channel is subtracted and added
    again; every segment is projected (Dense, ReLU) and read by one recurrent layer; from its final
    state the same layer takes one step for each segment ahead, in parallel, asked for by a learned
    embedding of position and channel. All channels share the weights. The first steps of a long
    forecast do not depend on `horizon`, so one model serves all shorter horizons as prefixes.

    Args:
        cell: "rnn", "lstm" or "gru".
        units: width of projection and recurrent state.
        look_back: time steps read; a multiple of `segment`.
        horizon: time steps forecast.
        segment: time steps in a segment.
        channels: series forecast together.
        quantiles: forecasts per step; 0 gives one value without a quantile axis.
        dropout: share of the decoder's outputs dropped while training.

    Returns:
        Model from `history`, float32 (batch, look_back, channels), standardised, to `forecast`,
        float32 (batch, horizon, channels) or (batch, horizon, channels, quantiles).

    Raises:
        RecipeError: a cell that is not known, or a look-back that segments do not fill.
    """
    if segment < 1 or look_back < segment or look_back % segment:
        raise RecipeError(
            f"Received look_back={look_back} and segment={segment}; "
            "use a look_back that is a multiple of segment."
        )
    ahead = -(-horizon // segment)
    history = keras.Input((look_back, channels), dtype="float32", name="history")
    pieces = SplitSegments(segment, name="segments")(history)
    pieces = keras.layers.Dense(units, activation="relu", name="segment_projection")(pieces)
    # A few steps only: unrolled they are plain matrix products on every backend, no loop.
    recurrent = recurrent_layer(cell, units, return_state=True, unroll=True, name=cell)
    _, *states = recurrent(pieces)
    states = [
        RepeatState(ahead, name=f"state_{name}")(state)
        for name, state in zip(STATES[cell], states, strict=True)
    ]
    queries = SegmentQueries(ahead, channels, name="queries")(states[0])
    decoded, *_ = recurrent(queries, initial_state=states)
    decoded = keras.layers.Dropout(dropout, name="dropout")(decoded)
    decoded = keras.layers.Dense(segment * max(quantiles, 1), name="segment_forecast")(decoded)
    forecast = JoinSegments(horizon, segment, quantiles, name="forecast")([decoded, history])
    return keras.Model(history, forecast, name="segrnn")


def causal(
    features: int,
    outputs: int,
    cell: str = "gru",
    units: int = 64,
    layers: int = 1,
    dropout: float = 0.0,
    streaming: bool = False,
) -> keras.Model:
    """Rows in, an answer to each from it and those before: recurrent layers and a dense layer.

    The whole form takes `features` float32 (batch, time, features), starts from zero states and
    gives `logits` float32 (batch, time, outputs). The streaming form also takes the states
    `state_{layer}_{h|c}` float32 (batch, units) and gives a dict of `logits` and
    `next_state_{layer}_{h|c}`. Both have the same layer names and weights.

    Source: Elman 1990; gradient-based policies with memory after Wierstra et al. 2010.

    Args:
        features: Size of a row.
        outputs: Size of an answer.
        cell: "rnn", "lstm" or "gru".
        units: Size of each layer's state.
        layers: Number of recurrent layers.
        dropout: Rate after each recurrent layer, while training.
        streaming: Whether states are inputs and outputs.

    Raises:
        RecipeError: The cell is unknown.
    """
    rows = keras.Input((None, features), dtype="float32", name="features")
    x, states, following = stacked(rows, cell, units, layers, dropout, 0.0, streaming)
    logits = keras.layers.Dense(outputs, name="logits")(x)
    if streaming:
        inputs, answers = {"features": rows, **states}, {"logits": logits, **following}
        return keras.Model(inputs, answers, name="causal_streaming")
    return keras.Model(rows, logits, name="causal")
