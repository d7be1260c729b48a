"""Products with constant weights in integers: the other factor is quantised at each call.

``x @ w`` becomes ``(q(x) @ q(w)) * scale_x * scale_w``, uint8 by int8 into int32, by ONNX's own
operators ``DynamicQuantizeLinear`` and ``MatMulInteger``; onnxruntime makes one kernel of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from onnx import NodeProto

from export.quantization.graph import Editor, attribute
from export.quantization.weights import PRODUCT_LIMIT, integers
from export.recurrent.writer import Writer


def write_product(writer: Writer, x: str, weights: npt.NDArray[np.float32]) -> str:
    """Writes ``x @ weights`` in integers.

    Args:
        writer: Receives the nodes.
        x: float32 tensor ``(..., rows, inner)``.
        weights: float32 ``(inner, columns)``; each column has its own scale.

    Returns:
        float32 tensor ``(..., rows, columns)``.
    """
    small = integers(weights, (0,), PRODUCT_LIMIT)
    values = writer.constant(small.values, np.int8, "weights")
    scale = writer.constant(small.scale[0], np.float32, "scale")
    zero = writer.constant(np.zeros(weights.shape[1], np.int8), np.int8, "zero")
    whole, x_scale, x_zero = writer.many("DynamicQuantizeLinear", 3, x)
    total = writer.op("MatMulInteger", whole, values, x_zero, zero)
    both = writer.op("Mul", x_scale, scale)
    return writer.op("Mul", writer.op("Cast", total, to=1), both)


def factor(editor: Editor, node: NodeProto) -> npt.NDArray[np.float32] | None:
    """The constant weights ``(inner, columns)`` of a MatMul or Gemm; None if it has none."""
    if node.op_type not in ("MatMul", "Gemm") or node.domain:
        return None
    weights = editor.weights(node.input[1])
    if weights is None or weights.ndim != 2 or editor.weights(node.input[0]) is not None:
        return None
    if node.op_type == "Gemm":
        plain = attribute(node, "alpha", 1.0) == 1.0 and attribute(node, "beta", 1.0) == 1.0
        if not plain or attribute(node, "transA", 0):
            return None
        if attribute(node, "transB", 0):
            weights = weights.T
    return np.ascontiguousarray(weights)


def integer_product(editor: Editor, node: NodeProto) -> Writer | None:
    """The nodes that replace a MatMul or Gemm with constant weights."""
    weights = factor(editor, node)
    if weights is None:
        return None
    writer = Writer(node.name)
    made = write_product(writer, node.input[0], weights)
    if node.op_type == "Gemm" and len(node.input) > 2 and node.input[2]:
        made = writer.op("Add", made, node.input[2])
    finish(writer, {made: node.output[0]})
    return writer


def finish(writer: Writer, names: dict[str, str]) -> None:
    """Gives the tensors of a writer the names that the rest of the graph reads."""
    for node in writer.nodes:
        outputs = [names.get(name, name) for name in node.output]
        inputs = [names.get(name, name) for name in node.input]
        del node.output[:], node.input[:]
        node.output.extend(outputs)
        node.input.extend(inputs)
