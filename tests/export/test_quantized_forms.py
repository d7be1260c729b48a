"""Integer forms of layers: their graph is exact, and their rounding is what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.quantization import recurrence
from export.quantization.choice import Choice
from export.quantization.graph import Editor, operators
from export.quantization.int8 import make_int8
from export.quantization.product import write_product
from export.quantization.weights import PRODUCT_LIMIT, integers
from export.recurrent.activation import ACTIVATIONS, Activation, activation_attributes
from export.recurrent.writer import Writer
from export.timing import session

FEATURES, UNITS = 5, 6
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
# Operator, direction, whether it has lengths and initial states, further attributes.
WAYS: dict[str, tuple[str, str, bool, bool, dict[str, Any]]] = {
    "lstm": ("LSTM", "forward", False, False, {}),
    "lstm_both": ("LSTM", "bidirectional", True, True, {}),
    "lstm_reverse": ("LSTM", "reverse", True, False, {}),
    "gru": ("GRU", "forward", False, False, {"linear_before_reset": 1}),
    "gru_both": ("GRU", "bidirectional", True, True, {"linear_before_reset": 1}),
    "gru_reset_before": ("GRU", "forward", True, False, {}),
    "gru_reset_before_both": ("GRU", "bidirectional", False, True, {}),
    "gru_reverse": ("GRU", "reverse", True, True, {"linear_before_reset": 1}),
    "rnn": ("RNN", "forward", False, False, {}),
    "rnn_both": ("RNN", "bidirectional", True, True, {}),
    "rnn_reverse": ("RNN", "reverse", False, True, {}),
}
SCANS = [name for name, way in WAYS.items() if way[0] != "LSTM"]


def model(
    op: str,
    direction: str,
    lengths: bool,
    initial: bool,
    attributes: dict[str, Any],
    activations: list[str] | None = None,
) -> bytes:
    """A file of one recurrent node with weights that are not zero."""
    draw = np.random.default_rng(0)
    ways, rows = 1 + (direction == "bidirectional"), GATES[op] * UNITS
    shapes = {"W": (ways, rows, FEATURES), "R": (ways, rows, UNITS), "B": (ways, 2 * rows)}
    weights = [
        onnx.numpy_helper.from_array(draw.normal(0, 0.4, shape).astype("float32"), name)
        for name, shape in shapes.items()
    ]
    usual = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
    states = ["h", "c"] if op == "LSTM" else ["h"]
    inputs = ["x", *shapes, "lengths" if lengths else "", *(states if initial else [])]
    outputs = ["y", *(f"next_{state}" for state in states)]
    node = onnx.helper.make_node(
        op,
        inputs,
        outputs,
        name="layer",
        hidden_size=UNITS,
        direction=direction,
        activations=activations or usual[op] * ways,
        **attributes,
    )
    port = onnx.helper.make_tensor_value_info
    given = [port("x", 1, ["time", "batch", FEATURES])]
    given += [port("lengths", 6, ["batch"])] * lengths
    given += [port(state, 1, [ways, "batch", UNITS]) for state in states if initial]
    ranks = [4] + [3] * len(states)
    answers = [port(name, 1, [None] * rank) for name, rank in zip(outputs, ranks, strict=True)]
    graph = onnx.helper.make_graph([node], "one", given, answers, weights)
    opsets = [onnx.helper.make_opsetid("", 18)]
    made = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return bytes(made.SerializeToString())


def edited(plain: bytes) -> tuple[bytes, dict[str, int]]:
    """A file with integer products wherever there is a form, and what they stand for."""
    editor = Editor(onnx.load_model_from_string(plain))
    computed, _ = make_int8(editor, Choice("integer"))
    onnx.checker.check_model(editor.model, full_check=True)
    return editor.model.SerializeToString(deterministic=True), computed


def answers(file: bytes, cases: Sequence[tuple[int, int]] = ((1, 1), (7, 3), (12, 5))) -> list[Any]:
    """What a file says to some inputs of so many steps and rows."""
    draw, run, found = np.random.default_rng(0), session(file), []
    names = {argument.name: argument.shape for argument in run.get_inputs()}
    for steps, rows in cases:
        x = draw.normal(size=(steps, rows, FEATURES))
        states = {n: draw.normal(size=(names[n][0], rows, UNITS)) for n in "hc" if n in names}
        feed = {name: array.astype("float32") for name, array in {"x": x, **states}.items()}
        if "lengths" in names:
            feed["lengths"] = draw.integers(1, steps + 1, rows).astype("int32")
        found += run.run(None, feed)
    return found


def in_floats(writer: Writer, x: str, weights: Any) -> str:
    """The product that an integer one stands for."""
    return writer.op("MatMul", x, writer.constant(weights, np.float32, "weights"))


@pytest.mark.parametrize("way", SCANS)
def test_the_scan_is_the_operator_but_for_rounding(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurrence, "write_product", in_floats)
    plain = model(*WAYS[way])
    file, computed = edited(plain)
    assert computed == {WAYS[way][0]: 1}
    assert WAYS[way][0] not in operators(onnx.load_model_from_string(file))
    for answer, original in zip(answers(file), answers(plain), strict=True):
        np.testing.assert_allclose(answer, original, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("way", list(WAYS))
def test_integer_products_are_near_in_every_way(way: str) -> None:
    plain = model(*WAYS[way])
    file, computed = edited(plain)
    assert computed == {WAYS[way][0]: 1}
    found = operators(onnx.load_model_from_string(file))
    assert ("com.microsoft:DynamicQuantizeLSTM" in found) == way.startswith("lstm")
    assert ("MatMulInteger" in found) != way.startswith("lstm")
    for answer, original in zip(answers(file), answers(plain), strict=True):
        np.testing.assert_allclose(answer, original, atol=0.06)
        assert np.abs(answer - original).max() > 0


@pytest.mark.parametrize("form", ACTIVATIONS.values(), ids=lambda form: form.name)
def test_every_activation_has_its_node(form: Activation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recurrence, "write_product", in_floats)
    for pair in ((form, Activation("Tanh")), (Activation("Sigmoid"), form)):
        facts = activation_attributes(pair)
        names = facts.pop("activations")
        plain = model("GRU", "forward", False, False, facts, names)
        file, computed = edited(plain)
        assert computed == {"GRU": 1}
        few = [(1, 2), (3, 4)]  # a state without bounds grows
        for answer, original in zip(answers(file, few), answers(plain, few), strict=True):
            np.testing.assert_allclose(answer, original, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("attributes", "activations"), [({"clip": 3.0}, None), ({}, ["ScaledTanh", "Tanh"])]
)
def test_what_has_no_integer_form_stays(
    attributes: dict[str, Any], activations: list[str] | None
) -> None:
    plain = model("GRU", "forward", False, False, attributes, activations)
    assert edited(plain) == (plain, {})


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
