"""Tables that stand once in a file: the same answers, for tied layers of any kind."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import ModelProto, helper, numpy_helper

import export
from export.graph.twins import SMALLEST, part_twins, share_twins
from zoo.layers.tied import TiedEmbedding

CODES, SIZE = 300, 40


def _tied(table: np.ndarray, transposed: np.ndarray, other: np.ndarray) -> ModelProto:
    """Codes -> vectors of `table` -> logits by `transposed`, and by `other`."""
    nodes = [
        helper.make_node("Gather", ["table", "codes"], ["vectors"]),
        helper.make_node("MatMul", ["vectors", "transposed"], ["logits"]),
        helper.make_node("MatMul", ["vectors", "other"], ["more"]),
    ]
    codes = helper.make_tensor_value_info("codes", onnx.TensorProto.INT64, ["batch"])
    outputs = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", None])
        for name in ("logits", "more")
    ]
    arrays = {"table": table, "transposed": transposed, "other": other}
    constants = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    graph = helper.make_graph(nodes, "tied", [codes], outputs, constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def _answers(model: ModelProto) -> list[np.ndarray]:
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    answers: list[np.ndarray] = session.run(None, {"codes": np.arange(7)})
    return answers


@given(st.integers(7, 150), st.integers(1, 150), st.integers(0, 9))
def test_only_transposes_are_shared_and_answers_stay(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = rng.normal(size=(rows, columns)).astype(np.float32)
    near = np.ascontiguousarray(table.T)
    near[-1, -1] += 1
    model = _tied(table, np.ascontiguousarray(table.T), near)
    expected, whole = _answers(model), [t.name for t in model.graph.initializer]
    shared = share_twins(model)
    assert shared == (table.size >= SMALLEST)
    assert [t.name for t in model.graph.initializer] == (["table", "other"] if shared else whole)
    for answer, original in zip(_answers(model), expected, strict=True):
        np.testing.assert_array_equal(answer, original)
    assert part_twins(model) == shared
    assert sorted(t.name for t in model.graph.initializer) == sorted(whole)
    assert not [node for node in model.graph.node if node.op_type == "Transpose"]


def _network(kind: str) -> keras.Model:
    layer = (TiedEmbedding if kind == "ours" else keras.layers.ReversibleEmbedding)(CODES, SIZE)
    codes = keras.Input((None,), dtype="int32", name="codes")
    features = keras.layers.GRU(SIZE, return_sequences=True)(layer(codes))
    return keras.Model(codes, layer(features, reverse=True))


@pytest.mark.parametrize("kind", ["ours", "keras"])
def test_a_tied_embedding_stands_once_in_files(kind: str, tmp_path: Path) -> None:
    model = _network(kind)
    for form, width in (("float32", 4), ("float16", 2), ("int8", 1)):
        path = tmp_path / f"{form}.onnx"
        if form == "float32":
            export.to_onnx(model, path, cases=3)
        else:
            export.quantize(tmp_path / "float32.onnx", path, form, products="float", cases=3)
        constants = onnx.load(path).graph.initializer
        sizes = [
            len(tensor.raw_data) for tensor in constants if np.prod(tensor.dims) == CODES * SIZE
        ]
        assert sizes == [CODES * SIZE * width]
