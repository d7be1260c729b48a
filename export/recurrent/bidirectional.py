"""A Keras ``Bidirectional`` wrapper: one ONNX node where the two layers allow it, else two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.recurrent.layer import finish, native_cell
from export.recurrent.mask import ValidSteps
from export.recurrent.native import Ran, run_native
from export.recurrent.writer import Writer


def write_bidirectional(
    writer: Writer, layer: Any, x: str, valid: ValidSteps | None, states: Sequence[str]
) -> list[str]:
    """Writes a built ``keras.layers.Bidirectional``.

    Returns:
        Its outputs in the order of the layer's own, flat.
    """
    pair = (layer.forward_layer, layer.backward_layer)
    half = len(states) // 2
    initial = [states[:half], states[half:]] if states else []
    outputs, final = [], []
    for index, ran in enumerate(_run(writer, pair, x, valid, initial)):
        child = pair[index]
        # Keras flips the second layer's sequence, whichever direction that layer runs in.
        flip = bool(child.go_backwards) is (index == 0)
        output, *child_states = finish(writer, child, ran, valid, flip=flip)
        outputs.append(output)
        final.extend(child_states)
    return [*_merge(writer, layer.merge_mode, *outputs), *final]


def _run(
    writer: Writer,
    pair: Sequence[Any],
    x: str,
    valid: ValidSteps | None,
    initial: Sequence[Sequence[str]],
) -> list[Ran]:
    cells = [(native_cell(child), bool(child.go_backwards)) for child in pair]
    if cells[0][0].pairs_with(cells[1][0]) and not cells[0][1]:
        return run_native(writer, cells, x, valid, initial)
    return [
        run_native(writer, [cell], x, valid, initial[k : k + 1])[0] for k, cell in enumerate(cells)
    ]


def _merge(writer: Writer, mode: str | None, forward: str, backward: str) -> list[str]:
    if mode is None:
        return [forward, backward]
    if mode == "concat":
        return [writer.op("Concat", forward, backward, axis=-1)]
    if mode == "mul":
        return [writer.op("Mul", forward, backward)]
    total = writer.op("Add", forward, backward)
    if mode == "ave":
        return [writer.op("Div", total, writer.constant(2.0, np.float32))]
    return [total]
