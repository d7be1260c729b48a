"""One step of any recurrent cell as ONNX nodes: the cell itself, traced and converted.

Its nodes fall in three parts. What depends on weights alone is computed once a run; what depends on
the input but not on a state can be computed for all steps at once, before the loop; only the rest
must run step by step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import onnx
import onnx.compose
import tensorflow as tf
from onnx import ModelProto, NodeProto, TensorProto, helper

from export.graph.operators import check_operators
from export.internals import convert
from export.recurrent.call import Dims
from zoo.errors import ExportError

_ELEMENTWISE = frozenset(
    {"Abs", "Add", "Cast", "Ceil", "Clip", "Div", "Elu", "Erf", "Exp", "Floor", "HardSigmoid"}
    | {"HardSwish", "Identity", "LeakyRelu", "Log", "Max", "Min", "Mul", "Neg", "Pow"}
    | {"Reciprocal", "Relu", "Selu", "Sigmoid", "Softplus", "Softsign", "Sqrt", "Sub", "Tanh"}
)
_PRODUCTS = frozenset({"MatMul", "Gemm", "Conv"})


def trace_step(layer: Any, x: Dims, states: Sequence[Dims], dtype: str) -> Any:
    """A ``tf.function`` of one step of the layer's cell.

    Args:
        layer: A built recurrent layer.
        x: Shape of its input, time included.
        states: Shapes of its states, flat.
        dtype: Type of input and states.

    Returns:
        A function of ``input_000`` (the input of one step) and the states after it, with the
        outputs ``output_000`` (the cell's) and the new states after it.
    """
    shapes = [(x[0], *x[2:]), *states]
    signature = [
        tf.TensorSpec(shape, dtype, name=f"input_{index:03d}") for index, shape in enumerate(shapes)
    ]
    structure = layer.get_initial_state(batch_size=1)
    options = {"training": False} if getattr(layer.cell, "_call_has_training_arg", False) else {}

    def step(inputs: Any, *flat: Any) -> dict[str, Any]:
        packed = keras.tree.pack_sequence_as(structure, list(flat))
        output, new = layer.cell(inputs, packed, **options)
        tensors = [output, *keras.tree.flatten(new)]
        return {f"output_{k:03d}": tf.identity(tensor) for k, tensor in enumerate(tensors)}

    return tf.function(step, input_signature=signature, autograph=False)


def output_dims(function: Any, layer: Any) -> tuple[int, ...]:
    """Shape of the cell's output without the batch.

    Raises:
        ExportError: A part of it is open.
    """
    dims = function.get_concrete_function().structured_outputs["output_000"].shape[1:]
    if None in dims:
        raise ExportError(
            f"layer {layer.name!r} cannot be exported: the shape of its output, {tuple(dims)}, is "
            "open; give its input a fixed shape besides batch and time"
        )
    return tuple(int(size) for size in dims)


@dataclass
class Step:
    """The nodes of one step, in three parts, in order.

    Attributes:
        x: Name of the input of one step.
        states: Names of the states before it.
        output: Name of the cell's output.
        new_states: Names of the states after it.
        output_dims: Shape of the output without the batch.
        dtype: Type of input, output and states.
        alias: Which of the states the output is, if it is one.
        constants: Weights.
        ranks: Tensor name -> rank, where known.
        types: Tensor name -> ONNX element type, where known.
        fixed: Nodes that read weights alone.
        early: Nodes that read the input too, and treat each row of the batch for itself.
        late: The nodes that must wait for a state.
    """

    x: str
    states: list[str]
    output: str
    new_states: list[str]
    output_dims: tuple[int, ...]
    dtype: str
    alias: int | None
    constants: list[TensorProto]
    ranks: dict[str, int]
    types: dict[str, int]
    fixed: list[NodeProto] = field(default_factory=list)
    early: list[NodeProto] = field(default_factory=list)
    late: list[NodeProto] = field(default_factory=list)

    def crossing(self) -> list[str]:
        """Names of the tensors of the input alone that the rest reads, in order of use."""
        offered = {self.x, *(name for node in self.early for name in node.output)}
        wanted = [name for node in self.late for name in node.input]
        wanted += [self.output, *self.new_states]
        return [name for name in dict.fromkeys(wanted) if name in offered]


def convert_step(function: Any, layer: Any, opset: int, prefix: str) -> Step:
    """Converts what ``trace_step`` returned.

    Args:
        function: The traced step.
        layer: The layer it belongs to.
        opset: Version of the standard operators.
        prefix: Put before all names, to keep them apart from those of the model.

    Raises:
        ExportError: The cell uses an operator that ONNX does not have.
    """
    model = convert(function, opset)
    check_operators(model, opset, f"the cell of layer {layer.name!r}")
    model = onnx.shape_inference.infer_shapes(onnx.compose.add_prefix(model, prefix))
    graph = model.graph
    output, *new_states = sorted(item.name for item in graph.output)
    sources = [_source(model, name) for name in new_states]
    step = Step(
        x=f"{prefix}input_000",
        states=[f"{prefix}input_{k:03d}" for k in range(1, len(function.input_signature))],
        output=output,
        new_states=new_states,
        output_dims=output_dims(function, layer),
        dtype=function.input_signature[0].dtype.name,
        alias=sources.index(made) if (made := _source(model, output)) in sources else None,
        constants=list(graph.initializer),
        ranks=_ranks(model),
        types=_types(model),
    )
    _divide(step, list(graph.node))
    step.late = _with_gemm(step)
    return step


def _divide(step: Step, nodes: Sequence[NodeProto]) -> None:
    fixed, early = {tensor.name for tensor in step.constants}, {step.x}
    for node in nodes:
        reads = {name for name in node.input if name}
        if reads and reads <= fixed:
            step.fixed.append(node)
            fixed.update(node.output)
        elif reads <= fixed | early and _row_by_row(node, early, step.ranks):
            step.early.append(node)
            early.update(node.output)
        else:
            step.late.append(node)


def _row_by_row(node: NodeProto, early: set[str], ranks: dict[str, int]) -> bool:
    """Whether a node treats each row of axis 0 for itself, so that time can be folded into it."""
    from_input = [name for name in node.input if name in early]
    found = {ranks.get(name) for name in (*from_input, *node.output)}
    rank = found.pop()
    if not from_input or not rank or found:  # nothing of the input, unknown, or changed
        return False
    attributes = {item.name: item for item in node.attribute}
    if node.op_type in _ELEMENTWISE:
        others = [ranks.get(name, rank) for name in node.input if name and name not in early]
        return all(other < rank for other in others)
    if node.op_type in _PRODUCTS:
        turned = "transA" in attributes and attributes["transA"].i
        return from_input == [node.input[0]] and not turned
    if node.op_type == "Transpose":
        return "perm" in attributes and attributes["perm"].ints[0] == 0
    if node.op_type == "Split":
        return "axis" in attributes and attributes["axis"].i > 0
    return False


def _with_gemm(step: Step) -> list[NodeProto]:
    """The late nodes; a product of matrices and the sum that alone reads it become a ``Gemm``."""
    readers = Counter(name for node in step.late for name in node.input)
    readers.update([step.output, *step.new_states])
    products = {
        node.output[0]: node
        for node in step.late
        if node.op_type == "MatMul" and _all_matrices(node, step) and readers[node.output[0]] == 1
    }
    made: dict[str, NodeProto] = {}
    for node in step.late:
        made[node.output[0]] = node
        if node.op_type != "Add" or not _all_matrices(node, step):
            continue
        left, right = node.input if node.input[0] in products else reversed(node.input)
        if left in products and right not in products:
            product = made.pop(left)
            gemm = helper.make_node("Gemm", [*product.input, right], node.output)
            made[node.output[0]] = gemm
    return list(made.values())


def _all_matrices(node: NodeProto, step: Step) -> bool:
    return {step.ranks.get(name) for name in node.input} == {2}


def _source(model: ModelProto, name: str) -> str:
    """The tensor behind a chain of Identity nodes."""
    makers = {out: node for node in model.graph.node for out in node.output}
    while name in makers and makers[name].op_type == "Identity":
        name = makers[name].input[0]
    return name


def _known(model: ModelProto) -> dict[str, Any]:
    graph = model.graph
    items = (*graph.input, *graph.value_info, *graph.output)
    return {item.name: item.type.tensor_type for item in items}


def _ranks(model: ModelProto) -> dict[str, int]:
    known = _known(model).items()
    ranks = {name: len(kind.shape.dim) for name, kind in known if kind.HasField("shape")}
    return ranks | {tensor.name: len(tensor.dims) for tensor in model.graph.initializer}


def _types(model: ModelProto) -> dict[str, int]:
    return {name: kind.elem_type for name, kind in _known(model).items()}
