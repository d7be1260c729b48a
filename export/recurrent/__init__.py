"""How a Keras recurrent layer becomes ONNX nodes; one form a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from export.recurrent.bidirectional import write_bidirectional
from export.recurrent.layer import check_layer, write_layer
from export.recurrent.mask import ValidSteps
from export.recurrent.writer import Writer
from zoo.errors import ExportError

__all__ = ["Writer", "check_recurrent", "write_recurrent"]


def check_recurrent(layer: Any) -> None:
    """Checks that a recurrent layer or a ``Bidirectional`` of two has an ONNX form.

    Raises:
        ExportError: It has none; the sentence names the layer and the reason.
    """
    if not isinstance(layer, keras.layers.Bidirectional):
        check_layer(layer)
        return
    if type(layer).call is not keras.layers.Bidirectional.call:
        raise ExportError(
            f"layer {layer.name!r} cannot be exported: {type(layer).__name__} overrides `call`; "
            "use keras.layers.Bidirectional as it is"
        )
    for child in (layer.forward_layer, layer.backward_layer):
        if not isinstance(child, keras.layers.RNN):
            raise ExportError(
                f"layer {layer.name!r} cannot be exported: it wraps a {type(child).__name__}, "
                "which is no recurrent layer of Keras"
            )
        check_layer(child)


def write_recurrent(
    writer: Writer, layer: Any, x: str, mask: str | None, states: Sequence[str]
) -> list[str]:
    """Writes the ONNX nodes of one call of a recurrent layer.

    Args:
        writer: Receives nodes and constants.
        layer: A built layer that ``check_recurrent`` accepts.
        x: Name of the input ``(batch, time, features)``, float32.
        mask: Name of the mask ``(batch, time)``, bool, or None.
        states: Names of the initial states ``(batch, units)``, in Keras' order; empty for zeros.

    Returns:
        Names of the layer's outputs, flat, in Keras' order.
    """
    valid = ValidSteps(writer, mask) if mask else None
    if isinstance(layer, keras.layers.Bidirectional):
        return write_bidirectional(writer, layer, x, valid, states)
    return write_layer(writer, layer, x, valid, states)
