"""The activations of an ONNX recurrent node as nodes of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from onnx import NodeProto

from export.quantization.graph import attribute
from export.recurrent.activation import Activation
from export.recurrent.writer import Writer

# What each function takes; those that Keras' layers are exported with.
_PARAMETERS = {
    "Sigmoid": "",
    "Tanh": "",
    "Relu": "",
    "Softsign": "",
    "Softplus": "",
    "Elu": "alpha",
    "LeakyRelu": "alpha",
    "HardSigmoid": "alpha beta",
    "Affine": "alpha beta",
}


def activations_of(node: NodeProto) -> list[Activation] | None:
    """The functions of a recurrent node in the operator's order; None if one is unknown here."""
    names = attribute(node, "activations", [])
    values = {key: iter(attribute(node, f"activation_{key}", [])) for key in ("alpha", "beta")}
    if not names or any(name not in _PARAMETERS for name in names):
        return None
    return [Activation(name, *_taken(name, values)) for name in names]


def write_activation(writer: Writer, form: Activation, x: str) -> str:
    """Writes one function over a tensor."""
    if form.name == "Affine":
        scaled = writer.op("Mul", x, writer.constant(form.alpha or 0.0, np.float32))
        return writer.op("Add", scaled, writer.constant(form.beta or 0.0, np.float32))
    given: dict[str, Any] = {"alpha": form.alpha, "beta": form.beta}
    return writer.op(form.name, x, **{k: v for k, v in given.items() if v is not None})


def _taken(name: str, values: dict[str, Iterator[float]]) -> list[float | None]:
    return [next(values[key], None) if key in _PARAMETERS[name] else None for key in values]
