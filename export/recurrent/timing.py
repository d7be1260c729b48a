"""Times the forms that a recurrent layer can take, in one interleaved run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from export.onnx_model import unproven
from export.recurrent.activation import ACTIVATIONS
from export.recurrent.forms import Forms
from export.timing import interleaved, session

BATCHES = (1, 4, 8, 16, 32)
UNITS = (16, 64, 128, 256)
STEPS = 100
_ACTIVATIONS = tuple(sorted(ACTIVATIONS))
_LAYERS: dict[str, Callable[..., Any]] = {
    "lstm": keras.layers.LSTM,
    "gru": keras.layers.GRU,
    "gru_reset_before": lambda *a, **k: keras.layers.GRU(*a, reset_after=False, **k),
    "simple_rnn": keras.layers.SimpleRNN,
}


def candidates() -> Iterator[tuple[str, str, str, int]]:
    """Every (cell, role, activation, units) of the table; the other role keeps Keras' default."""
    for kind in _LAYERS:
        roles = ["activation"] if kind == "simple_rnn" else ["activation", "recurrent_activation"]
        for role in roles:
            for name in _ACTIVATIONS:
                for units in UNITS:
                    yield kind, role, name, units


def speedups(kind: str, role: str, activation: str, units: int, seconds: float) -> list[float]:
    """How much faster the ``Scan`` is than ONNX's own operator, for each of ``BATCHES``.

    Args:
        kind: Cell.
        role: "activation" or "recurrent_activation".
        activation: Name of a Keras activation.
        units: Units, and features of the input.
        seconds: Time for each batch size.
    """
    x = keras.Input((None, units), name="x")
    layer = _LAYERS[kind](units, return_sequences=True, **{role: activation})
    model = keras.Model(x, layer(x))
    sessions = [session(unproven(model, Forms(form))) for form in ("native", "scan")]
    draw = np.random.default_rng(0)
    found = []
    for batch in BATCHES:
        feed = {"x": draw.standard_normal((batch, STEPS, units)).astype("float32")}
        native, scan = interleaved(sessions, [feed, feed], seconds)
        found.append(native / scan)
    return found
