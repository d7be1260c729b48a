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


Stage = Sequence[tuple[NativeCell, bool]]  # one or two cells, and whether each runs backward


@dataclass(frozen=True)
class Ran:
    """What one direction answered, as tensor names.

    Attributes:
        sequence: ``(batch, time, units)`` in the order of the input's time axis; masked steps hold
            the output of the step processed before, zeros where there is none.
        last: ``(batch, units)``, the output of the last valid step, zeros where there is none.
        states: ``(batch, units)`` each, the initial state where there is no valid step.
        rank: Rank of the sequence.
        both: The operator's own sequence ``(time, directions, batch, units)``; empty if there is
            none.
    """

    sequence: str
    last: str
    states: list[str]
    rank: int = 3
    both: str = ""


def run_native(
    writer: Writer,
    stages: Sequence[Stage],
    x: str,
    valid: ValidSteps | None,
    initial: Sequence[str],
) -> list[Ran]:
    """Writes one native node a stage and brings the answers into Keras' layout.

    Args:
        writer: Receives the nodes.
        stages: Each reads the output sequence of the one before; one stage for a single cell,
            several for stacked cells, which must be of one direction.
        x: Tensor ``(batch, time, features)``.
        valid: The steps that the mask leaves, or None.
        initial: The initial states ``(batch, units)`` in the order of stages, then directions;
            empty for zeros.

    Returns:
        One answer for each direction of the last stage; states are those of all stages.
    """
    time_major = writer.op("Transpose", valid.compact(x) if valid else x, perm=[1, 0, 2])
    directions = len(stages[-1])
    states: list[list[str]] = [[] for _ in range(directions)]
    rest = list(initial)
    for stage in stages:
        count = stage[0][0].states
        given = [[rest.pop(0) for _ in range(count)] for _ in stage] if initial else []
        outputs = _node(writer, stage, time_major, valid, given)
        for index in range(directions):
            final = [_pick(writer, out, index, directions) for out in outputs[1:]]
            if valid:
                start = given[index] if given else [None] * count
                final = [valid.keep(*pair) for pair in zip(final, start, strict=True)]
            states[index] += final
        if stage is not stages[-1]:
            time_major = writer.op("Squeeze", outputs[0], writer.ints(1))
    answers = []
    for index, (_, backward) in enumerate(stages[-1]):
        sequence = _pick(writer, outputs[0], index, directions, axis=1)
        sequence = writer.op("Transpose", sequence, perm=[1, 0, 2])
        last = _pick(writer, outputs[1], index, directions)
        if valid:
            sequence, last = valid.spread(sequence, backward), valid.keep(last, None)
        answers.append(Ran(sequence, last, states[index], both=outputs[0]))
    return answers


def joined(writer: Writer, ran: Ran) -> str:
    """The sequences of both directions side by side, ``(batch, time, 2 * units)``."""
    batch_major = writer.op("Transpose", ran.both, perm=[2, 0, 1, 3])
    return writer.op("Reshape", batch_major, writer.ints(0, 0, -1))


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


def _pick(writer: Writer, tensor: str, index: int, count: int, axis: int = 0) -> str:
    """Takes one direction out of the directions axis."""
    if count == 1:
        return writer.op("Squeeze", tensor, writer.ints(axis))
    return writer.op("Gather", tensor, writer.constant(index, np.int64), axis=axis)
