"""Marks each call of a recurrent layer by one opaque operator while a model is traced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from export.recurrent import check_recurrent
from zoo.errors import ExportError


@dataclass(frozen=True)
class Mark:
    """One call of a recurrent layer; the operator's inputs are x, the mask, the initial states."""

    layer: Any
    masked: bool


class Marks:
    """The calls met during one trace, by token."""

    def __init__(self) -> None:
        self.calls: dict[str, Mark] = {}
        self.refusal: ExportError | None = None

    def function(self, layer: Any) -> Callable[..., Any]:
        """A stand-in for ``layer.call`` that leaves a mark and tensors of the right shapes."""

        def call(
            sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = False
        ) -> Any:
            try:
                return self._mark(layer, sequences, initial_state, mask, training)
            except ExportError as error:
                # Keras and TensorFlow wrap what is raised inside a trace; this keeps the sentence.
                self.refusal = error
                raise

        return call

    def _mark(self, layer: Any, x: Any, initial: Any, mask: Any, training: Any) -> Any:
        with tf.init_scope():  # outside the trace, where weights have values
            check_recurrent(layer)
        if training is not None and training is not False:
            raise ExportError(
                f"layer {layer.name!r} is called with training={training!r}; "
                "an exported model answers as at inference, so leave `training` out of the call"
            )
        inputs = [tf.cast(x, tf.float32)]
        mask = next(iter(mask), None) if keras.tree.is_nested(mask) else mask
        if mask is not None:
            mask = tf.cast(mask, tf.bool)
            inputs.append(tf.squeeze(mask, -1) if len(mask.shape) == 3 else mask)
        states = [] if initial is None else keras.tree.flatten(initial)
        inputs += [tf.cast(state, tf.float32) for state in states]
        shapes = output_shapes(layer, tuple(x.shape))
        if states and len(states) != state_count(layer):
            raise ExportError(
                f"layer {layer.name!r} is given {len(states)} initial states "
                f"but has {state_count(layer)}"
            )
        token = f"recurrent_{len(self.calls)}"
        self.calls[token] = Mark(layer, mask is not None)
        raw = tf.raw_ops.PyFunc(input=inputs, token=token, Tout=[tf.float32] * len(shapes))
        outputs = [tf.ensure_shape(*pair) for pair in zip(raw, shapes, strict=True)]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _children(layer: Any) -> list[Any]:
    if isinstance(layer, keras.layers.Bidirectional):
        return [layer.forward_layer, layer.backward_layer]
    return [layer]


def _state_sizes(layer: Any) -> list[int]:
    sizes = [keras.tree.flatten(child.cell.state_size) for child in _children(layer)]
    return [int(size) for flat in sizes for size in flat]


def state_count(layer: Any) -> int:
    """Number of state tensors of a recurrent layer; a ``Bidirectional`` has those of both."""
    return len(_state_sizes(layer))


def output_shapes(layer: Any, x: tuple[int | None, ...]) -> list[tuple[int | None, ...]]:
    """Shapes of the layer's outputs, flat and in Keras' order, for an input of shape ``x``."""
    batch, time = x[:2]
    axes = (batch, time) if layer.return_sequences else (batch,)
    units = [int(child.cell.units) for child in _children(layer)]
    if len(units) == 1 or layer.merge_mode is None:
        widths = units
    else:
        widths = [sum(units) if layer.merge_mode == "concat" else units[0]]
    states = _state_sizes(layer) if layer.return_state else []
    return [(*axes, width) for width in widths] + [(batch, size) for size in states]
