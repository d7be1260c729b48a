"""A Keras ``TimeDistributed`` wrapper without a loop: time is folded into the batch.

In a graph, where the time axis is open, the wrapper of Keras 3.15 maps over as many steps as the
batch has rows; run eagerly it maps over all steps. This form answers as the eager one does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf


def folded(layers: Iterable[Any]) -> dict[tuple[Any, str], Callable[..., Any]]:
    """Stand-ins for the ``call`` of all ``TimeDistributed`` layers that are Keras' own."""
    kind = keras.layers.TimeDistributed
    return {
        (layer, "call"): _call(layer)
        for layer in layers
        if isinstance(layer, kind) and type(layer).call is kind.call
    }


def _call(wrapper: Any) -> Callable[..., Any]:
    def call(inputs: Any, training: Any = None, mask: Any = None) -> Any:
        layer, options = wrapper.layer, {}
        if layer._call_has_mask_arg and mask is not None:
            options["mask"] = _fold(mask)
        if layer._call_has_training_arg:
            options["training"] = training
        outputs = layer.call(_fold(inputs), **options)
        shape = tf.concat([tf.shape(inputs)[:2], tf.shape(outputs)[1:]], 0)
        return tf.ensure_shape(tf.reshape(outputs, shape), (*inputs.shape[:2], *outputs.shape[1:]))

    return call


def _fold(tensor: Any) -> Any:
    """``(batch, time, ...)`` as ``(batch * time, ...)``."""
    batch, time, *rest = tensor.shape
    count = None if batch is None or time is None else batch * time
    shape = tf.concat([[-1], tf.shape(tensor)[2:]], 0)
    return tf.ensure_shape(tf.reshape(tensor, shape), (count, *rest))
