"""A Keras ``Bidirectional`` wrapper: one ONNX node where the two layers allow it, else two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from export.recurrent.call import Call
from export.recurrent.layer import finish, native_cells, state_sizes
from export.recurrent.mask import ValidSteps
from export.recurrent.native import Ran, joined, run_native
from export.recurrent.writer import Writer


def write_bidirectional(
    writer: Writer, call: Call, x: str, mask: str | None, states: Sequence[str]
) -> list[str]:
    """Writes a built ``keras.layers.Bidirectional`` by ONNX's own operators.

    Returns:
        Its outputs in the order of the layer's own, flat, states last.
    """
    pair = (call.layer.forward_layer, call.layer.backward_layer)
    answers = _run(writer, pair, x, mask, states)
    if _side_by_side(call, answers):
        return [joined(writer, answers[0]), *answers[0].states, *answers[1].states]
    outputs, final = [], []
    for index, ran in enumerate(answers):
        child = pair[index]
        # Keras flips the second layer's sequence, whichever direction that layer runs in.
        flip = bool(child.go_backwards) is (index == 0)
        output, *child_states = finish(writer, child, ran, mask, flip=flip)
        outputs.append(output)
        final.extend(child_states)
    return [*_merge(writer, call.layer.merge_mode, *outputs), *final]


def _side_by_side(call: Call, answers: Sequence[Ran]) -> bool:
    """Whether the operator's own sequence, reshaped, is the answer."""
    one_node = answers[0].both == answers[1].both
    whole = bool(call.layer.forward_layer.return_sequences)
    return one_node and whole and call.layer.merge_mode == "concat" and not call.masked


def _run(
    writer: Writer, pair: Sequence[Any], x: str, mask: str | None, states: Sequence[str]
) -> list[Ran]:
    valid = ValidSteps(writer, mask) if mask else None
    cells = [native_cells(child) or [] for child in pair]
    back = [bool(child.go_backwards) for child in pair]
    single = [len(stages) == 1 for stages in cells]
    if all(single) and cells[0][0].pairs_with(cells[1][0]) and not back[0]:
        both = [(stages[0], flag) for stages, flag in zip(cells, back, strict=True)]
        return run_native(writer, [both], x, valid, states)
    half = len(state_sizes(pair[0]))
    initial = (states[:half], states[half:])
    return [
        run_native(writer, [[(cell, back[k])] for cell in cells[k]], x, valid, initial[k])[0]
        for k in range(2)
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
