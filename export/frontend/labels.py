"""Logits to probabilities and label strings as ONNX operators."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from export.recurrent.writer import Writer
from zoo.processing.labels import Labels

ML = "ai.onnx.ml"
Tensors = dict[str, str]


def write(writer: Writer, part: Labels, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.labels.Labels``: the probabilities, and the label decided for."""
    logits = inputs[part.source]
    shares = writer.op("Softmax", logits, axis=-1)
    if part.threshold is None:
        place = writer.op("ArgMax", logits, axis=-1, keepdims=0)
    else:
        second = writer.op("Gather", shares, writer.constant(1, np.int64), axis=-1)
        least = writer.constant(part.threshold, np.float32, "threshold")
        reached = writer.op("GreaterOrEqual", second, least)
        place = writer.op("Cast", reached, to=TensorProto.INT64)
    label = writer.op(
        "LabelEncoder",
        place,
        domain=ML,
        keys_int64s=list(range(len(part.names))),
        values_strings=list(part.names),
    )
    return {part.probabilities: shares, part.label: label}
