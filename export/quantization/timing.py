"""Times integer products against float ones, in one interleaved run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import onnx

from export.onnx_model import unproven
from export.quantization.choice import Choice
from export.quantization.graph import Editor
from export.quantization.int8 import make_int8
from export.recurrent.forms import Forms
from export.timing import interleaved, session

BATCHES = (1, 32)
UNITS = (32, 64, 96, 128, 192, 256, 512)
STEPS = 100
_LAYERS: dict[str, Callable[..., Any]] = {
    "lstm": lambda units: keras.layers.LSTM(units, return_sequences=True),
    "gru": lambda units: keras.layers.GRU(units, return_sequences=True),
    "gru_reset_before": lambda units: keras.layers.GRU(
        units, return_sequences=True, reset_after=False
    ),
    "simple_rnn": lambda units: keras.layers.SimpleRNN(units, return_sequences=True),
    "product": lambda units: keras.layers.Dense(units),
}
KINDS = tuple(_LAYERS)


def speedups(kind: str, units: int, seconds: float) -> list[float]:
    """How much faster the integer form of a layer is, for each of ``BATCHES``.

    Args:
        kind: One of ``KINDS``; a product has one row for each row of the batch.
        units: Units, and features of the input.
        seconds: Time for each batch size.
    """
    steps = () if kind == "product" else (None,)
    x = keras.Input((*steps, units), name="x")
    plain = unproven(keras.Model(x, _LAYERS[kind](units)(x)), Forms())
    editor = Editor(onnx.load_model_from_string(plain))
    make_int8(editor, Choice("integer"))
    sessions = [session(plain), session(editor.model.SerializeToString())]
    draw = np.random.default_rng(0)
    found = []
    for batch in BATCHES:
        shape = (batch, *(STEPS for _ in steps), units)
        feed = {"x": draw.standard_normal(shape).astype("float32")}
        single, integer = interleaved(sessions, [feed, feed], seconds)
        found.append(single / integer)
    return found
