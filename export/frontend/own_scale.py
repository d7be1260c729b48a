"""Windows on a scale of their own, and forecasts back in units, in ONNX; arithmetic in float64."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from export.recurrent.writer import Writer
from zoo.processing.own_scale import ROUNDING, FromOwnScale, OwnScale

Tensors = dict[str, str]


def write_own_scale(writer: Writer, part: OwnScale, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.own_scale.OwnScale``: ``history``, ``centre`` and ``spread``."""
    shares = np.full((part.series.look_back, 1), 1 / part.series.look_back)
    mean = writer.constant(shares, np.float64, "shares")  # ReduceMean's form depends on the opset
    values = inputs["history"]
    centre = writer.op("MatMul", values, mean)
    centred = writer.op("Sub", values, centre)
    spread = writer.op("Sqrt", writer.op("MatMul", writer.op("Mul", centred, centred), mean))
    least = writer.constant(ROUNDING, np.float64, "rounding")
    zero, one = (writer.constant(x, np.float64, name) for x, name in ((0.0, "zero"), (1.0, "one")))
    varies = writer.op("Greater", spread, writer.op("Mul", least, writer.op("Abs", centre)))
    spread, divisor = (writer.op("Where", varies, spread, other) for other in (zero, one))
    scaled = writer.op("Cast", writer.op("Div", centred, divisor), to=TensorProto.FLOAT)
    return {"history": scaled, "centre": centre, "spread": spread}


def write_from_own_scale(writer: Writer, part: FromOwnScale, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.own_scale.FromOwnScale``: ``forecast`` in units, sorted."""
    last = writer.ints(2)
    centre, spread = (writer.op("Unsqueeze", inputs[name], last) for name in ("centre", "spread"))
    values = writer.op("Cast", inputs["forecast"], to=TensorProto.DOUBLE)
    count = writer.ints(len(part.series.quantiles))
    ordered = writer.many("TopK", 2, values, count, axis=-1, largest=0, sorted=1)[0]
    return {"forecast": writer.op("Add", centre, writer.op("Mul", spread, ordered))}
