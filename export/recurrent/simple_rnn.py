"""SimpleRNN weights in ONNX layout (Elman 1990)."""

from __future__ import annotations

from typing import Any

import numpy as np

from export.recurrent.activation import onnx_activation
from export.recurrent.gates import bias_of
from export.recurrent.native import NativeCell


def simple_rnn_cell(cell: Any) -> NativeCell | None:
    """Reads a built ``keras.layers.SimpleRNNCell``.

    Returns:
        None where ONNX's operator lacks its activation.
    """
    activation = onnx_activation(cell.activation)
    if activation is None:
        return None
    units = int(cell.units)
    bias = bias_of(cell, (units,))
    return NativeCell(
        op="RNN",
        units=units,
        states=1,
        kernel=np.asarray(cell.kernel).T,
        recurrent_kernel=np.asarray(cell.recurrent_kernel).T,
        bias=np.concatenate([bias, np.zeros_like(bias)]),
        activations=(activation,),
    )
