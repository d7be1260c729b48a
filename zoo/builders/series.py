"""Networks that look ahead in series: steps, segments, and the very next value."""

from __future__ import annotations

import keras
from keras import ops

from zoo.builders._cells import STATES, recurrent_layer
from zoo.builders._stacked import stacked
from zoo.errors import RecipeError
from zoo.layers.distribution import GrowingQuantiles
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


def seasonal(
    cell: str = "gru",
    units: int = 128,
    look_back: int = 336,
    horizon: int = 48,
    season: int = 24,
    cycle: int = 168,
    quantiles: int = 5,
    dropout: float = 0.1,
) -> keras.Model:
    """Seasons of the look-back are the time steps; answers are what a season or cycle ago was.

    Every season (a day of hours) is projected (Dense, ReLU) and read by one recurrent layer. Its
    final state tells, for each step ahead, how much to trust the same step of the last cycle (a
    week) and how much that of the last season, and what to add to their mixture at each quantile:
    without learning anything it is a seasonal naive forecast.

    Args:
        cell: "rnn", "lstm" or "gru".
        units: width of projection and recurrent state.
        look_back: time steps read; a multiple of `season`, and at least `cycle`.
        horizon: time steps forecast, at most `cycle`.
        season: time steps after which a series may repeat itself.
        cycle: a longer such time.
        quantiles: forecasts per step.
        dropout: share of the final state dropped while training.

    Returns:
        Model from `history`, float32 (batch, look_back), scaled, to `forecast`, float32 (batch,
        horizon, quantiles).

    Raises:
        RecipeError: a cell that is not known, or lengths that do not fit together.
    """
    if season < 1 or look_back % season or not horizon <= cycle <= look_back:
        raise RecipeError(
            f"Received look_back={look_back}, season={season}, cycle={cycle} and "
            f"horizon={horizon}; use a look_back that is a multiple of season and at least cycle, "
            "and a horizon of at most cycle."
        )
    history = keras.Input((look_back,), dtype="float32", name="history")
    pieces = keras.layers.Reshape((look_back // season, season), name="seasons")(history)
    pieces = keras.layers.Dense(units, activation="relu", name="season_projection")(pieces)
    # A few steps only: unrolled they are plain matrix products on every backend, no loop.
    state = recurrent_layer(cell, units, unroll=True, name=cell)(pieces)
    state = keras.layers.Dropout(dropout, name="dropout")(state)
    trust = keras.layers.Dense(horizon, activation="sigmoid", name="trust")(state)
    cycle_ago = history[:, look_back - cycle : look_back - cycle + horizon]
    repeats = -(-horizon // season)
    season_ago = ops.tile(history[:, look_back - season :], (1, repeats))[:, :horizon]
    base = season_ago + trust * (cycle_ago - season_ago)
    added = keras.layers.Dense(horizon * quantiles, name="quantiles")(state)
    added = keras.layers.Reshape((horizon, quantiles), name="added")(added)
    forecast = keras.layers.Add(name="forecast")([added, ops.expand_dims(base, -1)])
    return keras.Model(history, forecast, name="seasonal")


def next_value(
    cell: str = "gru", units: int = 32, layers: int = 1, floor: float = 0.1
) -> keras.Model:
    """A causal network that says at each value of a series where it expects the next one.

    The expectation is a logistic distribution: its location is the value just read plus what the
    network adds, its scale never falls below a floor, so that a series may repeat itself exactly.

    Args:
        cell: "rnn", "lstm" or "gru".
        units: Size of the state.
        layers: Number of recurrent layers.
        floor: Least scale.

    Returns:
        A model of `scaled` float32 (batch, time, 1) with the output `next` float32
        (batch, time, 2): location and scale.

    Raises:
        RecipeError: The cell is unknown.
    """
    scaled = keras.Input((None, 1), dtype="float32", name="scaled")
    x = scaled
    for index in range(1, layers + 1):
        x = recurrent_layer(cell, units, return_sequences=True, name=f"{cell}_{index}")(x)
    added = keras.layers.Dense(1, name="added")(x)
    location = keras.layers.Add(name="location")([scaled, added])
    spread = keras.layers.Dense(1, activation="softplus", name="spread")(x)
    scale = keras.layers.Rescaling(1.0, floor, name="scale")(spread)
    expected = keras.layers.Concatenate(name="next")([location, scale])
    return keras.Model(scaled, {"next": expected}, name="next_value")


def return_quantiles(
    cell: str = "gru",
    units: int = 16,
    look_back: int = 64,
    horizon: int = 20,
    levels: tuple[float, ...] = (0.1, 0.5, 0.9),
    dropout: float = 0.2,
) -> keras.Model:
    """Quantiles of returns: one shape for all days, stretched by what a recurrent layer read.

    Returns and their sizes are read; the final state tells, for each horizon, by how much the
    volatility ahead differs from that of the window. The shape itself is learned but the same for
    every window, so the model has no opinion on the direction that the day before could change.
    Without learning anything it is a random walk with normal steps of the window's volatility.

    Args:
        cell: "rnn", "lstm" or "gru".
        units: width of the recurrent state.
        look_back: prices read, one more than returns.
        horizon: steps ahead.
        levels: of the quantiles.
        dropout: share of the final state dropped while training.

    Returns:
        Model from `history`, float32 (batch, look_back - 1), returns over volatility, to
        `forecast`, float32 (batch, horizon, levels), cumulated returns over volatility.

    Raises:
        RecipeError: a cell that is not known.
    """
    history = keras.Input((look_back - 1,), dtype="float32", name="history")
    features = ops.stack([history, ops.absolute(history)], axis=-1)
    state = recurrent_layer(cell, units, name=cell)(features)
    state = keras.layers.Dropout(dropout, name="dropout")(state)
    stretch = keras.layers.Dense(horizon, kernel_initializer="zeros", name="stretch")(state)
    forecast = GrowingQuantiles(tuple(levels), name="forecast")(stretch)
    return keras.Model(history, forecast, name="return_quantiles")


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
