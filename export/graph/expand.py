"""Turns the marks of a converted graph into the nodes of their layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from onnx import GraphProto, ModelProto, NodeProto, helper

from export.graph.rebuild import subgraphs
from export.internals import MARK, MARK_DOMAIN
from export.recurrent import Call, Forms, Writer, write_recurrent


def expand_marks(model: ModelProto, calls: Mapping[str, Call], forms: Forms, opset: int) -> None:
    """Replaces each marked operator, in place, by the ONNX nodes of its layer."""
    _expand(model.graph, calls, _names(calls), forms, opset)


def _names(calls: Mapping[str, Call]) -> dict[str, str]:
    """A name for each call, in the order of the trace: that of the nodes may vary."""
    counts: Counter[str] = Counter()
    names = {}
    for token, call in calls.items():
        count = counts[call.layer.name]
        names[token] = f"{call.layer.name}_{count}" if count else call.layer.name
        counts[call.layer.name] += 1
    return names


def _expand(
    graph: GraphProto,
    calls: Mapping[str, Call],
    names: Mapping[str, str],
    forms: Forms,
    opset: int,
) -> None:
    nodes: list[NodeProto] = []
    for node in graph.node:
        for inner in subgraphs(node):
            _expand(inner, calls, names, forms, opset)
        if (node.domain, node.op_type) != (MARK_DOMAIN, MARK):
            nodes.append(node)
            continue
        token = node.attribute[0].s.decode()
        writer = Writer(names[token])
        outputs = write_recurrent(writer, calls[token], node.input, forms, opset)
        nodes.extend(writer.nodes)
        for source, target in zip(outputs, node.output, strict=True):
            nodes.append(helper.make_node("Identity", [source], [target]))
        graph.initializer.extend(writer.constants)
    del graph.node[:]
    graph.node.extend(nodes)
