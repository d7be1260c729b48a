"""Windows on a scale of their own, and forecasts back in units, in ONNX.

The arithmetic is in float64, as in numpy.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from export.recurrent.writer import Writer
from zoo.processing.own_scale import ROUNDING, FromOwnScale, OwnScale
from zoo.processing.price_band import STILL, FromOwnReturns, OwnReturns

Tensors = dict[str, str]


def write_own_scale(writer: Writer, part: OwnScale, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.own_scale.OwnScale``: ``history``, ``centre`` and ``spread``."""
    shares = np.full((part.series.look_back, 1), 1 / part.series.look_back)
    mean = writer.constant(shares, np.float64, "shares")  # ReduceMean's form depends on the opset
    values = inputs["history"]
    centre = writer.op("MatMul", values, mean)
    centred = writer.op("Sub", values, centre)
    spread = writer.op("Sqrt", writer.op("MatMul", writer.op("Mul", centred, centred), mean))
    least = writer.op("Mul", _number(writer, ROUNDING), writer.op("Abs", centre))
    spread, scaled = _over(writer, centred, spread, least)
    return {"history": scaled, "centre": centre, "spread": spread}


def write_from_own_scale(writer: Writer, part: FromOwnScale, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.own_scale.FromOwnScale``: ``forecast`` in units, sorted."""
    return {"forecast": _back(writer, len(part.series.quantiles), inputs)}


def write_own_returns(writer: Writer, part: OwnReturns, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.price_band.OwnReturns``: ``history``, ``centre`` and ``spread``."""
    steps = part.series.look_back
    logs = writer.op("Log", inputs["history"])
    axis = writer.ints(1)
    first, second, last, end = (writer.ints(x) for x in (0, 1, steps - 1, steps))
    later = writer.op("Slice", logs, second, end, axis)
    returns = writer.op("Sub", later, writer.op("Slice", logs, first, last, axis))
    weights = writer.constant(part.series.weights()[:, None], np.float64, "weights")
    squares = writer.op("MatMul", writer.op("Mul", returns, returns), weights)
    spread, scaled = _over(writer, returns, writer.op("Sqrt", squares), _number(writer, STILL))
    return {
        "history": scaled,
        "centre": writer.op("Slice", logs, last, end, axis),
        "spread": spread,
    }


def write_from_own_returns(writer: Writer, part: FromOwnReturns, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.price_band.FromOwnReturns``: ``forecast`` as prices, sorted."""
    return {"forecast": writer.op("Exp", _back(writer, len(part.series.quantiles), inputs))}


def _over(writer: Writer, values: str, spread: str, least: str) -> tuple[str, str]:
    """The spread, 0 where it is not above ``least``; and the values over it, float32."""
    varies = writer.op("Greater", spread, least)
    zero, one = _number(writer, 0.0), _number(writer, 1.0)
    spread, divisor = (writer.op("Where", varies, spread, other) for other in (zero, one))
    return spread, writer.op("Cast", writer.op("Div", values, divisor), to=TensorProto.FLOAT)


def _back(writer: Writer, levels: int, inputs: Tensors) -> str:
    """Sorted quantiles times spread plus centre."""
    last = writer.ints(2)
    centre, spread = (writer.op("Unsqueeze", inputs[name], last) for name in ("centre", "spread"))
    values = writer.op("Cast", inputs["forecast"], to=TensorProto.DOUBLE)
    count = writer.ints(levels)
    ordered = writer.many("TopK", 2, values, count, axis=-1, largest=0, sorted=1)[0]
    return writer.op("Add", centre, writer.op("Mul", spread, ordered))


def _number(writer: Writer, value: float) -> str:
    return writer.constant(value, np.float64)
