"""Marks each call of a recurrent layer by one opaque operator while a model is traced."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf

from export.recurrent import NEVER, Forms, cells_of, is_known, output_dims, state_sizes, trace_step
from export.recurrent.call import Call, Dims
from zoo.errors import ExportError

_LAYERS = (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN, keras.layers.RNN)
Method = tuple[Any, str]


class Marks:
    """The calls met during one trace, by token.

    Args:
        forms: Which forms recurrent layers may take.
    """

    def __init__(self, forms: Forms) -> None:
        self.calls: dict[str, Call] = {}
        self.refusal: ExportError | None = None
        self._forms = forms

    def methods(self, layers: Iterable[Any]) -> dict[Method, Callable[..., Any]]:
        """Stand-ins for methods of layers that leave marks and tensors of the right shapes.

        A call is marked as a whole where Keras' own code is what runs. Where a subclass adds to it,
        or the layer keeps its state, only the loop inside is marked; a loop of a subclass' own is
        left to tf2onnx.
        """
        found: dict[Method, Callable[..., Any]] = {}
        for layer in layers:
            if isinstance(layer, keras.layers.Bidirectional):
                if self._is_one_piece(layer):
                    found[layer, "call"] = self._call(layer)
            elif isinstance(layer, keras.layers.RNN) and _is_own(layer, "inner_loop"):
                if _is_own(layer, "call") and not layer.stateful:
                    found[layer, "call"] = self._call(layer)
                else:
                    found[layer, "inner_loop"] = self._inner_loop(layer)
        return found

    def _is_one_piece(self, layer: Any) -> bool:
        children = (layer.forward_layer, layer.backward_layer)
        return type(layer).call is keras.layers.Bidirectional.call and all(
            isinstance(child, keras.layers.RNN)
            and _is_own(child, "call")
            and _is_own(child, "inner_loop")
            and not child.stateful
            and self._forms.scan_from(child) == NEVER
            for child in children
        )

    def _call(self, layer: Any) -> Callable[..., Any]:
        def call(
            sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
        ) -> Any:
            first, states = self._mark(layer, sequences, initial_state, mask, training)
            answer = first if len(first) > 1 else first[0]
            if not layer.return_state:
                return answer
            return (*first, *states)

        return call

    def _inner_loop(self, layer: Any) -> Callable[..., Any]:
        def inner_loop(sequences: Any, initial_state: Any, mask: Any, training: Any = False) -> Any:
            (output,), states = self._mark(layer, sequences, initial_state, mask, training)
            if layer.return_sequences:
                return output[:, -1], output, states
            return output, output[:, None], states

        return inner_loop

    def _mark(
        self, layer: Any, x: Any, initial: Any, mask: Any, training: Any
    ) -> tuple[list[Any], list[Any]]:
        """Leaves a mark; returns the layer's outputs and its states."""
        try:
            _check(layer, training)
            return self._leave(layer, x, initial, mask)
        except ExportError as error:
            # Keras and TensorFlow wrap what is raised inside a trace; this keeps the sentence.
            self.refusal = error
            raise

    def _leave(self, layer: Any, x: Any, initial: Any, mask: Any) -> tuple[list[Any], list[Any]]:
        dtype = _children(layer)[0].compute_dtype
        if initial is None and not all(is_known(child) for child in _children(layer)):
            initial = layer.get_initial_state(batch_size=tf.shape(x)[0])
        flat = [] if initial is None else keras.tree.flatten(initial)
        states = [tf.cast(state, dtype) for state in flat]
        inputs = [tf.cast(x, dtype)]
        mask = next(iter(mask), None) if keras.tree.is_nested(mask) else mask
        if mask is not None:
            mask = tf.cast(mask, tf.bool)
            inputs.append(tf.squeeze(mask, -1) if len(mask.shape) == 3 else mask)
        given = [tuple(state.shape) for state in states]
        call = Call(layer, tuple(x.shape), given, mask is not None, dtype)
        first, after = _output_shapes(call)
        if states and len(states) != len(after):
            raise ExportError(
                f"layer {layer.name!r} is given {len(states)} initial states but has {len(after)}"
            )
        token = f"recurrent_{len(self.calls)}"
        self.calls[token] = call
        shapes = [*first, *after]
        raw = tf.raw_ops.PyFunc(input=inputs + states, token=token, Tout=[dtype] * len(shapes))
        outputs = [tf.ensure_shape(*pair) for pair in zip(raw, shapes, strict=True)]
        return outputs[: len(first)], _packed(layer, outputs[len(first) :])


def _is_own(layer: Any, method: str) -> bool:
    """Whether a method is that of Keras, not of a subclass."""
    return any(getattr(type(layer), method) is getattr(kind, method) for kind in _LAYERS)


def _check(layer: Any, training: Any) -> None:
    if training is not None and training is not False:
        raise ExportError(
            f"layer {layer.name!r} is called with training={training!r}; "
            "an exported model answers as at inference, so leave `training` out of the call"
        )


def _children(layer: Any) -> list[Any]:
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def _packed(layer: Any, states: list[Any]) -> list[Any]:
    """The states of stacked cells in a list for each cell, as Keras has them."""
    if isinstance(layer, keras.layers.Bidirectional):
        return states
    with tf.init_scope():
        structure = layer.get_initial_state(batch_size=1)
    return list(keras.tree.pack_sequence_as(structure, states))


def _output_shapes(call: Call) -> tuple[list[Dims], list[Dims]]:
    """Shapes of the layer's outputs, then of its states, in Keras' order."""
    children = _children(call.layer)
    batch, time = call.x[:2]
    axes = (batch, time) if children[0].return_sequences else (batch,)
    if all(is_known(child) for child in children):
        states: list[Dims] = [(batch, size) for child in children for size in state_sizes(child)]
        units = [int(cells_of(child)[-1].units) for child in children]
        if len(units) == 2 and call.layer.merge_mode == "concat":
            units = [sum(units)]
        elif len(units) == 2 and call.layer.merge_mode is not None:
            units = units[:1]
        return [(*axes, size) for size in units], states
    with tf.init_scope():  # outside the trace, where weights have values
        function = trace_step(call.layer, call.x, call.states, call.dtype)
        return [(*axes, *output_dims(function, call.layer))], list(call.states)
