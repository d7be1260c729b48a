"""Turns the marks of a converted graph into the nodes of their layers."""

from __future__ import annotations

from collections.abc import Mapping

from onnx import GraphProto, ModelProto, NodeProto, helper

from export.graph.rebuild import subgraphs
from export.internals import MARK, MARK_DOMAIN
from export.recurrent import Call, Forms, Writer, write_recurrent


def expand_marks(model: ModelProto, calls: Mapping[str, Call], forms: Forms, opset: int) -> None:
    """Replaces each marked operator, in place, by the ONNX nodes of its layer."""
    _expand(model.graph, calls, forms, opset, {})


def _expand(
    graph: GraphProto,
    calls: Mapping[str, Call],
    forms: Forms,
    opset: int,
    counts: dict[str, int],
) -> None:
    nodes: list[NodeProto] = []
    for node in graph.node:
        for inner in subgraphs(node):
            _expand(inner, calls, forms, opset, counts)
        if (node.domain, node.op_type) != (MARK_DOMAIN, MARK):
            nodes.append(node)
            continue
        call = calls[node.attribute[0].s.decode()]
        count = counts.get(call.layer.name, 0)
        counts[call.layer.name] = count + 1
        writer = Writer(f"{call.layer.name}_{count}" if count else call.layer.name)
        outputs = write_recurrent(writer, call, node.input, forms, opset)
        nodes.extend(writer.nodes)
        for source, target in zip(outputs, node.output, strict=True):
            nodes.append(helper.make_node("Identity", [source], [target]))
        graph.initializer.extend(writer.constants)
    del graph.node[:]
    graph.node.extend(nodes)
