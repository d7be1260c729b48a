"""Models that read music."""

from __future__ import annotations

import keras

from zoo.builders._stacked import stacked


def next_frame(
    keys: int = 88,
    cell: str = "lstm",
    units: int = 200,
    layers: int = 1,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    streaming: bool = False,
) -> keras.Model:
    """Which keys sound next, each on its own: recurrent layers over a piano roll, a dense layer.

    The whole form takes `roll` float32 (batch, time, keys), starts from zero states and gives
    `logits` float32 (batch, time, keys). The streaming form also takes the states
    `state_{layer}_{h|c}` float32 (batch, units) and gives a dict of `logits` and
    `next_state_{layer}_{h|c}`. Both have the same layer names and weights.

    Source: Boulanger-Lewandowski et al. 2012 (arXiv 1206.6392), the RNN of its section 5.

    Args:
        keys: Number of keys.
        cell: "rnn", "lstm" or "gru".
        units: Size of each layer's state.
        layers: Number of recurrent layers.
        dropout: Rate after each recurrent layer, while training.
        input_dropout: Rate on the roll, while training.
        recurrent_dropout: Rate on the state between steps, one mask a sequence, while training.
        streaming: Whether states are inputs and outputs.

    Raises:
        RecipeError: The cell is unknown.
    """
    roll = keras.Input((None, keys), dtype="float32", name="roll")
    x = keras.layers.Dropout(input_dropout, name="input_dropout")(roll)
    x, states, following = stacked(x, cell, units, layers, dropout, recurrent_dropout, streaming)
    logits = keras.layers.Dense(keys, name="logits")(x)
    if streaming:
        inputs, outputs = {"roll": roll, **states}, {"logits": logits, **following}
        return keras.Model(inputs, outputs, name="next_frame_streaming")
    return keras.Model(roll, logits, name="next_frame")
