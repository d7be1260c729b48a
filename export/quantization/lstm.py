"""ONNX's LSTM as onnxruntime's ``DynamicQuantizeLSTM``: the same gates, int8 products."""

from __future__ import annotations

import numpy as np
from onnx import NodeProto, helper

from export.quantization.graph import MICROSOFT, Editor
from export.quantization.weights import PRODUCT_LIMIT, integers
from export.recurrent.writer import Writer

_INPUTS = 8  # X, W, R, B, sequence_lens, initial_h, initial_c, P


def integer_lstm(editor: Editor, node: NodeProto) -> Writer | None:
    """The node that replaces an LSTM; None where its weights are no constants.

    The operator quantises its input once a call and the state once a step; masks
    (``sequence_lens``), initial states, both directions and all activations stay as they are.
    """
    kernels = [editor.weights(name) for name in node.input[1:3]]
    if any(kernel is None for kernel in kernels):
        return None
    writer = Writer(node.name)
    values, scales = [], []
    for label, kernel in zip("WR", kernels, strict=True):
        # LSTM holds (directions, gates, inner), the integer operator (directions, inner, gates).
        small = integers(kernel.transpose(0, 2, 1), (1,), PRODUCT_LIMIT)
        values.append(writer.constant(small.values, np.int8, label))
        zero = np.zeros_like(small.scale[:, 0], dtype=np.int8)
        scales += [
            writer.constant(small.scale[:, 0], np.float32, f"{label}_scale"),
            writer.constant(zero, np.int8, f"{label}_zero"),
        ]
    rest = list(node.input[3:]) + [""] * (_INPUTS - len(node.input))
    made = helper.make_node(
        "DynamicQuantizeLSTM",
        [node.input[0], *values, *rest, *scales],
        list(node.output),
        name=node.name,
        domain=MICROSOFT,
    )
    made.attribute.extend(node.attribute)
    writer.nodes.append(made)
    editor.use_microsoft()
    return writer
