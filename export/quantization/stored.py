"""Weights stored small and made float32 when the file is loaded.

A tensor keeps its name: instead of a constant it is what ``Cast`` (and, for int8, ``Mul`` by the
scale) makes of a smaller one. onnxruntime computes that once, when it loads the file, so answers
cost as before; every other runtime of ONNX knows these operators too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, numpy_helper

from export.quantization.graph import Editor, attribute, is_weight
from export.quantization.product import finish
from export.quantization.weights import STORED_LIMIT, integers
from export.recurrent.writer import Writer

_FLOAT = 1
SMALLEST_HALF = 64  # values; scalars such as an epsilon would become zero
SMALLEST_INTEGER = 512
_NARROW, _LONG = 16, 2048  # a long table of narrow rows: scales of the rows would outweigh them
_LARGEST_HALF = float(np.finfo(np.float16).max)


def halves(editor: Editor) -> list[str]:
    """Names of the weights that float16 can hold."""
    names = []
    for name in editor.readers():
        array = editor.weights(name)
        if is_weight(array, SMALLEST_HALF) and np.abs(array).max() <= _LARGEST_HALF:
            names.append(name)
    return names


def store_halves(editor: Editor) -> int:
    """Stores weights as float16; returns how many."""
    names = halves(editor)
    for name in names:
        writer = Writer(name)
        half = writer.constant(editor.weights(name), np.float16, "half")
        finish(writer, {writer.op("Cast", half, to=_FLOAT): name})
        editor.replace_weights(name, writer)
    return len(names)


def rounded_to_half(model: ModelProto) -> ModelProto:
    """The model with the weights that ``store_halves`` stores rounded to float16, in float32."""
    editor = Editor(model)
    names = set(halves(editor))
    for tensor in editor.model.graph.initializer:
        if tensor.name in names:
            rounded = editor.weights(tensor.name).astype(np.float16).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(rounded, tensor.name))
    return editor.model


def store_integers(editor: Editor) -> int:
    """Stores the weights of layers as int8; returns how many.

    Each output has a scale of its own, but in long tables of narrow rows, which have one in all.
    """
    count = 0
    for name, uses in editor.readers().items():
        array = editor.weights(name)
        summed = [axes for use in uses if (axes := _summed(*use, array)) is not None]
        if not is_weight(array, SMALLEST_INTEGER) or not summed:
            continue
        rows = array.size // np.prod([array.shape[axis] for axis in summed[0]], dtype=int)
        narrow = rows > _LONG and array.size < _NARROW * rows
        axes = tuple(range(array.ndim)) if narrow else summed[0]
        small = integers(array, axes, STORED_LIMIT)
        writer = Writer(name)
        values = writer.constant(small.values, np.int8, "int8")
        scale = writer.constant(small.scale, np.float32, "scale")
        whole = writer.op("Mul", writer.op("Cast", values, to=_FLOAT), scale)
        finish(writer, {whole: name})
        editor.replace_weights(name, writer)
        count += 1
    return count


def _summed(node: NodeProto, place: int, array: Any) -> tuple[int, ...] | None:
    """The axes that an operator sums over in its weights; None for what is no weight."""
    kind, rank = node.op_type, getattr(array, "ndim", 0)
    if kind in ("LSTM", "GRU", "RNN") and place in (1, 2):
        return (2,)
    if kind in ("MatMul", "Gemm") and rank == 2 and place in (0, 1):
        turned = kind == "Gemm" and attribute(node, "transB" if place else "transA", 0)
        return (place if turned else 1 - place,)
    if kind == "Conv" and place == 1:
        return tuple(range(1, rank))
    if kind == "Gather" and place == 0 and rank == 2 and not attribute(node, "axis", 0):
        return (1,)
    return None
