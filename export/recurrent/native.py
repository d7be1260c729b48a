"""One native ONNX recurrent node (LSTM, GRU or RNN), for one layer or for a bidirectional pair.

ONNX lays the arrays out as X ``(time, batch, features)``, Y ``(time, directions, batch, units)``
and the states as ``(directions, batch, units)``; Keras has the batch first and no directions axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from export.recurrent.activation import Activation, activation_attributes
from export.recurrent.mask import ValidSteps
from export.recurrent.writer import Writer

Weights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class NativeCell:
    """The weights of one direction in ONNX layout.

    Attributes:
        op: ``LSTM``, ``GRU`` or ``RNN``.
        units: Width of the state.
        states: Number of state tensors (2 for LSTM: h, c).
        kernel: W, float32 ``(gates * units, features)``.
        recurrent_kernel: R, float32 ``(gates * units, units)``.
        bias: B, float32 ``(2 * gates * units,)``, input part then recurrent part.
        activations: In the order of the operator's specification.
        attributes: Further node attributes.
    """

    op: str
    units: int
    states: int
    kernel: Weights
    recurrent_kernel: Weights
    bias: Weights
    activations: tuple[Activation, ...]
    attributes: dict[str, Any] = field(default_factory=dict)

    def pairs_with(self, other: NativeCell) -> bool:
        """Whether one bidirectional node can hold this cell and the other."""
        return (self.op, self.units, self.attributes) == (other.op, other.units, other.attributes)


@dataclass(frozen=True)
class Ran:
    """What one direction answered, as tensor names.

    Attributes:
        sequence: ``(batch, time, units)`` in the order of the input's time axis; masked steps hold
            the output of the step processed before, zeros where there is none.
        last: ``(batch, units)``, the output of the last valid step, zeros where there is none.
        states: ``(batch, units)`` each, the initial state where there is no valid step.
    """

    sequence: str
    last: str
    states: list[str]


def run_native(
    writer: Writer,
    cells: Sequence[tuple[NativeCell, bool]],
    x: str,
    valid: ValidSteps | None,
    initial: Sequence[Sequence[str]],
) -> list[Ran]:
    """Writes one native node over all directions and brings its answers into Keras' layout.

    Args:
        writer: Receives the nodes.
        cells: One or two ``(cell, backward)``; two must be forward, then backward.
        x: Tensor ``(batch, time, features)``.
        valid: The steps that the mask leaves, or None.
        initial: For each direction its initial states ``(batch, units)``, or none.
    """
    time_major = writer.op("Transpose", valid.compact(x) if valid else x, perm=[1, 0, 2])
    outputs = _node(writer, cells, time_major, valid, initial)
    batch_major = writer.op("Transpose", outputs[0], perm=[1, 2, 0, 3])
    answers = []
    for index, (_, backward) in enumerate(cells):
        sequence = _pick(writer, batch_major, index, len(cells))
        states = [_pick(writer, out, index, len(cells)) for out in outputs[1:]]
        if valid is None:
            answers.append(Ran(sequence, states[0], states))
            continue
        answers.append(
            Ran(
                sequence=valid.spread(sequence, backward),
                last=valid.keep(states[0], None),
                states=[
                    valid.keep(state, initial[index][k] if initial else None)
                    for k, state in enumerate(states)
                ],
            )
        )
    return answers


def _node(
    writer: Writer,
    cells: Sequence[tuple[NativeCell, bool]],
    time_major: str,
    valid: ValidSteps | None,
    initial: Sequence[Sequence[str]],
) -> list[str]:
    first, backward = cells[0]
    weights = [
        writer.constant(np.stack([getattr(cell, name) for cell, _ in cells]), np.float32, label)
        for name, label in (("kernel", "W"), ("recurrent_kernel", "R"), ("bias", "B"))
    ]
    inputs = [time_major, *weights, valid.lengths if valid else ""]
    if initial:
        axes = writer.ints(0)
        for state in range(first.states):
            parts = [writer.op("Unsqueeze", given[state], axes) for given in initial]
            inputs.append(parts[0] if len(parts) == 1 else writer.op("Concat", *parts, axis=0))
    direction = "bidirectional" if len(cells) == 2 else "reverse" if backward else "forward"
    activations = [form for cell, _ in cells for form in cell.activations]
    return writer.many(
        first.op,
        1 + first.states,
        *inputs,
        hidden_size=first.units,
        direction=direction,
        **activation_attributes(activations),
        **first.attributes,
    )


def _pick(writer: Writer, tensor: str, index: int, count: int) -> str:
    """Takes one direction out of the directions axis."""
    if count == 1:
        return writer.op("Squeeze", tensor, writer.ints(0))
    return writer.op("Gather", tensor, writer.constant(index, np.int64), axis=0)
