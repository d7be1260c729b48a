"""The exporter chooses forms by what was measured, or as it is told."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

import export
from export.recurrent import forms as table
from export.recurrent.forms import NEVER, Forms
from export.recurrent.timing import BATCHES, candidates
from export.timing import interleaved, session
from tests.export import made
from tests.export.stock import operators

LAYERS = keras.layers


def _layer(kind: Any, units: int = 64, **options: Any) -> Any:
    layer = kind(units, **options)
    layer.build((None, None, 3))
    return layer


def test_the_table_holds_every_cell_role_activation_and_size() -> None:
    measured = table._table()
    assert tuple(measured["batch"]) == BATCHES
    for cell, role, activation, units in candidates():
        figures = measured["speedup"][cell][role][activation][str(units)]
        assert len(figures) == len(BATCHES) and all(0 < figure < 50 for figure in figures)


def test_usual_lstm_and_gru_layers_are_native_at_every_batch_size() -> None:
    for kind, units in ((LAYERS.LSTM, 32), (LAYERS.LSTM, 256), (LAYERS.GRU, 32), (LAYERS.GRU, 256)):
        assert Forms().scan_from(_layer(kind, units)) == NEVER


def test_a_form_that_is_good_at_one_batch_size_only_is_chosen_there() -> None:
    layer = _layer(LAYERS.SimpleRNN)
    assert 1 < Forms().scan_from(layer) <= 32
    assert Forms().scan_from(layer, batch=1) == NEVER
    assert Forms().scan_from(layer, batch=32) == 1
    assert Forms(optimize_for="latency").scan_from(layer) == NEVER
    assert Forms(optimize_for="throughput").scan_from(layer) == 1
    assert Forms("native").scan_from(layer) == NEVER
    assert Forms("scan").scan_from(layer) == 1


def test_stacked_cells_go_with_the_one_that_leaves_the_native_form_first() -> None:
    stacked = LAYERS.RNN([LAYERS.LSTMCell(8), LAYERS.SimpleRNNCell(64)])
    stacked.build((None, None, 3))
    assert Forms().scan_from(stacked) == Forms().scan_from(_layer(LAYERS.SimpleRNN))


def test_what_onnx_has_no_operator_for_is_a_scan_whatever_is_asked() -> None:
    for layer in (
        _layer(LAYERS.GRU, activation="gelu"),
        _layer(LAYERS.LSTM, recurrent_activation=lambda x: x * 0.5),
        _layer(LAYERS.GRU, dtype="float64"),
    ):
        assert Forms("native").scan_from(layer) == 1


def test_figures_decide_from_which_batch_size_on() -> None:
    assert table._first_gain([0.5, 0.9, 1.0, 1.3, 2.0]) == 16
    assert table._first_gain([1.5, 1.4, 1.3, 1.3, 2.0]) == 1
    assert table._first_gain([1.5, 1.4, 1.3, 1.3, 1.2]) == NEVER == sys.maxsize


def test_two_forms_stand_behind_an_if_and_both_answer(tmp_path: Path) -> None:
    given = {k: v for k, v in made.inputs().items() if k in ("x", "mask")}
    layer = LAYERS.SimpleRNN(64, return_sequences=True, return_state=True, name="simple")
    model = made.model(given.values(), made.named(layer(given["x"], mask=given["mask"]), "out"))
    sample = made.masked_sample(given)
    found = {}
    for words in ({}, {"optimize_for": "latency"}, {"optimize_for": "throughput"}):
        report = export.to_onnx(model, tmp_path / "m.onnx", cases=8, sample=sample, **words)
        found[words.get("optimize_for", "")] = operators(report.path) & {"If", "RNN", "Scan"}
    assert found == {"": {"If", "RNN", "Scan"}, "latency": {"RNN"}, "throughput": {"Scan"}}


def test_what_depends_on_the_input_alone_leaves_the_loop(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    for layer, products in ((LAYERS.LSTM(4), 1), (LAYERS.GRU(4, activation="gelu"), 1)):
        model = made.model([x], layer(x))
        export.to_onnx(model, tmp_path / "m.onnx", form="scan", cases=3)
        graph = onnx.load(tmp_path / "m.onnx").graph
        (scan,) = [node for node in graph.node if node.op_type == "Scan"]
        (body,) = [item.g for item in scan.attribute if item.name == "body"]
        inside = [node.op_type for node in body.node]
        inside = [kind for kind in inside if kind in ("MatMul", "Gemm")]
        assert len(inside) == products  # that of the state; the input's is outside
        assert [node.op_type for node in graph.node].count("MatMul") == 1


def test_interleaved_runs_are_timed_each() -> None:
    x = keras.Input((None, 3), name="x")
    from export.onnx_model import unproven

    model = made.model([x], LAYERS.GRU(4, name="gru")(x))
    sessions = [session(unproven(model, Forms(form))) for form in ("native", "scan")]
    feed = {"x": np.zeros((1, 5, 3), np.float32)}
    times = interleaved(sessions, [feed, feed], seconds=0.0)
    assert len(times) == 2 and all(0 < seconds < 60 for seconds in times)


@pytest.mark.parametrize("opset", [13, 18, 22])
def test_both_forms_pass_in_old_and_new_opsets(opset: int, tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    model = made.model([x], LAYERS.SimpleRNN(64, name="simple")(LAYERS.Masking()(x)))
    report = export.to_onnx(model, tmp_path / "m.onnx", opset=opset, cases=4)
    file = onnx.load(report.path)
    assert [item.version for item in file.opset_import] == [opset]
    assert file.ir_version <= 10
