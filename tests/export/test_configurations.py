"""Every configuration exports, and the file answers as Keras does.

``to_onnx`` proves each file itself; here a call of the model without any trace judges it again,
since a traced model is not always right: Keras 3.15 reads the batch for the number of steps in a
traced ``TimeDistributed`` over open time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

import export
from tests.export.configurations import ALL, Configuration
from tests.export.stock import CONTROL_FLOW, call, operators, quiet_session
from zoo.errors import ExportError

CASES = 4  # of to_onnx's own proof; made.py's models are proven on many more elsewhere
BATCH, TIME = 3, 7
TYPES = {"float16": np.float16, "double": np.float64, "int32": np.int32, "int16": np.int16}
QUICK = {
    "lstm_states_in_and_out-native",
    "gru_backward-native",
    "simple_rnn_sequences-auto",
    "activation_gelu-auto",
    "masked_gru_padded_none_valid-scan",
    "masked_lstm_deep-native",
    "bidirectional_two_widths_masked-native",
    "stacked_mixed_masked-native",
    "time_distributed_lstm_open-native",
    "own_peephole_masked-auto",
    "conv_lstm_2d_last-auto",
    "translator_additive_attention_tokens-native",
    "stateful_two_layers-native",
    "mixed_float16_lstm-native",
}


def _forms(configuration: Configuration) -> Iterator[str]:
    """The forms that a configuration is exported in."""
    tags = configuration.tags
    if "loop_free" in tags:
        yield "native"
        if "masked" in tags and not tags & {"whole", "precision", "bidirectional"}:
            yield "scan"
    if "loop_free" not in tags or "simple_rnn" in tags:
        yield "auto"


def _parameters() -> list[Any]:
    found = []
    for configuration in ALL.values():
        for form in _forms(configuration):
            key = f"{configuration.name}-{form}"
            marks = () if key in QUICK else pytest.mark.slow
            found.append(pytest.param(configuration, form, id=key, marks=marks))
    return found


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """Keeps the models of hundreds of tests from staying in memory."""
    yield
    keras.backend.clear_session()


@pytest.mark.parametrize(("configuration", "form"), _parameters())
def test_a_configuration(configuration: Configuration, form: str, tmp_path: Path) -> None:
    path, model = tmp_path / "model.onnx", configuration.build()
    try:
        export.to_onnx(model, path, form=form, cases=CASES, sample=configuration.sample)
    except ExportError as refusal:
        if "may_refuse" not in configuration.tags:
            raise
        assert "float64" in str(refusal) and "\n" not in str(refusal)
        return
    onnx.checker.check_model(str(path), full_check=True)
    _check_names(onnx.load(path).graph)
    if form == "native" and "loop_free" in configuration.tags:
        assert not CONTROL_FLOW & operators(path)
    _check_answers(configuration, path)


def test_there_are_enough_and_quick_ones_are_among_them() -> None:
    assert len(ALL) >= 170
    ids = {parameter.id for parameter in _parameters()}
    assert ids >= QUICK


def _check_names(graph: Any) -> None:
    """Inputs, outputs and axes have names that somebody chose."""
    tensors = [*graph.input, *graph.output]
    names = [tensor.name for tensor in tensors]
    assert len(set(names)) == len(names)
    for tensor in tensors:
        assert not tensor.name.endswith(":0") and "Identity" not in tensor.name
        for axis in tensor.type.tensor_type.shape.dim:
            assert axis.HasField("dim_value") or axis.dim_param
            assert "unk__" not in axis.dim_param


def _check_answers(configuration: Configuration, path: Path) -> None:
    """The file's outputs are those of a fresh model; a stateful one goes on from its states."""
    model, session = configuration.build(), quiet_session(path)
    generator = np.random.default_rng(1)
    states: dict[str, Any] = {}
    for _ in range(2 if "stateful" in configuration.tags else 1):
        feeds = _feeds(configuration, session, generator)
        own = [one.name for one in session.get_inputs() if one.name not in feeds]
        expected = call(model, feeds)
        answers = session.run(None, feeds | (states or _zeros(session, own)))
        for received, wanted in zip(answers, expected, strict=not own):
            _check_equal(received, wanted, half=_is_half(configuration))
        states = dict(zip(own, answers[len(expected) :], strict=True))


def _check_equal(received: Any, wanted: Any, *, half: bool) -> None:
    assert received.shape == wanted.shape
    tolerance = 2e-2 if half else 1e-5
    np.testing.assert_allclose(
        received.astype("float64"), wanted.astype("float64"), rtol=tolerance, atol=tolerance
    )


def _is_half(configuration: Configuration) -> bool:
    return "float16" in configuration.name  # bfloat16 too


def _feeds(
    configuration: Configuration, session: Any, generator: np.random.Generator
) -> dict[str, Any]:
    """Inputs of one size for all open axes; a stateful model's states are left out."""
    if configuration.sample:
        sizes = {"batch": BATCH, "time": TIME}
        return dict(configuration.sample(generator, sizes))
    stateful = "stateful" in configuration.tags
    inputs = session.get_inputs()[: 1 if stateful else None]
    return {one.name: _draw(one, generator) for one in inputs}


def _draw(one: Any, generator: np.random.Generator) -> Any:
    kind = one.type[len("tensor(") : -1]
    shape = [
        size if isinstance(size, int) else (TIME if axis else BATCH)
        for axis, size in enumerate(one.shape)
    ]
    if kind == "bool":
        return generator.random(shape) < 0.7
    if kind.startswith("int"):
        first, last = (1, TIME + 1) if one.name == "lengths" else (0, 2)
        return generator.integers(first, last, shape).astype(TYPES.get(kind, np.int64))
    return generator.standard_normal(shape).astype(TYPES.get(kind, np.float32))


def _zeros(session: Any, names: list[str]) -> dict[str, Any]:
    """States as they are at the start."""
    return {
        one.name: np.zeros(one.shape, TYPES.get(one.type[len("tensor(") : -1], np.float32))
        for one in session.get_inputs()
        if one.name in names
    }
