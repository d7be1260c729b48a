"""What a model is called with: names, open axes and types, for every kind of Keras model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

import export
from export.runtime import load
from export.tracing.signature import TensorSpec, signature_of
from export.tracing.subject import Subject
from tests.export import made
from zoo.errors import ExportError

LAYERS = keras.layers


class Tagged(keras.Model):
    """Tokens and features in a dictionary, a dictionary out."""

    def __init__(self) -> None:
        super().__init__(name="tagged")
        self.embedding = LAYERS.Embedding(9, 4, mask_zero=True, name="embedding")
        self.tokens = LAYERS.Bidirectional(LAYERS.LSTM(3), name="tokens_reader")
        self.features = LAYERS.Dense(6, name="features_reader")

    def call(self, inputs: Any) -> Any:
        summary = self.tokens(self.embedding(inputs["tokens"]))
        return {"scores": summary + self.features(inputs["features"])}


class Decoder(keras.Model):
    """Two positional arguments, a tuple out."""

    def __init__(self) -> None:
        super().__init__(name="decoder")
        self.layer = LAYERS.GRU(4, return_sequences=True, return_state=True, name="gru")

    def call(self, x: Any, state: Any) -> Any:
        return self.layer(x, initial_state=state)


def _called() -> Any:
    model = Tagged()
    model({"tokens": np.ones((2, 5), "int32"), "features": np.ones((2, 7), "float32")})
    return model


def test_an_example_leaves_neither_its_length_nor_a_wrong_type(tmp_path: Path) -> None:
    subject = Subject(_called())
    assert set(subject.inputs) == {
        TensorSpec("tokens", (None, None), "int32"),
        TensorSpec("features", (None, 7), "float32"),
    }
    report = export.to_onnx(_called(), tmp_path / "m.onnx", cases=8)
    names = {item.name for item in onnx.load(report.path).graph.input}
    assert names == {"tokens", "features"}


def test_arguments_that_keras_does_not_know_are_given(tmp_path: Path) -> None:
    model = Decoder()
    model(np.ones((2, 5, 3), "float32"), np.ones((2, 4), "float32"))
    with pytest.raises(ExportError, match=r"'decoder' cannot be traced.*pass `inputs=`"):
        export.to_onnx(model, tmp_path / "m.onnx")
    inputs = (keras.Input((None, 3), name="x"), keras.InputSpec(shape=(None, 4), dtype="float32"))
    report = export.to_onnx(model, tmp_path / "m.onnx", inputs=inputs, cases=6)
    ports = {port.name: port.shape for port in load(report.path).inputs}
    assert ports == {"x": ("batch", "time", 3), "input_1": ("batch", 4)}
    export.verify(report.path, model, inputs=inputs, cases=3)
    with pytest.raises(ExportError, match=r"keras\.InputSpec"):
        export.to_onnx(model, tmp_path / "m.onnx", inputs=(3, 4))


def test_functional_models_keep_what_they_declare() -> None:
    x = keras.Input(batch_shape=(3, None, 2), name="x")
    model = made.model([x], LAYERS.GRU(2, name="gru")(x))
    (spec,) = signature_of(model).inputs
    assert spec == TensorSpec("x", (3, None, 2), "float32")
    assert not signature_of(model).fixed_by_example


def test_constants_that_layers_hold_as_tensors_are_in_the_file(tmp_path: Path) -> None:
    scaling = LAYERS.Normalization(name="scaling")
    scaling.adapt(np.random.default_rng(0).normal(3, 2, (4, 5, 3)))
    layers = [keras.Input((None, 3), name="x"), scaling, LAYERS.GRU(3, name="gru")]
    report = export.to_onnx(keras.Sequential(layers), tmp_path / "m.onnx", cases=4)
    assert [item.name for item in onnx.load(report.path).graph.input] == ["x"]
