"""Series and features in their own units to standardised values, and forecasts back, in ONNX.

The arithmetic is in float64, as in numpy: a small change of a large value must not be lost.
"""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

from export.recurrent.writer import Writer
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.histories import InUnits, Standardised, dtype_of
from zoo.processing.series import SeriesProcessing

Tensors = dict[str, str]


def write_standardised(writer: Writer, part: Standardised, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.histories.Standardised``: ``history`` in units to standardised."""
    series = part.series
    values = writer.op("Cast", inputs["history"], to=TensorProto.DOUBLE)
    if series.transform == "log":
        values = writer.op("Log", values)
    return {"history": _scaled(writer, values, series)}


def write_feature_rows(writer: Writer, part: FeatureRows, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.feature_rows.FeatureRows``: ``values`` to ``features``."""
    values = writer.op("Cast", inputs["values"], to=TensorProto.DOUBLE)
    return {"features": _scaled(writer, values, part)}


def _scaled(writer: Writer, values: str, part: SeriesProcessing | FeatureRows) -> str:
    centred = writer.op("Sub", values, writer.constant(part.means, np.float64, "means"))
    scaled = writer.op("Div", centred, writer.constant(part.stds, np.float64, "stds"))
    return writer.op("Cast", scaled, to=TensorProto.FLOAT)


def write_in_units(writer: Writer, part: InUnits, inputs: Tensors) -> Tensors:
    """Writes ``zoo.processing.histories.InUnits``: ``forecast`` in units, quantiles sorted."""
    series = part.series
    shape = (-1, 1) if series.quantiles else (-1,)
    stds, means = np.reshape(series.stds, shape), np.reshape(series.means, shape)
    values = writer.op("Cast", inputs["forecast"], to=TensorProto.DOUBLE)
    scaled = writer.op("Mul", values, writer.constant(stds, np.float64, "stds"))
    values = writer.op("Add", scaled, writer.constant(means, np.float64, "means"))
    if series.transform == "log":
        values = writer.op("Exp", values)
    if len(series.quantiles) > 1:
        count = writer.ints(len(series.quantiles))
        values = writer.many("TopK", 2, values, count, axis=-1, largest=0, sorted=1)[0]
    dtype = helper.np_dtype_to_tensor_dtype(np.dtype(dtype_of(series)))
    return {"forecast": writer.op("Cast", values, to=dtype)}
