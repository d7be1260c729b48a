"""Builds a converted ONNX graph anew: names and order by structure alone.

Two conversions of one model give the same bytes, since nothing here depends on the names or the
order that tf2onnx chose: nodes are visited from the outputs, equal ones are merged, and what no
output needs is never reached. Graphs inside nodes (of Scan, Loop and If) are treated the same way.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    defs,
    helper,
    numpy_helper,
)

Shape = tuple[int | str, ...]
_ML, _ML_VERSION = "ai.onnx.ml", 2  # the first version whose LabelEncoder knows typed lists
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
        kind = TensorProto.STRING
        if self.dtype != "str":
            kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        return helper.make_tensor_value_info(self.new, kind, self.shape)


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
    scope = _Scope(model.graph, {port.old: port.new for port in inputs})
    scope.claim([(port.old, port.new) for port in outputs])
    for port in outputs:
        scope.visit(port.old, port.new)
    scope.blank_unused([port.new for port in outputs])
    graph = helper.make_graph(
        scope.nodes,
        name,
        [port.value_info() for port in inputs],
        [port.value_info() for port in outputs],
        scope.constants,
    )
    opsets = [helper.make_opsetid("", opset)]
    if any(node.domain == _ML for node in scope.nodes):
        opsets.append(helper.make_opsetid(_ML, _ML_VERSION))
    return helper.make_model(
        graph,
        producer_name="rnn-zoo",
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
    )


def subgraphs(node: NodeProto) -> Iterator[GraphProto]:
    """The graphs that a node runs: bodies of Scan and Loop, branches of If."""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield attribute.g
        yield from attribute.graphs


def captured(graph: GraphProto) -> list[str]:
    """Names of the tensors that a graph inside a node reads from outside, in order of use."""
    known = {item.name for item in (*graph.input, *graph.initializer)}
    known |= {name for node in graph.node for name in node.output}
    wanted = [name for node in graph.node for name in needs(node)]
    wanted += [output.name for output in graph.output]
    return [name for name in dict.fromkeys(wanted) if name not in known]


def needs(node: NodeProto) -> list[str]:
    """Names of all tensors that a node reads, those of its graphs too."""
    inner = [name for graph in subgraphs(node) for name in captured(graph)]
    return [name for name in (*node.input, *inner) if name]


class _Scope:
    """Visits a graph from its outputs and collects what they need under names of its own.

    Constants of inner graphs move to the outermost one, where equal ones are one.
    """

    def __init__(
        self, graph: GraphProto, inputs: dict[str, str], parent: _Scope | None = None
    ) -> None:
        self.nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._outer = parent
        self._root: _Scope = parent._root if parent else self
        # Old tensor name -> new.
        self._names: ChainMap[str, str] = ChainMap(inputs, *(parent._names.maps if parent else []))
        if parent is None:
            self._taken = set(inputs.values())
            self._equal_constants: dict[bytes, str] = {}
        self._makers = {out: node for node in graph.node for out in node.output if out}
        self._initialisers = {tensor.name: tensor for tensor in graph.initializer}
        self._equal: dict[bytes, list[str]] = {}
        self._claims: dict[str, str] = {}  # old name of a tensor that is an output -> new

    @property
    def constants(self) -> list[TensorProto]:
        """The initialisers of the outermost graph."""
        return self._root._constants

    def claim(self, outputs: Iterable[tuple[str, str]]) -> None:
        """Reserves the new names of outputs for the tensors behind them."""
        for old, new in outputs:
            self._root._taken.add(new)
            source = self._source(old)
            if source in self._makers:
                self._claims.setdefault(source, new)

    def visit(self, output: str, name: str) -> None:
        """Adds all that one output needs, without recursion."""
        self._reach(output)
        source = self._names[output]
        if source != name:  # an input, a constant, or a tensor that is another output already
            self.nodes.append(helper.make_node("Identity", [source], [name], name=name))

    def blank_unused(self, outputs: Iterable[str]) -> None:
        """Blanks the outputs of nodes that nothing reads."""
        used = {*outputs, *(name for node in self.nodes for name in needs(node))}
        for node in self.nodes:
            if any(subgraphs(node)):  # its outputs go with those of its graph
                continue
            optional = _optional_outputs(node)
            kept = [
                "" if name not in used and may_go else name
                for name, may_go in zip(node.output, optional, strict=True)
            ]
            del node.output[:]
            node.output.extend(_trimmed(kept))

    def _reach(self, tensor: str) -> None:
        stack = [tensor]
        while stack:
            tensor = stack[-1]
            if tensor in self._names:
                stack.pop()
            elif tensor in self._initialisers:
                self._names[tensor] = self._constant(self._initialisers[tensor])
            else:
                maker = self._makers[tensor]
                missing = [item for item in needs(maker) if item not in self._names]
                stack.extend(reversed(missing))
                if not missing:
                    self._add(maker)

    def _source(self, tensor: str) -> str:
        """The tensor behind a chain of Identity nodes."""
        while tensor in self._makers and self._makers[tensor].op_type == "Identity":
            tensor = self._makers[tensor].input[0]
        return tensor

    def _add(self, node: NodeProto) -> None:
        if node.op_type == "Identity":
            self._names[node.output[0]] = self._names[node.input[0]]
            return
        new = NodeProto(op_type=node.op_type, domain=node.domain)
        new.input.extend(_trimmed([self._names[item] if item else "" for item in node.input]))
        name = _hint(node.name, node.op_type)
        for attribute in sorted(node.attribute, key=lambda attribute: attribute.name):
            new.attribute.append(self._attribute(attribute, name))
        key = new.SerializeToString(deterministic=True)
        if key not in self._equal or node.op_type in _NEVER_EQUAL:
            new.name = self._unique(name)
            several = len(node.output) > 1
            new.output.extend(
                self._claims.get(old, f"{new.name}.{index}" if several else new.name)
                for index, old in enumerate(node.output)
            )
            self._equal[key] = list(new.output)
            self.nodes.append(new)
        self._names.update(
            (old, made) for old, made in zip(node.output, self._equal[key], strict=True) if old
        )

    def _attribute(self, attribute: AttributeProto, name: str) -> AttributeProto:
        if attribute.type != AttributeProto.GRAPH:
            return attribute
        return helper.make_attribute(attribute.name, self._inner(attribute.g, name))

    def _inner(self, graph: GraphProto, name: str) -> GraphProto:
        """The graph inside a node, under names that no other graph of the model uses."""
        inputs = {item.name: self._unique(f"{name}.input") for item in graph.input}
        outputs = [self._unique(f"{name}.output") for _ in graph.output]
        scope = _Scope(graph, inputs, self)
        pairs = [(old.name, new) for old, new in zip(graph.output, outputs, strict=True)]
        scope.claim(pairs)
        for old, new in pairs:
            scope.visit(old, new)
        scope.blank_unused(outputs)
        return helper.make_graph(
            scope.nodes,
            f"{name}.body",
            [_renamed(item, inputs[item.name]) for item in graph.input],
            [_renamed(item, new) for item, new in zip(graph.output, outputs, strict=True)],
        )

    def _constant(self, tensor: TensorProto) -> str:
        root = self._root
        clean = numpy_helper.from_array(numpy_helper.to_array(tensor))
        key = clean.SerializeToString(deterministic=True)
        if key not in root._equal_constants:
            clean.name = self._unique(_hint(tensor.name, "const"))
            root._equal_constants[key] = clean.name
            root._constants.append(clean)
        return root._equal_constants[key]

    def _unique(self, hint: str) -> str:
        taken = self._root._taken
        name, count = hint, 0
        while name in taken:
            count += 1
            name = f"{hint}_{count}"
        taken.add(name)
        return name


def _optional_outputs(node: NodeProto) -> list[bool]:
    """Which outputs of a node may be left out, by the operator's definition."""
    formal = list(defs.get_schema(node.op_type, node.domain).outputs)
    kinds = [formal[min(k, len(formal) - 1)].option for k in range(len(node.output))]
    return [kind != defs.OpSchema.FormalParameterOption.Single for kind in kinds]


def _renamed(item: ValueInfoProto, name: str) -> ValueInfoProto:
    """The port of an inner graph: its type and rank, without the names of its axes."""
    kind = item.type.tensor_type
    shape = [None] * len(kind.shape.dim) if kind.HasField("shape") else None
    return helper.make_tensor_value_info(name, kind.elem_type, shape)


def _hint(name: str, fallback: str) -> str:
    """The readable part of a name that a ``Writer`` gave; names by tf2onnx vary, so none of it."""
    readable, mark, _ = name.partition("@")
    return readable if mark else fallback


def _trimmed(names: list[str]) -> list[str]:
    """Drops the blanks at the end: optional tensors that are not there."""
    while names and not names[-1]:
        names.pop()
    return names
