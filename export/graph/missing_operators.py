"""TensorFlow operators that tf2onnx leaves in a file as they are, written as ONNX ones.

Each function is an entry of tf2onnx's ``custom_op_handlers``: it gets the graph and the node to
replace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import helper

_SIGN = np.iinfo(np.int32).min


def _constant(graph: Any, node: Any, value: float, dtype: Any) -> str:
    name = f"{node.name}/{value}"
    made = graph.get_node_by_name(name) or graph.make_const(name, np.array(value, dtype))
    return str(made.output[0])


def _float_type(graph: Any, node: Any) -> Any:
    return helper.tensor_dtype_to_np_dtype(graph.get_dtype(node.input[0]))


def _replace(graph: Any, node: Any, kind: str, *inputs: str) -> Any:
    outputs, dtypes = list(node.output), [graph.get_dtype(node.output[0])]
    graph.remove_node(node.name)
    return graph.make_node(kind, list(inputs), outputs=outputs, dtypes=dtypes)


def _erfc(graph: Any, node: Any, _name: str, _arguments: Any) -> Any:
    """erfc(x) = 1 - erf(x); gelu uses it."""
    erf = graph.make_node("Erf", [node.input[0]])
    one = _constant(graph, node, 1, _float_type(graph, node))
    return _replace(graph, node, "Sub", one, erf.output[0])


def _expm1(graph: Any, node: Any, _name: str, _arguments: Any) -> Any:
    """expm1(x) = exp(x) - 1; celu uses it."""
    power = graph.make_node("Exp", [node.input[0]])
    one = _constant(graph, node, 1, _float_type(graph, node))
    return _replace(graph, node, "Sub", power.output[0], one)


def _sign_bit(graph: Any, node: Any, _name: str, _arguments: Any) -> Any:
    """The bits of a float32 where only its sign is asked for, as in argmax; else left alone."""
    consumers = graph.find_output_consumers(node.output[0])
    asked = [graph.get_node_by_output(name) for user in consumers for name in user.input]
    masks = [one.get_tensor_value() for one in asked if one is not None and one.is_const()]
    signs = masks == [_SIGN] * len(consumers) and _float_type(graph, node) == np.float32
    if not signs or any(user.type != "BitwiseAnd" for user in consumers):
        return node
    zero = _constant(graph, node, 0.0, np.float32)
    x = node.input[0]
    below = graph.make_node("Less", [x, zero])
    inverse = graph.make_node("Reciprocal", [x])  # -inf for -0.0
    below_inverse = graph.make_node("Less", [inverse.output[0], zero])
    either = graph.make_node("Or", [below.output[0], below_inverse.output[0]])
    sign = _constant(graph, node, _SIGN, np.int32)
    nothing = _constant(graph, node, 0, np.int32)
    return _replace(graph, node, "Where", either.output[0], sign, nothing)


HANDLERS: dict[str, tuple[Callable[..., Any], list[Any]]] = {
    "Bitcast": (_sign_bit, []),
    "Erfc": (_erfc, []),
    "Expm1": (_expm1, []),
}
