"""Integer forms of layers: their graph is exact, and their rounding is what it should be."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.onnx_model import unproven
from export.quantization import recurrence
from export.quantization.choice import Choice
from export.quantization.graph import Editor, operators
from export.quantization.int8 import make_int8
from export.quantization.product import write_product
from export.quantization.weights import PRODUCT_LIMIT, integers
from export.recurrent.activation import ACTIVATIONS
from export.recurrent.forms import Forms
from export.recurrent.writer import Writer
from export.timing import session
from tests.export import made

LAYERS = keras.layers
UNITS = made.UNITS
MODEL_OF = {"lstm": "LSTM", "gru": "GRU", "gru_reset_before": "GRU", "simple_rnn": "RNN"}


def every_way(cell: str) -> Any:
    """One model that calls a cell plain, backward, masked, both ways, and with states."""
    ins = made.inputs()
    both = LAYERS.Bidirectional(made.layer(cell, return_sequences=True), merge_mode="concat")
    calls = {
        "plain": made.layer(cell, return_sequences=True)(ins["x"]),
        "backward": made.layer(cell, go_backwards=True, return_sequences=True)(ins["x"]),
        "masked": made.layer(cell, return_sequences=True)(ins["x"], mask=ins["mask"]),
        "last": made.layer(cell, go_backwards=True)(ins["x"], mask=ins["mask"]),
        "both": both(ins["x"], mask=ins["mask"]),
        "states": made.layer(cell, return_state=True)(
            ins["x"], mask=ins["mask"], initial_state=made.states(cell, ins)
        ),
    }
    outputs: dict[str, Any] = {}
    for name, answer in calls.items():
        outputs |= made.named(answer, name)
    given = ins.values() if cell == "lstm" else [ins[name] for name in ("x", "mask", "h")]
    return made.model(given, outputs, cell)


@pytest.fixture(scope="module")
def plain() -> dict[str, bytes]:
    return {cell: unproven(every_way(cell), Forms("native")) for cell in MODEL_OF}


def edited(plain: bytes) -> tuple[bytes, dict[str, int]]:
    """A file with integer products wherever there is a form, and what they stand for."""
    editor = Editor(onnx.load_model_from_string(plain))
    computed, _ = make_int8(editor, Choice("integer"))
    onnx.checker.check_model(editor.model, full_check=True)
    return editor.model.SerializeToString(deterministic=True), computed


def answers(file: bytes, cell: str, seed: int) -> list[Any]:
    """What a file says to inputs whose masks are of every kind."""
    names = ("x", "mask", "h", "c") if cell == "lstm" else ("x", "mask", "h")
    sample, draw = made.masked_sample(names), np.random.default_rng(seed)
    run = session(file)
    sizes = [(1, 1), (3, 7), (5, 12)]
    cases = [sample(draw, {"batch": rows, "time": steps}) for rows, steps in sizes]
    return [array for case in cases for array in run.run(None, case)]


def in_floats(writer: Writer, x: str, weights: Any) -> str:
    """The product that an integer one stands for."""
    return writer.op("MatMul", x, writer.constant(weights, np.float32, "weights"))


@pytest.mark.parametrize("cell", ["gru", "gru_reset_before", "simple_rnn"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_scan_is_the_operator_but_for_rounding(
    plain: dict[str, bytes], cell: str, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurrence, "write_product", in_floats)
    file, computed = edited(plain[cell])
    assert computed == {MODEL_OF[cell]: 6}
    assert MODEL_OF[cell] not in operators(onnx.load_model_from_string(file))
    pairs = zip(answers(file, cell, seed), answers(plain[cell], cell, seed), strict=True)
    for answer, original in pairs:
        np.testing.assert_allclose(answer, original, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("cell", list(MODEL_OF))
def test_integer_products_are_near_in_every_way(plain: dict[str, bytes], cell: str) -> None:
    file, computed = edited(plain[cell])
    assert computed == {MODEL_OF[cell]: 6}
    found = operators(onnx.load_model_from_string(file))
    assert ("com.microsoft:DynamicQuantizeLSTM" in found) == (cell == "lstm")
    assert ("MatMulInteger" in found) == (cell != "lstm")
    pairs = zip(answers(file, cell, 0), answers(plain[cell], cell, 0), strict=True)
    for answer, original in pairs:
        np.testing.assert_allclose(answer, original, atol=0.06)


def test_every_activation_has_its_node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "write_product", in_floats)
    x = keras.Input((None, made.FEATURES), name="x")
    outputs = {}
    for name in ACTIVATIONS:
        outputs[name] = made.layer("gru", activation=name)(x)
        outputs[f"{name}_gate"] = made.layer("gru", recurrent_activation=name)(x)
    before = unproven(made.model([x], outputs), Forms("native"))
    file, computed = edited(before)
    assert computed == {"GRU": 2 * len(ACTIVATIONS)}
    feed = {"x": np.random.default_rng(0).normal(size=(2, 5, made.FEATURES)).astype("float32")}
    for answer, original in zip(*(session(f).run(None, feed) for f in (file, before)), strict=True):
        np.testing.assert_allclose(answer, original, rtol=1e-4, atol=1e-5)


def dynamic(x: Any) -> tuple[Any, Any, int]:
    """DynamicQuantizeLinear by its definition: integers, scale, zero point."""
    low, high = min(0.0, float(x.min())), max(0.0, float(x.max()))
    scale = np.float32((high - low) / 255)
    zero = int(np.clip(np.rint(-low / scale), 0, 255))
    return np.clip(np.rint(x / scale) + zero, 0, 255).astype(np.int64), scale, zero


def test_a_product_is_that_of_rounded_factors() -> None:
    draw = np.random.default_rng(0)
    x = draw.normal(size=(6, 9)).astype("float32")
    weights = draw.normal(size=(9, 4)).astype("float32")
    writer = Writer("dense")
    made_of = write_product(writer, "x", weights)
    ports = [
        onnx.helper.make_tensor_value_info(name, 1, shape)
        for name, shape in (("x", [None, 9]), (made_of, [None, 4]))
    ]
    graph = onnx.helper.make_graph(writer.nodes, "g", ports[:1], ports[1:], writer.constants)
    opsets = [onnx.helper.make_opsetid("", 18)]
    file = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    whole, scale, zero = dynamic(x)
    small = integers(weights, (0,), PRODUCT_LIMIT)
    expected = (whole - zero) @ small.values.astype(np.int64) * scale * small.scale
    np.testing.assert_allclose(session(file).run(None, {"x": x})[0], expected, rtol=1e-5, atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from([64, 127]), st.integers(-40, 38))
@settings(max_examples=50, deadline=None)
def test_weights_are_within_half_a_step(seed: int, limit: int, exponent: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(2, 5, 3)).astype("float32")
    weights *= np.float32(10.0) ** exponent
    weights[:, :, 0] = 0
    small = integers(weights, (1,), limit)
    assert small.values.dtype == np.int8 and np.abs(small.values.astype(int)).max() <= limit
    assert small.scale.shape == (2, 1, 3) and (small.scale > 0).all()
    normal = np.abs(weights).max(axis=1, keepdims=True) > 1e-34  # below, scales lose digits
    error = np.abs(small.values * small.scale.astype(np.float64) - weights)
    assert (error <= 0.501 * small.scale)[np.broadcast_to(normal, error.shape)].all()


def test_two_products_fit_in_sixteen_bits() -> None:
    assert 2 * 255 * PRODUCT_LIMIT < 2**15
