"""Finds what a converted graph holds that ONNX does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from onnx import GraphProto, ModelProto, NodeProto, defs

from export.graph.rebuild import subgraphs
from zoo.errors import ExportError


def check_operators(
    model: ModelProto, opset: int, where: str = "the model", layers: Iterable[str] = ()
) -> None:
    """Checks that every operator is standard ONNX.

    Args:
        model: A converted model; tf2onnx leaves in it what it cannot convert.
        opset: Version of the standard operators.
        where: What the model is, for the message.
        layers: Names of layers, to say where an operator comes from.

    Raises:
        ExportError: An operator is not; the sentence names it and, where known, the layer.
    """
    known = set(layers)
    for node in _all_nodes(model.graph):
        standard = node.domain in ("", "ai.onnx")
        if standard and defs.has(node.op_type, max_inclusive_version=opset):
            continue
        parts = [re.sub(r"_\d+$", "", part) for part in node.name.split("/")]
        named = [part for part in (*node.name.split("/"), *parts) if part in known]
        place = f"layer {named[-1]!r}" if named else where
        raise ExportError(
            f"{place} uses the TensorFlow operator {node.op_type}, which has no form in "
            f"ONNX opset {opset}; replace it by operators that have one"
        )


def _all_nodes(graph: GraphProto) -> Iterator[NodeProto]:
    for node in graph.node:
        yield node
        for inner in subgraphs(node):
            yield from _all_nodes(inner)
