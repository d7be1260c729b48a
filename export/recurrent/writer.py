"""Collects the ONNX nodes and constants that replace one layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import NodeProto, TensorProto, helper, numpy_helper


class Writer:
    """A list of ONNX nodes under one name, grown operator by operator.

    Args:
        name: Prefix of all node and tensor names, for example the layer's name; it must be unique
            within the graph.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []

    def constant(self, values: npt.ArrayLike, dtype: npt.DTypeLike, label: str = "const") -> str:
        """Adds an initialiser and returns its name."""
        name = f"{self.name}/{label}@{len(self.constants)}"
        array = np.ascontiguousarray(values, dtype=dtype).reshape(np.shape(values))
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def ints(self, *values: int) -> str:
        """Adds a one-dimensional int64 initialiser and returns its name."""
        return self.constant(values, np.int64)

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Adds a node with one output and returns that output's name."""
        return self.many(kind, 1, *inputs, **attributes)[0]

    def many(self, kind: str, count: int, *inputs: str, **attributes: Any) -> list[str]:
        """Adds a node with ``count`` outputs and returns their names."""
        label = f"{self.name}/{kind}@{len(self.nodes)}"
        outputs = [f"{label}.{index}" for index in range(count)]
        self.nodes.append(helper.make_node(kind, inputs, outputs, name=label, **attributes))
        return outputs

    def bind(self, name: str, source: str) -> None:
        """Lets a tensor go by another name too, one that nodes from elsewhere read."""
        self.nodes.append(helper.make_node("Identity", [source], [name]))

    def fold(self, tensor: str, outer: str, inner: str) -> str:
        """Reshapes to the dimensions ``outer`` and then ``inner``, both int64 vectors."""
        return self.op("Reshape", tensor, self.op("Concat", outer, inner, axis=0))
