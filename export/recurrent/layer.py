"""A Keras recurrent layer of one direction: its forms, and its outputs in Keras' order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from export.recurrent.call import Call
from export.recurrent.gru import gru_cell
from export.recurrent.lstm import lstm_cell
from export.recurrent.mask import ValidSteps
from export.recurrent.native import NativeCell, Ran, run_native
from export.recurrent.scan import run_scan, zero_states
from export.recurrent.simple_rnn import simple_rnn_cell
from export.recurrent.step import convert_step, trace_step
from export.recurrent.writer import Writer

_CELLS: dict[type, Callable[[Any], NativeCell | None]] = {
    keras.layers.LSTMCell: lstm_cell,
    keras.layers.GRUCell: gru_cell,
    keras.layers.SimpleRNNCell: simple_rnn_cell,
}
_LAST = np.iinfo(np.int64).min


def cells_of(layer: Any) -> list[Any]:
    """The cells of a recurrent layer of one direction, from the input on."""
    return _flat(layer.cell)


def _flat(cell: Any) -> list[Any]:
    if not isinstance(cell, keras.layers.StackedRNNCells):
        return [cell]
    return [inner for part in cell.cells for inner in _flat(part)]


def is_known(layer: Any) -> bool:
    """Whether all cells are LSTM, GRU or SimpleRNN of Keras: they start from zeros."""
    return all(type(cell) in _CELLS for cell in cells_of(layer))


def native_cells(layer: Any) -> list[NativeCell] | None:
    """The weights in ONNX layout; None where ONNX has no operator for one of the cells."""
    if not is_known(layer) or layer.compute_dtype == "float64":
        return None
    cells = [_CELLS[type(cell)](cell) for cell in cells_of(layer)]
    return None if None in cells else [cell for cell in cells if cell]


def state_sizes(layer: Any) -> list[int]:
    """Sizes of the states of a layer whose cells are known, flat."""
    return [int(size) for size in keras.tree.flatten(layer.cell.state_size)]


def write_native(
    writer: Writer, call: Call, x: str, mask: str | None, states: Sequence[str]
) -> list[str]:
    """Writes a recurrent layer of one direction by ONNX's own operator.

    Args:
        writer: Receives the nodes.
        call: What is called; ``native_cells`` of its layer are there.
        x: Tensor ``(batch, time, features)``.
        mask: Tensor ``(batch, time)``, bool, or None.
        states: The initial states ``(batch, units)``; empty for zeros.

    Returns:
        The layer's outputs, flat: the sequence or the last output, then the states.
    """
    layer = call.layer
    valid = ValidSteps(writer, mask) if mask else None
    stages = [[(cell, bool(layer.go_backwards))] for cell in native_cells(layer) or []]
    (ran,) = run_native(writer, stages, x, valid, states)
    return finish(writer, layer, ran, mask, flip=bool(layer.go_backwards))


def write_scan(
    writer: Writer, call: Call, x: str, mask: str | None, states: Sequence[str], opset: int
) -> list[str]:
    """Writes a recurrent layer of one direction, of whatever cell, by a ``Scan``.

    Arguments and outputs are those of ``write_native``; ``states`` may be empty only where the
    layer ``is_known``.

    Raises:
        ExportError: The cell uses an operator that ONNX does not have.
    """
    layer = call.layer
    shapes = call.states or [(call.x[0], size) for size in state_sizes(layer)]
    function = trace_step(layer, call.x, shapes, call.dtype)
    step = convert_step(function, layer, opset, f"{writer.name}/")
    initial = states or zero_states(writer, x, state_sizes(layer), call.dtype)
    ran = run_scan(
        writer,
        step,
        x,
        mask,
        initial,
        from_zeros=not states,
        backward=bool(layer.go_backwards),
        sequence=bool(layer.return_sequences),
    )
    return finish(writer, layer, ran, mask, flip=bool(layer.go_backwards))


def finish(writer: Writer, layer: Any, ran: Ran, mask: str | None, *, flip: bool) -> list[str]:
    """Turns what one direction answered into the outputs that the layer's options ask for."""
    output = ran.sequence if layer.return_sequences else ran.last
    if mask and layer.zero_output_for_mask:
        valid, rank = mask, ran.rank
        if not layer.return_sequences:
            step = writer.constant(0 if layer.go_backwards else -1, np.int64)
            valid, rank = writer.op("Gather", mask, step, axis=1), ran.rank - 1
        column = writer.op("Unsqueeze", valid, writer.ints(*range(rank - ran.rank + 2, rank)))
        output = writer.op("Where", column, output, writer.constant(0.0, layer.compute_dtype))
    if flip and layer.return_sequences:
        one, last = writer.ints(1), writer.ints(-1)
        output = writer.op("Slice", output, last, writer.ints(_LAST), one, last)
    return [output, *ran.states]
