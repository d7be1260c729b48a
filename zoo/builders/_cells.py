"""The three classic recurrent cells, by name."""

from __future__ import annotations

from typing import Any

import keras

from zoo.errors import RecipeError

_LAYERS = {"rnn": "SimpleRNN", "lstm": "LSTM", "gru": "GRU"}
STATES = {"rnn": ("h",), "lstm": ("h", "c"), "gru": ("h",)}


def recurrent_layer(cell: str, units: int, **options: Any) -> keras.layers.Layer:
    """A Keras recurrent layer of the named cell.

    Args:
        cell: "rnn" (Elman 1990), "lstm" (Hochreiter and Schmidhuber 1997, with forget gate) or
            "gru" (Cho et al. 2014, `reset_after` form).
        units: Size of the state.
        **options: Passed to the layer.

    Raises:
        RecipeError: The cell is none of these.
    """
    if cell not in _LAYERS:
        raise RecipeError(f"Received the cell {cell!r}; use one of {', '.join(_LAYERS)}.")
    layer: keras.layers.Layer = getattr(keras.layers, _LAYERS[cell])(units, **options)
    return layer


def sequence_layer(
    cell: str, units: int, bidirectional: bool, options: dict[str, Any]
) -> keras.layers.Layer:
    """A recurrent layer that gives every step, in one direction or in both."""
    layer = recurrent_layer(cell, units, return_sequences=True, **options)
    if not bidirectional:
        return layer
    return keras.layers.Bidirectional(layer, name=f"bidirectional_{options['name']}")
