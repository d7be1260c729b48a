"""LSTM weights in ONNX layout (Hochreiter and Schmidhuber 1997, with forget gate)."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.recurrent.activation import onnx_activation
from export.recurrent.gates import bias_of, reorder
from export.recurrent.native import NativeCell

# Keras packs the gates input, forget, cell, output; ONNX input, output, forget, cell.
_ORDER = (0, 3, 1, 2)


def lstm_cell(cell: Any) -> NativeCell | None:
    """Reads a built ``keras.layers.LSTMCell``.

    Returns:
        None where ONNX's operator lacks one of its activations.
    """
    units = int(cell.units)
    bias = reorder(bias_of(cell, (4 * units,)), _ORDER, units)
    gate = onnx_activation(cell.recurrent_activation)
    output = onnx_activation(cell.activation)
    if gate is None or output is None:
        return None
    return NativeCell(
        op="LSTM",
        units=units,
        states=2,
        kernel=reorder(np.asarray(cell.kernel), _ORDER, units).T,
        recurrent_kernel=reorder(np.asarray(cell.recurrent_kernel), _ORDER, units).T,
        bias=np.concatenate([bias, np.zeros_like(bias)]),
        activations=(gate, output, output),
    )
