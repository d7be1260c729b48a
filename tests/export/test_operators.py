"""Operators around recurrent layers: found where ONNX lacks them, written where it can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

import export
from export.graph.rebuild import captured, needs, subgraphs
from tests.export import made
from tests.export.stock import operators
from zoo.errors import ExportError

LAYERS = keras.layers
ops = keras.ops


class While(LAYERS.Layer):
    """A loop of the user's own."""

    def call(self, x: Any) -> Any:
        steps = ops.shape(x)[1]

        def body(i: Any, h: Any) -> Any:
            return i + 1, ops.tanh(h + ops.take(x, i, axis=1))

        start = (ops.convert_to_tensor(0, dtype="int32"), ops.zeros_like(x[:, 0]))
        return ops.while_loop(lambda i, _: i < steps, body, start)[1]

    def compute_output_shape(self, shape: Any) -> Any:
        return shape[0], shape[2]


class Either(LAYERS.Layer):
    """A branch of the user's own."""

    def call(self, x: Any) -> Any:
        return ops.cond(ops.sum(x) > 0, lambda: x * 2, lambda: -x)

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


class OwnScan(LAYERS.Layer):
    """A loop with a list of tensors, which tf2onnx cannot convert."""

    def call(self, x: Any) -> Any:
        def step(carry: Any, one: Any) -> Any:
            carry = ops.tanh(carry + one)
            return carry, carry

        steps = ops.transpose(x, (1, 0, 2))
        return ops.transpose(ops.scan(step, ops.zeros_like(steps[0]), steps)[1], (1, 0, 2))

    def compute_output_shape(self, shape: Any) -> Any:
        return shape


def _recurrent(x: Any) -> Any:
    return LAYERS.GRU(4, return_sequences=True, name="gru")(x)


def test_operators_that_tf2onnx_leaves_are_written(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    y = LAYERS.GRU(4, name="gru")(x)
    outputs = {
        "gelu": LAYERS.Activation("gelu")(y),
        "celu": LAYERS.Activation("celu")(y),
        "sparsemax": LAYERS.Activation("sparsemax")(y),
        "best": ops.argmax(y, axis=-1),
        "best_of_none": ops.argmax(ops.relu(y) * -1.0, axis=-1),
        "negative": ops.cast(ops.signbit(y), "int32"),
        "three": ops.top_k(y, 3)[1],
        "sorted": ops.sort(y),
    }
    report = export.to_onnx(made.model([x], outputs), tmp_path / "m.onnx", cases=12)
    assert set(report.max_abs_error) == set(outputs)


def test_a_float_whose_bits_are_read_is_refused(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    bits = LAYERS.Lambda(lambda t: ops.view(t, "int32"), name="bits")(LAYERS.GRU(4)(x))
    with pytest.raises(ExportError, match=r"'bits'.*Bitcast"):
        export.to_onnx(keras.Model(x, bits), tmp_path / "m.onnx", cases=2)


def test_loops_and_branches_of_the_user_are_right_and_the_same_each_time(tmp_path: Path) -> None:
    digests = set()
    for _ in range(2):
        keras.backend.clear_session()
        x = keras.Input((None, 3), name="x")
        y = Either(name="either")(_recurrent(x))
        model = made.model([x], {"last": While(name="loop")(y), "all": y})
        report = export.to_onnx(model, tmp_path / "m.onnx", cases=6)
        digests.add(report.sha256)
    assert len(digests) == 1
    assert {"Loop", "If", "GRU"} <= operators(tmp_path / "m.onnx")


def test_a_layer_that_tf2onnx_cannot_convert_is_named(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    model = keras.Model(x, OwnScan(name="mine")(_recurrent(x)))
    with pytest.raises(ExportError, match=r"^layer 'mine' uses the TensorFlow operator"):
        export.to_onnx(model, tmp_path / "m.onnx", cases=2)
    assert made.files(tmp_path) == []


def test_graphs_inside_nodes_hold_no_constants_and_no_name_twice(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    shared = LAYERS.LSTM(3, activation="gelu", name="shared", return_sequences=True)
    model = made.model([x], {"twice": shared(shared(x)), "simple": LAYERS.SimpleRNN(64)(x)})
    export.to_onnx(model, tmp_path / "m.onnx", cases=4)
    file = onnx.load(tmp_path / "m.onnx")
    names = [item.name for item in (*file.graph.input, *file.graph.initializer)]
    pending, used = [file.graph], set[str]()
    while pending:
        graph = pending.pop()
        assert graph is file.graph or not graph.initializer
        for node in graph.node:
            names += [name for name in node.output if name]
            used |= set(needs(node))
            for inner in subgraphs(node):
                names += [item.name for item in inner.input]
                pending.append(inner)
                assert set(captured(inner)) <= set(names)
    assert len(names) == len(set(names))
    assert {tensor.name for tensor in file.graph.initializer} <= used
    weights = [t for t in file.graph.initializer if tuple(t.dims) == (3, 12)]
    assert len(weights) == 2  # kernel and recurrent kernel, once for both calls


def test_an_answer_does_not_depend_on_how_a_batch_is_cut(tmp_path: Path) -> None:
    from export.runtime import load

    x = keras.Input((None, 3), name="x")
    model = made.model([x], LAYERS.SimpleRNN(64, name="simple")(x) * 0.1)
    export.to_onnx(model, tmp_path / "m.onnx", cases=3)
    file = load(tmp_path / "m.onnx")
    batch = np.random.default_rng(0).standard_normal((40, 6, 3)).astype("float32") * 0.1
    (whole,) = file.run({"x": batch}).values()
    rows = [next(iter(file.run({"x": batch[k : k + 1]}).values())) for k in range(len(batch))]
    np.testing.assert_allclose(whole, np.concatenate(rows), rtol=1e-5, atol=1e-5)
