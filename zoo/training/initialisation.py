"""What the recurrent weights of a model start from, as its recipe says, whatever built it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from zoo.errors import RecipeError
from zoo.model_card import Initial

_FORGET = {"LSTMCell": 1, "GRUCell": 0}  # place of the gate that keeps the state
_INPUT = {"LSTMCell": 0}  # of the gate that is its counterpart; a GRU has one gate for both
_KINDS = ("orthogonal", "glorot_uniform", "identity")


def recurrent_layers(model: keras.Model) -> Iterator[keras.layers.RNN]:
    """All layers of a model that have a recurrent cell, also those inside another layer."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.Bidirectional):
            yield from (layer.forward_layer, layer.backward_layer)
        elif isinstance(layer, keras.layers.RNN):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from recurrent_layers(layer)


def initialise(model: keras.Model, initial: Initial, seed: int) -> None:
    """Gives the recurrent layers of an untrained model the start that a recipe asks for.

    Without anything asked for, all stays as Keras drew it: gates together orthogonal, the forget
    gate of an LSTM at 1 (Gers et al. 2000, Jozefowicz et al. 2015).

    Args:
        model: With SimpleRNN, LSTM or GRU layers.
        initial: `recurrent` draws each gate's matrix anew: orthogonal (Saxe et al. 2014, arXiv
            1312.6120), identity (Le et al. 2015, arXiv 1504.00941) or glorot_uniform.
            `forget_bias` is that of an LSTM. `chrono`, the longest dependency in steps, spreads
            the time that each unit of an LSTM or GRU remembers between 1 step and it (Tallec and
            Ollivier 2018, arXiv 1804.11188); it replaces the forget bias.
        seed: Of what is drawn.

    Raises:
        RecipeError: The kind is unknown, or the model's cells have no such gates.
    """
    if initial == Initial():
        return
    if initial.recurrent and initial.recurrent not in _KINDS:
        raise RecipeError(
            f"Received the initialisation {initial.recurrent!r}; use one of {', '.join(_KINDS)}."
        )
    if initial.chrono and initial.chrono < 3:
        raise RecipeError(f"Received chrono={initial.chrono}; use 3 steps or more, or 0 for none.")
    layers = list(recurrent_layers(model))
    if not layers:
        raise RecipeError("Received [training.initial] for a model without recurrent layers.")
    for place, layer in enumerate(layers):
        rng = np.random.default_rng([seed, place])
        if initial.recurrent:
            _draw_gates(layer.cell, initial.recurrent, rng)
        _set_bias(layer.cell, initial, rng)


def _draw_gates(cell: Any, kind: str, rng: np.random.Generator) -> None:
    """Draws the square matrix of each gate for itself."""
    gates = cell.recurrent_kernel.shape[1] // cell.units
    blocks = [_square(kind, cell.units, rng) for _ in range(gates)]
    cell.recurrent_kernel.assign(np.concatenate(blocks, axis=1).astype(np.float32))


def _square(kind: str, units: int, rng: np.random.Generator) -> np.ndarray:
    if kind == "identity":
        return np.eye(units)
    if kind == "glorot_uniform":
        limit = np.sqrt(3 / units)
        return rng.uniform(-limit, limit, (units, units))
    turned, upper = np.linalg.qr(rng.normal(size=(units, units)))
    return np.asarray(turned * np.sign(np.diag(upper)))


def _set_bias(cell: Any, initial: Initial, rng: np.random.Generator) -> None:
    """Sets the bias of the gate that keeps the state, and for chrono that of its counterpart."""
    kind, units = type(cell).__name__, cell.units
    if initial.chrono and kind not in _FORGET:
        raise RecipeError(f"Received chrono={initial.chrono} for a {kind}, which has no gates.")
    bias = np.array(cell.bias.numpy()) if cell.use_bias else None
    if bias is None or kind not in _FORGET:
        return
    row = bias if bias.ndim == 1 else bias[0]  # a GRU has one for its input, one for its state
    kept = slice(_FORGET[kind] * units, (_FORGET[kind] + 1) * units)
    if initial.chrono:
        row[kept] = np.log(rng.uniform(1, initial.chrono - 1, units))
        if kind in _INPUT:
            row[_INPUT[kind] * units : (_INPUT[kind] + 1) * units] = -row[kept]
    elif kind == "LSTMCell":
        row[kept] = initial.forget_bias
    cell.bias.assign(bias)
