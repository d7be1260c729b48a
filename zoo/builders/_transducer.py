"""The decoder of `text.transducer`; its layers have the same names in every part."""

from __future__ import annotations

from typing import Any

import keras

from zoo.builders._cells import recurrent_layer


def decoded(
    memory: Any,
    previous: Any,
    mask: Any,
    outputs: int,
    cell: str,
    units: int,
    embedding: int,
    dropout: float,
    states: dict[str, Any],
) -> tuple[Any, dict[str, Any]]:
    """The decoder's logits, and its next states where it is given states."""
    told = keras.layers.Embedding(outputs, embedding, name="answer_embedding")(previous)
    x = keras.layers.Concatenate(name="told")([memory, told])
    x = keras.layers.Dropout(dropout, name="dropout_decoder")(x)
    layer = recurrent_layer(
        cell, units, return_sequences=True, return_state=bool(states), name="decoder"
    )
    following: dict[str, Any] = {}
    if states:
        x, *last = layer(x, initial_state=list(states.values()))
        following = {f"next_{name}": value for name, value in zip(states, last, strict=True)}
    else:
        x = layer(x, mask=mask)
    x = keras.layers.Dropout(dropout, name="dropout_logits")(x)
    return keras.layers.Dense(outputs, name="logits")(x), following
