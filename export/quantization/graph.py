"""Edits an ONNX model node by node, the graphs inside nodes too; names and order stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, numpy_helper

from export.graph.rebuild import needs, subgraphs
from export.recurrent.writer import Writer

MICROSOFT = "com.microsoft"
# Names of the nodes that make raw input arrays, and answers; they are exact and stay so.
FRONTEND = ("processing/", "answer/")
Change = Callable[[NodeProto], Writer | None]


class Editor:
    """A copy of a model whose nodes are replaced one at a time.

    Args:
        model: An exported model; all its constants are initialisers of the outermost graph.
    """

    def __init__(self, model: ModelProto) -> None:
        self.model = ModelProto()
        self.model.CopyFrom(model)
        self._constants = {tensor.name: tensor for tensor in self.model.graph.initializer}

    def weights(self, name: str) -> Any:
        """The float32 array of a constant; None for any other tensor."""
        tensor = self._constants.get(name)
        if tensor is None or tensor.data_type != TensorProto.FLOAT:
            return None
        return numpy_helper.to_array(tensor)

    def replace_nodes(self, change: Change) -> None:
        """Puts the nodes that ``change`` writes in the place of a node; None leaves it."""
        self._replace(self.model.graph, change)
        self._drop_unused()

    def replace_weights(self, name: str, writer: Writer) -> None:
        """Lets nodes at the start of the model make the tensor ``name``, a constant so far."""
        graph = self.model.graph
        nodes = [*writer.nodes, *graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
        self._add(writer.constants)
        kept = [tensor for tensor in graph.initializer if tensor.name != name]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        del self._constants[name]

    def readers(self) -> dict[str, list[tuple[NodeProto, int]]]:
        """Constant -> the nodes outside the frontend that read it, and as which input."""
        found: dict[str, list[tuple[NodeProto, int]]] = {}
        for node in every_node(self.model.graph):
            for place, name in enumerate(node.input):
                if name in self._constants:
                    found.setdefault(name, []).append((node, place))
        inside = {
            name
            for name, uses in found.items()
            if any(node.name.startswith(FRONTEND) for node, _ in uses)
        }
        return {name: uses for name, uses in found.items() if name not in inside}

    def use_microsoft(self) -> None:
        """Declares onnxruntime's own operators."""
        known = [opset.domain for opset in self.model.opset_import]
        if MICROSOFT not in known:
            self.model.opset_import.add(domain=MICROSOFT, version=1)

    def _replace(self, graph: GraphProto, change: Change) -> None:
        nodes: list[NodeProto] = []
        for node in graph.node:
            for inner in subgraphs(node):
                self._replace(inner, change)
            written = None if node.name.startswith(FRONTEND) else change(node)
            if written is None:
                nodes.append(node)
                continue
            nodes.extend(written.nodes)
            self._add(written.constants)
        fresh = [NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(fresh)

    def _add(self, constants: Iterable[TensorProto]) -> None:
        for tensor in constants:
            if tensor.name not in self._constants:
                self.model.graph.initializer.append(tensor)
                self._constants[tensor.name] = tensor

    def _drop_unused(self) -> None:
        graph = self.model.graph
        used = {name for node in graph.node for name in needs(node)}
        used |= {output.name for output in graph.output}
        kept = [tensor for tensor in graph.initializer if tensor.name in used]
        del graph.initializer[:]
        graph.initializer.extend(kept)
        self._constants = {tensor.name: tensor for tensor in graph.initializer}


def every_node(graph: GraphProto) -> Iterator[NodeProto]:
    """All nodes of a graph and of the graphs inside them."""
    for node in graph.node:
        yield node
        for inner in subgraphs(node):
            yield from every_node(inner)


def operators(model: ModelProto) -> dict[str, int]:
    """How many nodes of each operator a model has; others than ONNX's own with their domain."""
    names = (
        f"{node.domain}:{node.op_type}" if node.domain else node.op_type
        for node in every_node(model.graph)
    )
    return dict(sorted(Counter(names).items()))


def attribute(node: NodeProto, name: str, default: Any = None) -> Any:
    """The value of a node's attribute as numbers or texts."""
    from onnx import helper

    for item in node.attribute:
        if item.name == name:
            value = helper.get_attribute_value(item)
            if isinstance(value, bytes):
                return value.decode()
            if isinstance(value, list):
                return [one.decode() if isinstance(one, bytes) else one for one in value]
            return value
    return default


def is_weight(array: Any, smallest: int) -> bool:
    """Whether a constant is a float32 array worth making small."""
    return array is not None and array.size >= smallest and bool(np.isfinite(array).all())
