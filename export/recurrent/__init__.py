"""How a Keras recurrent layer becomes ONNX nodes; one form a file."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from export.recurrent.bidirectional import write_bidirectional
from export.recurrent.branches import write_branches
from export.recurrent.call import Call
from export.recurrent.forms import NEVER, Forms
from export.recurrent.layer import cells_of, is_known, state_sizes, write_native, write_scan
from export.recurrent.step import output_dims, trace_step
from export.recurrent.writer import Writer

__all__ = [
    "NEVER",
    "Call",
    "Forms",
    "Writer",
    "cells_of",
    "is_known",
    "output_dims",
    "state_sizes",
    "trace_step",
    "write_recurrent",
]


def write_recurrent(
    writer: Writer, call: Call, inputs: Sequence[str], forms: Forms, opset: int
) -> list[str]:
    """Writes the ONNX nodes of one call of a recurrent layer.

    Args:
        writer: Receives nodes and constants.
        call: What is called.
        inputs: Names of the input ``(batch, time, features)``, the mask ``(batch, time)`` if there
            is one, the initial states.
        forms: Which forms it may take.
        opset: Version of the standard operators.

    Returns:
        Names of the layer's outputs, flat, in Keras' order, the states last.

    Raises:
        ExportError: The cell uses an operator that ONNX does not have.
    """
    x, *states = inputs
    mask = states.pop(0) if call.masked else None
    if isinstance(call.layer, keras.layers.Bidirectional):
        return write_bidirectional(writer, call, x, mask, states)
    scan_from = forms.scan_from(call.layer, call.x[0])
    if scan_from == 1:
        return write_scan(writer, call, x, mask, states, opset)
    if scan_from == NEVER:
        return write_native(writer, call, x, mask, states)
    small, large = Writer(f"{writer.name}/native"), Writer(f"{writer.name}/scan")
    answers = [
        write_native(small, call, x, mask, states),
        write_scan(large, call, x, mask, states, opset),
    ]
    sequences = bool(call.layer.return_sequences)
    return write_branches(writer, x, scan_from, [small, large], answers, sequences)
