"""Any recurrent cell as an ONNX ``Scan``, with all that needs no state taken out of the loop."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import ValueInfoProto, helper

from export.recurrent.native import Ran
from export.recurrent.step import Step
from export.recurrent.writer import Writer

_END = np.iinfo(np.int64).max
_BOOL = 9


def run_scan(
    writer: Writer,
    step: Step,
    x: str,
    mask: str | None,
    initial: Sequence[str],
    *,
    from_zeros: bool,
    backward: bool,
    sequence: bool,
) -> Ran:
    """Writes a ``Scan`` over the time axis.

    Args:
        writer: Receives the nodes.
        step: One step of the cell.
        x: Tensor ``(batch, time, features...)``.
        mask: Tensor ``(batch, time)``, bool, or None.
        initial: The initial states ``(batch, ...)``, all of them.
        from_zeros: Whether they are all zero.
        backward: Whether it runs from the last step to the first.
        sequence: Whether the outputs of all steps are wanted.
    """
    rank = step.ranks[step.x] + 1
    time_major = writer.op("Transpose", x, perm=[1, 0, *range(2, rank)])
    writer.constants.extend(step.constants)
    writer.nodes.extend(step.fixed)
    crossing = step.crossing()
    scanned = _at_once(writer, step, time_major, crossing)
    # A masked step repeats the output before it. Where that is a state, and both were zero at the
    # start, the state stands for it.
    separate = step.alias is None or (mask is not None and not from_zeros)
    body = _Body(writer, step, crossing, separate)
    carried = list(initial)
    if mask:
        scanned += [_mask_of_rank(writer, mask, r + 1) for r in body.stand_still(step)]
    if separate:
        carried.append(_no_output(writer, step, x, initial))
        body.carry_output()
    if sequence:
        body.emit_output()
    made = writer.many(
        "Scan",
        len(carried) + sequence,
        *carried,
        *scanned,
        body=body.graph(),
        num_scan_inputs=len(scanned),
        scan_input_directions=[int(backward)] * len(scanned),
        **({"scan_output_directions": [int(backward)]} if sequence else {}),
    )
    last = made[len(initial)] if len(carried) > len(initial) else made[step.alias or 0]
    rank = step.ranks[step.output] + 1
    batch_major = [1, 0, *range(2, rank)]
    whole = writer.op("Transpose", made[-1], perm=batch_major) if sequence else ""
    return Ran(sequence=whole, last=last, states=made[: len(initial)], rank=rank)


def zero_states(writer: Writer, x: str, units: Sequence[int], dtype: str) -> list[str]:
    """States ``(batch, units)`` of zeros for an input ``(batch, time, features)``."""
    return [_zeros(writer, _batch_and(writer, x, [size]), dtype) for size in units]


class _Body:
    """The graph that a ``Scan`` runs for each step: states, then what crosses, then masks.

    Args:
        writer: Writer of the graph around it.
        step: One step of the cell.
        crossing: What it reads of each step's input.
        separate: Whether the output is carried along besides the states.
    """

    def __init__(self, writer: Writer, step: Step, crossing: Sequence[str], separate: bool) -> None:
        self._separate = separate
        self._writer = Writer(f"{writer.name}/step")
        self._outer = writer
        self._step = step
        self._writer.nodes.extend(step.late)
        self._carried = list(zip(step.states, step.new_states, strict=True))
        self._crossing = [self._port(name, step.types[name], step.ranks[name]) for name in crossing]
        self._output = step.output
        self._emitted: list[str] = []
        self._masks: dict[int, str] = {}

    def stand_still(self, step: Step) -> list[int]:
        """Lets states and output stay as they were where a step is masked.

        Returns:
            The ranks that the mask is needed in, as further inputs of the ``Scan``.
        """
        names = [step.output, *step.new_states]
        for rank in dict.fromkeys(step.ranks[name] for name in names):
            self._masks[rank] = f"{self._writer.name}/valid_{rank}"
        self._carried = [(old, self._where(new, old)) for old, new in self._carried]
        if self._separate:
            self._output = self._where(step.output, self._last)
        else:
            self._output = self._carried[step.alias or 0][1]
        return list(self._masks)

    def carry_output(self) -> None:
        """Hands the output to the next step and, at the end, out."""
        self._carried.append((self._last, self._output))

    def emit_output(self) -> None:
        """Hands the output of every step out."""
        self._emitted.append(self._output)

    def graph(self) -> object:
        """The graph; its names are made unique when the model is built anew."""
        step, writer = self._step, self._writer
        outs = [writer.op("Identity", new) for _, new in self._carried]
        outs += [writer.op("Identity", name) for name in self._emitted]
        source = [step.output if old == self._last else old for old, _ in self._carried]
        source += [step.output for _ in self._emitted]
        kinds = [(step.types[name], step.ranks[name]) for name in source]
        states = [
            self._port(old, *kind) for (old, _), kind in zip(self._carried, kinds, strict=False)
        ]
        masks = [self._port(name, _BOOL, rank) for rank, name in self._masks.items()]
        self._outer.constants.extend(writer.constants)
        return helper.make_graph(
            writer.nodes,
            writer.name,
            [*states, *self._crossing, *masks],
            [self._port(out, *kind) for out, kind in zip(outs, kinds, strict=True)],
        )

    @property
    def _last(self) -> str:
        return f"{self._writer.name}/last"

    def _where(self, new: str, old: str) -> str:
        return self._writer.op("Where", self._masks[self._step.ranks[new]], new, old)

    @staticmethod
    def _port(name: str, kind: int, rank: int) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, [None] * rank)


def _at_once(writer: Writer, step: Step, time_major: str, crossing: Sequence[str]) -> list[str]:
    """Computes for all steps what needs no state; tensors ``(time, batch, ...)``."""
    if not step.early:
        return [time_major for _ in crossing]
    shape = writer.op("Shape", time_major)
    steps_and_batch = writer.op("Slice", shape, writer.ints(0), writer.ints(2))
    features = writer.op("Slice", shape, writer.ints(2), writer.ints(_END))
    writer.bind(step.x, writer.fold(time_major, writer.ints(-1), features))
    writer.nodes.extend(step.early)
    tensors = []
    for name in crossing:
        if name == step.x:
            tensors.append(time_major)
        else:
            rest = writer.op("Slice", writer.op("Shape", name), writer.ints(1), writer.ints(_END))
            tensors.append(writer.fold(name, steps_and_batch, rest))
    return tensors


def _mask_of_rank(writer: Writer, mask: str, rank: int) -> str:
    time_major = writer.op("Transpose", mask, perm=[1, 0])
    return writer.op("Unsqueeze", time_major, writer.ints(*range(2, rank)))


def _no_output(writer: Writer, step: Step, x: str, initial: Sequence[str]) -> str:
    """What the output is before the first step: zeros."""
    if step.alias is not None:
        return _zeros(writer, writer.op("Shape", initial[step.alias]), step.dtype)
    return _zeros(writer, _batch_and(writer, x, step.output_dims), step.dtype)


def _batch_and(writer: Writer, x: str, dims: Sequence[int]) -> str:
    batch = writer.op("Slice", writer.op("Shape", x), writer.ints(0), writer.ints(1))
    return writer.op("Concat", batch, writer.ints(*dims), axis=0)


def _zeros(writer: Writer, shape: str, dtype: str) -> str:
    value = helper.make_tensor("value", helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), [1], [0])
    return writer.op("ConstantOfShape", shape, value=value)
