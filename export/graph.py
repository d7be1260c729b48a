"""Rewrites a converted ONNX graph: marks expanded, names and order by structure alone.

Two conversions of one model give the same bytes, since nothing here depends on the names or the
order that tf2onnx chose: nodes are visited from the outputs, equal ones are merged, and what no
output needs is never reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, defs, helper, numpy_helper

from export.internals import MARK, MARK_DOMAIN
from export.marks import Mark
from export.recurrent import Writer, write_recurrent
from zoo.errors import ExportError

Shape = tuple[int | str, ...]
_NEVER_EQUAL = frozenset(
    {
        "Bernoulli",
        "Dropout",
        "Multinomial",
        "RandomNormal",
        "RandomNormalLike",
        "RandomUniform",
        "RandomUniformLike",
    }
)


@dataclass(frozen=True)
class Port:
    """An input or output of the graph: its old and new name, numpy dtype and shape."""

    old: str
    new: str
    dtype: str
    shape: Shape

    def value_info(self) -> ValueInfoProto:
        """The port as ONNX declares it."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        return helper.make_tensor_value_info(self.new, kind, self.shape)


def expand_marks(model: ModelProto, marks: Mapping[str, Mark]) -> None:
    """Replaces each marked operator, in place, by the ONNX nodes of its layer."""
    graph = model.graph
    nodes: list[NodeProto] = []
    calls: dict[str, int] = {}
    for node in graph.node:
        if (node.domain, node.op_type) != (MARK_DOMAIN, MARK):
            nodes.append(node)
            continue
        mark = marks[node.attribute[0].s.decode()]
        count = calls.get(mark.layer.name, 0)
        calls[mark.layer.name] = count + 1
        writer = Writer(f"{mark.layer.name}_{count}" if count else mark.layer.name)
        x, *rest = node.input
        mask = rest.pop(0) if mark.masked else None
        outputs = write_recurrent(writer, mark.layer, x, mask, rest)
        nodes.extend(writer.nodes)
        for source, target in zip(outputs, node.output, strict=True):
            nodes.append(helper.make_node("Identity", [source], [target]))
        graph.initializer.extend(writer.constants)
    del graph.node[:]
    graph.node.extend(nodes)


def check_operators(model: ModelProto, opset: int, layers: Iterable[str]) -> None:
    """Checks that every operator is standard ONNX and none runs a graph of its own.

    Raises:
        ExportError: An operator is not; the sentence names it and, where known, the layer.
    """
    known = set(layers)
    for node in model.graph.node:
        parts = [re.sub(r"_\d+$", "", part) for part in node.name.split("/")]
        where = [part for part in (*node.name.split("/"), *parts) if part in known]
        layer = f"layer {where[-1]!r}" if where else "the model"
        standard = node.domain in ("", "ai.onnx")
        if not standard or not defs.has(node.op_type, max_inclusive_version=opset):
            raise ExportError(
                f"{layer} uses the TensorFlow operator {node.op_type}, which has no form in "
                f"ONNX opset {opset}; replace it by operators that have one"
            )
        if any(item.type in (item.GRAPH, item.GRAPHS) for item in node.attribute):
            raise ExportError(
                f"{layer} becomes control flow ({node.op_type}) in ONNX; the recurrent layers "
                "that need none are LSTM, GRU, SimpleRNN and Bidirectional of Keras"
            )


def rebuild(
    model: ModelProto,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    *,
    name: str,
    opset: int,
) -> ModelProto:
    """Builds the model anew from its outputs.

    Args:
        model: The converted model, marks expanded.
        inputs: All inputs, those that no output needs too.
        outputs: All outputs.
        name: Name of the graph.
        opset: Version of the standard operators.
    """
    order = _Order(model, inputs, outputs)
    for port in outputs:
        order.visit(port.old, port.new)
    order.blank_unused([port.new for port in outputs])
    graph = helper.make_graph(
        order.nodes,
        name,
        [port.value_info() for port in inputs],
        [port.value_info() for port in outputs],
        order.constants,
    )
    opsets = [helper.make_opsetid("", opset)]
    return helper.make_model(
        graph,
        producer_name="rnn-zoo",
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
    )


