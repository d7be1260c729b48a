"""ONNX's GRU and RNN as a ``Scan`` with integer products: onnxruntime has no int8 form of them.

The product with the input stands before the loop, for all steps at once; each step multiplies the
state alone. The equations are those of ONNX's operators, ``sequence_lens`` included: after its last
step a row gives zeros and its state stands still.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import NodeProto, helper

from export.quantization.activations import activations_of, write_activation
from export.quantization.graph import Editor, attribute
from export.quantization.product import finish, write_product
from export.recurrent.activation import Activation
from export.recurrent.writer import Writer

_FLOAT, _BOOL = 1, 9
_GATES = {"GRU": 3, "RNN": 1}


@dataclass(frozen=True)
class Direction:
    """One direction of a GRU or RNN.

    Attributes:
        kernel: float32 ``(features, gates * units)``.
        recurrent: float32 ``(units, gates * units)``; GRU's gates are z, r, h.
        bias: float32 ``(2, gates * units)``, for the input and for the state.
        activations: As ONNX orders them.
        reset_after: Whether a GRU resets after its product with the state.
        backward: Whether it runs from the last step to the first.
    """

    kernel: Any
    recurrent: Any
    bias: Any
    activations: Sequence[Activation]
    reset_after: bool
    backward: bool

    @property
    def units(self) -> int:
        """Width of the state."""
        return int(self.recurrent.shape[0])

    @property
    def is_gru(self) -> bool:
        """Whether it has gates."""
        return bool(self.recurrent.shape[1] != self.units)

    def outer_bias(self) -> Any:
        """The part of the bias that can be added before the loop."""
        total = self.bias.sum(axis=0)
        if self.is_gru and self.reset_after:
            total[2 * self.units :] = self.bias[0, 2 * self.units :]
        return total


def integer_scan(editor: Editor, node: NodeProto) -> Writer | None:
    """The nodes that replace a GRU or RNN; None where its weights or functions do not allow it."""
    directions = _directions(editor, node)
    if directions is None:
        return None
    writer = Writer(node.name)
    x, lengths, initial = (_input(node, place) for place in (0, 4, 5))
    valid = _valid_steps(writer, x, lengths) if lengths else None
    sequences, states = [], []
    for index, direction in enumerate(directions):
        start = _initial(writer, direction, index, x, initial)
        sequence, state = _run(writer, direction, index, x, start, valid)
        sequences.append(writer.op("Unsqueeze", sequence, writer.ints(1)))
        states.append(writer.op("Unsqueeze", state, writer.ints(0)))
    made = [_joined(writer, sequences, axis=1), _joined(writer, states, axis=0)]
    finish(writer, {new: old for new, old in zip(made, node.output, strict=False) if old})
    return writer


def _directions(editor: Editor, node: NodeProto) -> list[Direction] | None:
    kernel, recurrent = (editor.weights(name) for name in node.input[1:3])
    biased = _input(node, 3)
    bias = editor.weights(biased) if biased else None
    forms = activations_of(node)
    unlike = attribute(node, "clip") is not None or attribute(node, "layout", 0)
    if kernel is None or recurrent is None or forms is None or unlike or (biased and bias is None):
        return None
    kind = attribute(node, "direction", "forward")
    backward = [False, True] if kind == "bidirectional" else [kind == "reverse"]
    each = len(forms) // len(backward)
    rows = _GATES[node.op_type] * int(attribute(node, "hidden_size"))
    bias = np.zeros((len(backward), 2 * rows), np.float32) if bias is None else bias
    return [
        Direction(
            kernel=kernel[k].T,
            recurrent=recurrent[k].T,
            bias=bias[k].reshape(2, rows),
            activations=forms[k * each : (k + 1) * each],
            reset_after=bool(attribute(node, "linear_before_reset", 0)),
            backward=flag,
        )
        for k, flag in enumerate(backward)
    ]


def _run(
    writer: Writer, direction: Direction, index: int, x: str, initial: str, valid: str | None
) -> tuple[str, str]:
    """Writes one ``Scan``: its sequence ``(time, batch, units)`` and last state."""
    product = write_product(writer, x, direction.kernel)
    bias = writer.constant(direction.outer_bias(), np.float32, "bias")
    gates = writer.op("Add", product, bias)
    scanned = [gates, valid] if valid else [gates]
    state, sequence = writer.many(
        "Scan",
        2,
        initial,
        *scanned,
        body=_body(writer, direction, index, masked=bool(valid)),
        num_scan_inputs=len(scanned),
        scan_input_directions=[int(direction.backward)] * len(scanned),
        scan_output_directions=[int(direction.backward)],
    )
    return sequence, state


def _body(outer: Writer, direction: Direction, index: int, masked: bool) -> Any:
    writer = Writer(f"{outer.name}/step_{index}")
    h, gates, valid = (f"{writer.name}/{name}" for name in ("state", "gates", "valid"))
    ports = [_port(h, _FLOAT), _port(gates, _FLOAT)]
    new = (_gru_step if direction.is_gru else _rnn_step)(writer, direction, h, gates)
    output = new
    if masked:
        ports.append(_port(valid, _BOOL))
        output = writer.op("Where", valid, new, writer.constant(0.0, np.float32))
        new = writer.op("Where", valid, new, h)
    made = [writer.op("Identity", name) for name in (new, output)]
    outer.constants.extend(writer.constants)
    return helper.make_graph(
        writer.nodes, writer.name, ports, [_port(name, _FLOAT) for name in made]
    )


def _rnn_step(writer: Writer, direction: Direction, h: str, gates: str) -> str:
    total = writer.op("Add", gates, write_product(writer, h, direction.recurrent))
    return write_activation(writer, direction.activations[0], total)


def _gru_step(writer: Writer, direction: Direction, h: str, gates: str) -> str:
    units = direction.units
    gate, output = direction.activations
    both, one = writer.ints(2 * units, units), writer.ints(units, units)
    x_gates, x_new = writer.many("Split", 2, gates, both, axis=1)
    if direction.reset_after:
        product = write_product(writer, h, direction.recurrent)
        h_gates, h_new = writer.many("Split", 2, product, both, axis=1)
    else:
        h_gates = write_product(writer, h, direction.recurrent[:, : 2 * units])
    opened = write_activation(writer, gate, writer.op("Add", x_gates, h_gates))
    update, reset = writer.many("Split", 2, opened, one, axis=1)
    if direction.reset_after:
        bias = writer.constant(direction.bias[1, 2 * units :], np.float32, "bias")
        old = writer.op("Mul", reset, writer.op("Add", h_new, bias))
    else:
        kept = writer.op("Mul", reset, h)
        old = write_product(writer, kept, direction.recurrent[:, 2 * units :])
    new = write_activation(writer, output, writer.op("Add", x_new, old))
    change = writer.op("Mul", update, writer.op("Sub", h, new))
    return writer.op("Add", new, change)


def _initial(writer: Writer, direction: Direction, index: int, x: str, initial: str) -> str:
    if initial:
        return writer.op("Gather", initial, writer.constant(index, np.int64), axis=0)
    batch = writer.op("Slice", writer.op("Shape", x), writer.ints(1), writer.ints(2))
    shape = writer.op("Concat", batch, writer.ints(direction.units), axis=0)
    return writer.op("ConstantOfShape", shape, value=helper.make_tensor("value", 1, [1], [0.0]))


def _valid_steps(writer: Writer, x: str, lengths: str) -> str:
    """Which steps of ``(time, batch, 1)`` lie within their row's length."""
    zero, one = (writer.constant(value, np.int64) for value in (0, 1))
    time = writer.op("Gather", writer.op("Shape", x), zero, axis=0)
    steps = writer.op("Unsqueeze", writer.op("Range", zero, time, one), writer.ints(1, 2))
    rows = writer.op("Unsqueeze", writer.op("Cast", lengths, to=7), writer.ints(0, 2))
    return writer.op("Less", steps, rows)


def _joined(writer: Writer, parts: Sequence[str], axis: int) -> str:
    return parts[0] if len(parts) == 1 else writer.op("Concat", *parts, axis=axis)


def _input(node: NodeProto, place: int) -> str:
    return str(node.input[place]) if place < len(node.input) else ""


def _port(name: str, kind: int) -> Any:
    return helper.make_tensor_value_info(name, kind, [None, None])
