"""GRU weights in ONNX layout, with the reset gate before or after the matrix product.

Cho et al. 2014 (``reset_after=False``) and the form of cuDNN (``reset_after=True``).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from export.recurrent.activation import onnx_activation
from export.recurrent.gates import bias_of
from export.recurrent.native import NativeCell


def gru_cell(cell: Any) -> NativeCell | None:
    """Reads a built ``keras.layers.GRUCell``; Keras and ONNX both pack the gates z, r, h.

    Returns:
        None where ONNX's operator lacks one of its activations.
    """
    gate = onnx_activation(cell.recurrent_activation)
    output = onnx_activation(cell.activation)
    if gate is None or output is None:
        return None
    units = int(cell.units)
    if cell.reset_after:
        bias = bias_of(cell, (2, 3 * units)).reshape(-1)
    else:
        bias = np.concatenate([bias_of(cell, (3 * units,)), np.zeros(3 * units, np.float32)])
    return NativeCell(
        op="GRU",
        units=units,
        states=1,
        kernel=np.asarray(cell.kernel).T,
        recurrent_kernel=np.asarray(cell.recurrent_kernel).T,
        bias=bias,
        activations=(gate, output),
        attributes={"linear_before_reset": int(cell.reset_after)},
    )
