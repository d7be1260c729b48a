"""Two forms of one layer behind an ``If`` on the batch size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import GraphProto, TensorProto, helper

from export.recurrent.writer import Writer


def write_branches(
    writer: Writer,
    x: str,
    scan_from: int,
    forms: Sequence[Writer],
    answers: Sequence[Sequence[str]],
    sequences: bool,
) -> list[str]:
    """Writes an ``If``: the first form for batches below ``scan_from``, else the second.

    Args:
        writer: Receives the node.
        x: Tensor ``(batch, time, features)``.
        scan_from: The smallest batch of the second form.
        forms: The nodes of each form.
        answers: Its outputs: the layer's output, then the states ``(batch, units)``.
        sequences: Whether the layer's output has a time axis.
    """
    batch = writer.op("Gather", writer.op("Shape", x), writer.constant(0, np.int64), axis=0)
    large = writer.op("GreaterOrEqual", batch, writer.constant(scan_from, np.int64))
    small_graph, large_graph = (
        _branch(writer, *pair, sequences) for pair in zip(forms, answers, strict=True)
    )
    return writer.many(
        "If", len(answers[0]), large, then_branch=large_graph, else_branch=small_graph
    )


def _branch(outer: Writer, form: Writer, answers: Sequence[str], sequences: bool) -> GraphProto:
    ranks = [3 if sequences else 2, *(2 for _ in answers[1:])]
    names = [form.op("Identity", answer) for answer in answers]
    outer.constants.extend(form.constants)
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * rank)
        for name, rank in zip(names, ranks, strict=True)
    ]
    return helper.make_graph(form.nodes, form.name, [], ports)
