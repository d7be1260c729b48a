"""A Keras recurrent layer of one direction: which forms exist, and its outputs in Keras' order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from export.recurrent.gru import gru_cell
from export.recurrent.lstm import lstm_cell
from export.recurrent.mask import ValidSteps
from export.recurrent.native import NativeCell, Ran, run_native
from export.recurrent.simple_rnn import simple_rnn_cell
from export.recurrent.writer import Writer
from zoo.errors import ExportError

_CELLS: dict[type, Callable[[Any, str], NativeCell]] = {
    keras.layers.LSTMCell: lstm_cell,
    keras.layers.GRUCell: gru_cell,
    keras.layers.SimpleRNNCell: simple_rnn_cell,
}
_LAYERS = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN, keras.layers.RNN)
_LAST = np.iinfo(np.int64).min


def check_layer(layer: Any) -> None:
    """Checks that a recurrent layer of one direction has an ONNX form.

    Raises:
        ExportError: It has none; the sentence names the layer and the reason.
    """
    reason = _refusal(layer)
    if reason:
        raise ExportError(f"layer {layer.name!r} cannot be exported: {reason}")
    native_cell(layer)


def _refusal(layer: Any) -> str | None:
    kind = type(layer)
    if not any(kind.call is known.call for known in _LAYERS):
        return f"{kind.__name__} overrides `call`; use a layer of Keras as it is"
    if type(layer.cell) not in _CELLS:
        known = ", ".join(cell.__name__ for cell in _CELLS)
        return f"its cell is a {type(layer.cell).__name__}; cells with an ONNX form are {known}"
    if layer.stateful:
        return "it is stateful; pass its state as inputs and outputs (`initial_state`)"
    if layer.compute_dtype != "float32" or layer.variable_dtype != "float32":
        return f"its dtype policy is {layer.dtype_policy.name!r}; load the model as 'float32'"
    return None


def native_cell(layer: Any) -> NativeCell:
    """The weights of a checked layer in ONNX layout.

    Raises:
        ExportError: One of its activations has no ONNX form.
    """
    return _CELLS[type(layer.cell)](layer.cell, layer.name)


def write_layer(
    writer: Writer, layer: Any, x: str, valid: ValidSteps | None, states: Sequence[str]
) -> list[str]:
    """Writes a recurrent layer of one direction.

    Args:
        writer: Receives the nodes.
        layer: A built Keras recurrent layer that ``check_layer`` accepts.
        x: Tensor ``(batch, time, features)``.
        valid: The steps that the mask leaves, or None.
        states: The initial states ``(batch, units)``; empty for zeros.

    Returns:
        The layer's own outputs, flat: the sequence or the last output, then the states if the
        layer returns them.
    """
    backward = bool(layer.go_backwards)
    initial = [list(states)] if states else []
    (ran,) = run_native(writer, [(native_cell(layer), backward)], x, valid, initial)
    return finish(writer, layer, ran, valid, flip=backward)


def finish(
    writer: Writer, layer: Any, ran: Ran, valid: ValidSteps | None, *, flip: bool
) -> list[str]:
    """Turns what one direction answered into the outputs that the layer's options ask for."""
    zeros = valid is not None and bool(layer.zero_output_for_mask)
    if layer.return_sequences:
        output = valid.blank(ran.sequence) if valid and zeros else ran.sequence
        output = reverse_time(writer, output) if flip else output
    else:
        output = ran.last
        if valid and zeros:
            output = valid.blank_unless(output, 0 if layer.go_backwards else -1)
    return [output, *(ran.states if layer.return_state else [])]


def reverse_time(writer: Writer, sequence: str) -> str:
    """Reverses axis 1 of ``(batch, time, units)``."""
    one, last = writer.ints(1), writer.ints(-1)
    return writer.op("Slice", sequence, last, writer.ints(_LAST), one, last)
