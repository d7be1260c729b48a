"""Times the forms that a recurrent layer can take, in one interleaved run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import onnxruntime as ort

from export.benchmark.turns import in_turn
from export.onnx_model import unproven
from export.recurrent.activation import ACTIVATIONS
from export.recurrent.forms import Forms
from zoo.tasks import Arrays

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


def session(model: bytes) -> Any:
    """A session on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def interleaved(sessions: Sequence[Any], feeds: Sequence[Arrays], seconds: float) -> list[float]:
    """Runs sessions in turn, in changing order.

    Returns:
        For each the time of a run in seconds that one run in five stays below: other work on the
        machine can only make a run longer.
    """
    for one, feed in zip(sessions, feeds, strict=True):
        one.run(None, feed)
    asks = [partial(_timed, *pair) for pair in zip(sessions, feeds, strict=True)]
    return [float(np.quantile(values, 0.2)) for values in in_turn(asks, seconds, least=7)]


def _timed(one: Any, feed: Arrays) -> list[float]:
    start = time.perf_counter()
    one.run(None, feed)
    return [time.perf_counter() - start]
