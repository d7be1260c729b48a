"""Models of other types than float32: what the file computes in, and how far that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

import export
from export.proof.comparison import precision_gap
from tests.export import made
from zoo.errors import ExportError

LAYERS = keras.layers
NAMES = {1: "float32", 10: "float16", 11: "float64"}


def _model(policy: str) -> Any:
    x = keras.Input((None, 3), name="x")
    h = LAYERS.Bidirectional(LAYERS.LSTM(4, dtype=policy, return_sequences=True), dtype=policy)(x)
    h = LAYERS.LayerNormalization(dtype=policy)(h)
    h = LAYERS.GRU(4, dtype=policy, name="gru")(h)
    return made.model([x], LAYERS.Dense(2, dtype=policy, name="scores")(h))


@pytest.mark.parametrize(
    ("policy", "output", "lost"),
    [
        ("float32", "float32", False),
        ("mixed_float16", "float16", True),
        ("float16", "float16", True),
        ("mixed_bfloat16", "float32", True),
        ("float64", "float64", False),
    ],
)
def test_types_of_output_tolerance_and_what_rounding_loses(
    policy: str, output: str, lost: bool, tmp_path: Path
) -> None:
    model = _model(policy)
    policies = [layer.dtype_policy.name for layer in model.layers]
    report = export.to_onnx(model, tmp_path / "m.onnx", cases=6)
    assert [layer.dtype_policy.name for layer in model.layers] == policies
    (port,) = onnx.load(report.path).graph.output
    assert NAMES[port.type.tensor_type.elem_type] == output
    assert report.tolerance == {"scores": {"float16": 1e-3, "float64": 1e-10}.get(output, 1e-5)}
    assert bool(report.lost_precision) is lost
    if lost:
        assert 0 < report.lost_precision["scores"] < 0.2


def test_lstm_and_gru_of_low_precision_are_native(tmp_path: Path) -> None:
    export.to_onnx(_model("mixed_float16"), tmp_path / "m.onnx", cases=3)
    kinds = [node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node]
    assert {"LSTM", "GRU"} <= set(kinds) and not {"Loop", "Scan"} & set(kinds)


def test_what_rounding_cannot_explain_is_refused() -> None:
    near = {"y": np.array([1.0, 2.0], np.float16)}, {"y": np.array([1.001, 2.001], np.float16)}
    assert 0 < precision_gap([near], "float16")["y"] < 2e-3
    far = {"y": np.array([1.0], np.float16)}, {"y": np.array([1.2], np.float16)}
    with pytest.raises(ExportError, match=r"'y' computed in float16 differs by 0\.2"):
        precision_gap([far], "float16")
    assert precision_gap([far], "bfloat16")["y"] == pytest.approx(0.2, abs=1e-3)
