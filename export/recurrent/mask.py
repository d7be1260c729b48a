"""Any Keras mask for an ONNX recurrent node, which itself knows only right padding.

The valid steps of each row move to the front, the node runs with ``sequence_lens``, and its
outputs spread back to where the steps were. Keras' semantics at masked steps are kept: the output
of the step processed before repeats (zeros before the first), and the state stands still.
"""

from __future__ import annotations

import numpy as np

from export.recurrent.writer import Writer


class ValidSteps:
    """The valid steps of a mask ``(batch, time)``, bool.

    Args:
        writer: Receives the nodes.
        mask: Name of the mask tensor.
    """

    def __init__(self, writer: Writer, mask: str) -> None:
        self._writer = writer
        self._mask = mask
        ones = writer.op("Cast", mask, to=7)  # int64
        self._seen = writer.op("CumSum", ones, writer.constant(1, np.int64))
        self._before = writer.op("Sub", self._seen, ones)
        self._count = writer.op("ReduceSum", ones, writer.ints(1), keepdims=1)
        self._any = writer.op("Greater", self._count, self._zero())
        flat = writer.op("Squeeze", self._count, writer.ints(1))
        self.lengths = writer.op("Cast", flat, to=6)  # int32
        self._order = self._source_steps()

    def compact(self, x: str) -> str:
        """Moves the valid steps of ``(batch, time, features)`` to the front of each row."""
        return self._take(x, self._order)

    def spread(self, sequence: str, backward: bool) -> str:
        """Moves the outputs of a compacted run back to the steps they belong to.

        Args:
            sequence: ``(batch, time, units)`` over compacted steps.
            backward: Whether the node ran from the last step to the first.
        """
        writer = self._writer
        if backward:
            source = self._before
            known = writer.op("Less", source, self._count)
        else:
            source = writer.op("Sub", self._seen, self._one())
            known = writer.op("Greater", self._seen, self._zero())
        inside = writer.op("Where", known, source, self._zero())
        taken = self._take(sequence, inside)
        return writer.op("Where", self._column(known), taken, self._nothing())

    def keep(self, state: str, initial: str | None) -> str:
        """Puts the initial state ``(batch, units)`` (None: zeros) into rows with no valid step."""
        return self._writer.op("Where", self._any, state, initial or self._nothing())

    def _source_steps(self) -> str:
        """For each compacted step the step it comes from: valid ones first, each part in order."""
        writer = self._writer
        shape = writer.op("Shape", self._mask)
        time = writer.op("Gather", shape, self._one(), axis=0)
        steps = writer.op("Range", self._zero(), time, self._one())
        steps = writer.op("Expand", steps, shape)
        masked_before = writer.op("Sub", steps, self._before)
        behind = writer.op("Add", self._count, masked_before)
        target = writer.op("Where", self._mask, self._before, behind)
        return writer.op("ScatterElements", steps, target, steps, axis=1)

    def _take(self, values: str, steps: str) -> str:
        return self._writer.op("GatherND", values, self._column(steps), batch_dims=1)

    def _column(self, values: str) -> str:
        return self._writer.op("Unsqueeze", values, self._writer.ints(2))

    def _zero(self) -> str:
        return self._writer.constant(0, np.int64)

    def _one(self) -> str:
        return self._writer.constant(1, np.int64)

    def _nothing(self) -> str:
        return self._writer.constant(0.0, np.float32)
