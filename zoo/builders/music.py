"""Models that read music."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from zoo.builders._stacked import stacked
from zoo.errors import RecipeError
from zoo.layers.echoes import Echoes


def next_frame(
    keys: int = 88,
    cell: str = "lstm",
    units: int = 200,
    layers: int = 1,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    echoes: Sequence[int] = (),
    streaming: bool = False,
) -> keras.Model:
    """Which keys sound next, each on its own: recurrent layers over a piano roll, a dense layer.

    The whole form takes `roll` float32 (batch, time, keys), starts from zero states and gives
    `logits` float32 (batch, time, keys). The streaming form also takes the states
    `state_{layer}_{h|c}` float32 (batch, units) and gives a dict of `logits` and
    `next_state_{layer}_{h|c}`; with echoes also `state_past` float32 (batch, longest * keys), the
    frames before these, and `next_state_past`. Both have the same layer names and weights.

    Source: Boulanger-Lewandowski et al. 2012 (arXiv 1206.6392), the RNN of its section 5.

    Args:
        keys: Number of keys.
        cell: "rnn", "lstm" or "gru".
        units: Size of each layer's state.
        layers: Number of recurrent layers.
        dropout: Rate after each recurrent layer, while training.
        input_dropout: Rate on the roll, while training.
        recurrent_dropout: Rate on the state between steps, one mask a sequence, while training.
        echoes: Lags in frames; beside each frame stands what followed so long ago, since tunes
            repeat their parts. See `Echoes`.
        streaming: Whether states are inputs and outputs.

    Raises:
        RecipeError: The cell is unknown, or a lag is below 1.
    """
    if any(lag < 1 for lag in echoes):
        raise RecipeError(f"Received echoes={list(echoes)}; use lags of 1 frame or more.")
    roll = keras.Input((None, keys), dtype="float32", name="roll")
    x, inputs, outputs = _with_echoes(roll, echoes, streaming)
    x = keras.layers.Dropout(input_dropout, name="input_dropout")(x)
    x, states, following = stacked(x, cell, units, layers, dropout, recurrent_dropout, streaming)
    logits = keras.layers.Dense(keys, name="logits")(x)
    if streaming:
        inputs, outputs = inputs | states, {"logits": logits, **outputs, **following}
        return keras.Model({"roll": roll, **inputs}, outputs, name="next_frame_streaming")
    return keras.Model(roll, logits, name="next_frame")


def _with_echoes(
    roll: Any, lags: Sequence[int], streaming: bool
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """The frames with their echoes, and streaming the past as a state input and output."""
    if not lags:
        return roll, {}, {}
    layer, keys = Echoes(lags, name="echoes"), roll.shape[-1]
    if not streaming:
        return layer(roll), {}, {}
    past = keras.Input((layer.longest * keys,), name="state_past")
    shaped = keras.layers.Reshape((layer.longest, keys), name="past")(past)
    beside, following = layer(roll, shaped)
    flat = keras.layers.Reshape((layer.longest * keys,), name="next_past")(following)
    return beside, {"state_past": past}, {"next_state_past": flat}
