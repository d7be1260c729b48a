"""Recurrent layers one over the other, whose states may be inputs and outputs."""

from __future__ import annotations

from typing import Any

import keras

from zoo.builders._cells import STATES, recurrent_layer


def stacked(
    x: Any,
    cell: str,
    units: int,
    layers: int,
    dropout: float,
    recurrent_dropout: float,
    streaming: bool,
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Recurrent layers that read forwards, named `recurrent_{layer}`.

    Args:
        x: What the first one reads, (batch, time, features).
        cell: "rnn", "lstm" or "gru".
        units: Of each layer.
        layers: How many.
        dropout: Rate on what each gives.
        recurrent_dropout: Rate on what each remembers.
        streaming: Whether states are inputs and outputs.

    Returns:
        What the last one gives, (batch, time, units); streaming, also the states as inputs
        `state_{layer}_{part}` and those that follow them, `next_state_{layer}_{part}`.
    """
    inputs, outputs = dict[str, Any](), dict[str, Any]()
    for i in range(layers):
        layer = recurrent_layer(
            cell,
            units,
            return_sequences=True,
            return_state=streaming,
            recurrent_dropout=recurrent_dropout,
            name=f"recurrent_{i}",
        )
        if streaming:
            names = [f"state_{i}_{part}" for part in STATES[cell]]
            states = [keras.Input((units,), name=name) for name in names]
            inputs |= dict(zip(names, states, strict=True))
            x, *following = layer(x, initial_state=states)
            outputs |= {f"next_{name}": state for name, state in zip(names, following, strict=True)}
        else:
            x = layer(x)
        x = keras.layers.Dropout(dropout, name=f"dropout_{i}")(x)
    return x, inputs, outputs
