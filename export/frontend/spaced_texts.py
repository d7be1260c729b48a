"""Texts to the codes of the words between their spaces as ONNX operators; opset 20 has them all."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from export.frontend.labels import ML
from export.recurrent.writer import Writer
from zoo.processing.spaced_texts import SpacedTexts
from zoo.processing.vocabulary import PADDING, UNKNOWN

OPSET = 20
Tensors = dict[str, str]


def write(writer: Writer, part: SpacedTexts, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.spaced_texts.SpacedTexts``.

    ``StringNormalizer`` needs a locale that exists everywhere, C.UTF-8, and ``StringSplit`` fills
    shorter rows with empty pieces, which count as padding.

    Args:
        writer: Collects the nodes.
        part: What is written.
        inputs: The tensor ``text`` (batch,).

    Returns:
        The tensors ``tokens`` int32 (batch, time) and ``lengths`` int32 (batch,).
    """
    small = writer.op(
        "StringNormalizer", inputs["text"], case_change_action="LOWER", locale="C.UTF-8"
    )
    words, counts = writer.many("StringSplit", 2, small, delimiter="")
    known = {"": PADDING, **part.codec.table}
    codes = writer.op(
        "LabelEncoder",
        words,
        domain=ML,
        keys_strings=list(known),
        values_int64s=list(known.values()),
        default_int64=UNKNOWN,
    )
    one = writer.ints(1)
    read = writer.op("Min", counts, writer.ints(part.codec.longest))
    lengths = writer.op("Max", read, one)
    longer = writer.op("Pad", codes, writer.ints(0, 0, 0, 1))  # where no row has a word
    most = writer.op("ReduceMax", lengths, keepdims=1)
    cut = writer.op("Slice", longer, writer.ints(0), most, one)
    # The first place of a row without a word holds 0: make it the unknown word.
    empty = writer.op("Equal", writer.op("Unsqueeze", counts, one), writer.constant(0, np.int64))
    places = writer.op(
        "Range",
        writer.constant(0, np.int64),
        writer.op("Squeeze", most),
        writer.constant(1, np.int64),
    )
    first = writer.op("Equal", places, writer.constant(0, np.int64))
    wordless = writer.op("And", empty, first)
    tokens = writer.op("Where", wordless, writer.constant(UNKNOWN, np.int64), cut)
    return {
        "tokens": writer.op("Cast", tokens, to=TensorProto.INT32),
        "lengths": writer.op("Cast", lengths, to=TensorProto.INT32),
    }
