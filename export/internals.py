"""The one place that leans on private parts of Keras and tf2onnx; a test watches each of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import tf2onnx
from keras.src.export.export_utils import get_input_signature
from onnx import ModelProto, numpy_helper

from export.graph.missing_operators import HANDLERS
from zoo.errors import ExportError

MARK_DOMAIN = "rnn_zoo"
MARK = "Recurrent"


def input_structure(model: Any) -> list[Any]:
    """The positional arguments that the model is called with, as nested ``InputSpec``.

    Raises:
        ExportError: The model was never built or called, so that its inputs are unknown.
    """
    try:
        return list(get_input_signature(model))
    except (TypeError, ValueError) as error:
        raise ExportError(
            f"the inputs of {getattr(model, 'name', model)!r} are not known: {error} "
            "Call the model once on real input, or pass `inputs=`, then export it."
        ) from error


def all_layers(model: Any) -> list[Any]:
    """Every layer inside the model, at any depth, each once, in order of definition."""
    found: dict[int, Any] = {}
    for layer in model._flatten_layers():
        found.setdefault(id(layer), layer)
    return list(found.values())


def given_to(layer: Any) -> list[Any]:
    """The symbolic tensors that a layer was called with when models were built of it."""
    return [tensor for node in layer._inbound_nodes for tensor in node.input_tensors]


@contextmanager
def replaced_methods(methods: Mapping[tuple[Any, str], Callable[..., Any]]) -> Iterator[None]:
    """Lets each layer answer with functions of ours instead of its own methods, for a while.

    Keras looks ``call`` and ``inner_loop`` up on the instance; setting them past Keras' own
    attribute tracking leaves the layer as it was afterwards.
    """
    with ExitStack() as stack:
        for (layer, name), function in methods.items():
            before = vars(layer).get(name)
            object.__setattr__(layer, name, function)
            if before is None:
                stack.callback(object.__delattr__, layer, name)
            else:
                stack.callback(object.__setattr__, layer, name, before)
        yield


@contextmanager
def without_cudnn(layers: Sequence[Any]) -> Iterator[None]:
    """Keeps cuDNN's operators, which run nowhere else, out of a graph traced meanwhile."""
    with ExitStack() as stack:
        for layer in layers:
            if hasattr(layer, "use_cudnn"):
                stack.callback(setattr, layer, "use_cudnn", layer.use_cudnn)
                layer.use_cudnn = False
        yield


def convert(function: Any, opset: int) -> ModelProto:
    """Converts a ``tf.function`` with one signature by tf2onnx.

    Each ``PyFunc`` becomes a node ``rnn_zoo.Recurrent`` that keeps its token; operators that
    tf2onnx cannot convert stay in the graph, as is its habit.
    """
    with _quiet():
        model: ModelProto
        model, _ = tf2onnx.convert.from_function(
            function,
            input_signature=function.input_signature,
            opset=opset,
            custom_op_handlers={"PyFunc": (_keep_mark, []), **HANDLERS},
        )
    _fill_captured(model, function.get_concrete_function())
    return model


def _fill_captured(model: ModelProto, function: Any) -> None:
    """Gives constants that a layer holds as tensors their values; tf2onnx takes them for inputs."""
    values = {
        inside.name: outside.numpy()
        for outside, inside in function.graph.captures
        if hasattr(outside, "numpy") and outside.dtype.name not in ("resource", "variant")
    }
    for item in [item for item in model.graph.input if item.name in values]:
        model.graph.input.remove(item)
        model.graph.initializer.append(numpy_helper.from_array(values[item.name], item.name))


def _keep_mark(_context: Any, node: Any, _name: str, _arguments: Any) -> Any:
    token = node.get_attr_value("token")
    for attribute in list(node.attr):
        del node.attr[attribute]
    node.type = MARK
    node.domain = MARK_DOMAIN
    node.set_attr("token", token)
    return node


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences tf2onnx, which also writes to the root logger: we raise what it would only print."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