class _Order:
    """Visits a graph from its outputs and collects what they need under names of its own."""

    def __init__(self, model: ModelProto, inputs: Sequence[Port], outputs: Sequence[Port]) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._names = {port.old: port.new for port in inputs}  # old tensor name -> new
        self._taken = {port.new for port in (*inputs, *outputs)}
        self._makers = {out: node for node in model.graph.node for out in node.output if out}
        self._initialisers = {tensor.name: tensor for tensor in model.graph.initializer}
        self._equal: dict[bytes, list[str]] = {}
        self._claims: dict[str, str] = {}  # old name of a tensor that is an output -> new
        for port in outputs:
            self._claims.setdefault(self._source(port.old), port.new)

    def visit(self, output: str, name: str) -> None:
        """Adds all that one output needs, without recursion."""
        stack = [output]
        while stack:
            tensor = stack[-1]
            if tensor in self._names:
                stack.pop()
            elif tensor in self._initialisers:
                self._names[tensor] = self._constant(self._initialisers[tensor])
            else:
                maker = self._makers[tensor]
                missing = [item for item in maker.input if item and item not in self._names]
                stack.extend(reversed(missing))
                if not missing:
                    self._add(maker)
        source = self._names[output]
        if source != name:  # an input, a constant, or a tensor that is another output already
            self.nodes.append(helper.make_node("Identity", [source], [name], name=name))

    def blank_unused(self, outputs: Iterable[str]) -> None:
        """Blanks the outputs of nodes that nothing reads."""
        used = {*outputs, *(name for node in self.nodes for name in node.input)}
        for node in self.nodes:
            kept = [name if name in used else "" for name in node.output]
            del node.output[:]
            node.output.extend(_trimmed(kept))

    def _source(self, tensor: str) -> str:
        """The tensor behind a chain of Identity nodes."""
        while tensor in self._makers and self._makers[tensor].op_type == "Identity":
            tensor = self._makers[tensor].input[0]
        return tensor

    def _add(self, node: NodeProto) -> None:
        if node.op_type == "Identity":
            self._names[node.output[0]] = self._names[node.input[0]]
            return
        new = NodeProto(op_type=node.op_type)
        new.input.extend(_trimmed([self._names[item] if item else "" for item in node.input]))
        new.attribute.extend(sorted(node.attribute, key=lambda attribute: attribute.name))
        key = new.SerializeToString(deterministic=True)
        if key not in self._equal or node.op_type in _NEVER_EQUAL:
            new.name = self._unique(_hint(node.name, node.op_type))
            several = len(node.output) > 1
            new.output.extend(
                self._claims.get(old, f"{new.name}.{index}" if several else new.name)
                for index, old in enumerate(node.output)
            )
            self._equal[key] = list(new.output)
            self.nodes.append(new)
        self._names.update(zip(node.output, self._equal[key], strict=True))

    def _constant(self, tensor: TensorProto) -> str:
        clean = numpy_helper.from_array(numpy_helper.to_array(tensor))
        key = clean.SerializeToString(deterministic=True)
        if key not in self._equal:
            clean.name = self._unique(_hint(tensor.name, "const"))
            self._equal[key] = [clean.name]
            self.constants.append(clean)
        return self._equal[key][0]

    def _unique(self, hint: str) -> str:
        name, count = hint, 0
        while name in self._taken:
            count += 1
            name = f"{hint}_{count}"
        self._taken.add(name)
        return name


def _hint(name: str, fallback: str) -> str:
    """The readable part of a name that a ``Writer`` gave; names by tf2onnx vary, so none of it."""
    readable, mark, _ = name.partition("@")
    return readable if mark else fallback


def _trimmed(names: list[str]) -> list[str]:
    """Drops the blanks at the end: optional tensors that are not there."""
    while names and not names[-1]:
        names.pop()
    return names
