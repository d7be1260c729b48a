"""What cannot be exported is refused in one sentence that names the layer, and leaves no file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
from tests.export import made
from zoo.errors import ExportError

LAYERS = keras.layers


class InverseCell(LAYERS.Layer):
    """A recurrent cell with an operator that ONNX does not have."""

    state_size = output_size = 3

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        output = keras.ops.erfinv(keras.ops.tanh(states[0] + inputs) * 0.9)
        return output, [output]


def _through(layer: Any, shape: tuple[int | None, ...] = (None, 3)) -> Any:
    x = keras.Input(shape, name="x")
    return keras.Model(x, layer(x))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "cell": (lambda: _through(LAYERS.RNN(InverseCell(), name="mine")), "'mine'.*Erfinv"),
    "operator": (
        lambda: _through(LAYERS.Activation(keras.ops.erfinv, name="inverse")),
        "'inverse'.*Erfinv",
    ),
    "not a model": (lambda: object(), "keras.Model is needed"),
    "not built": (lambda: keras.Sequential([LAYERS.LSTM(2)]), "are not known"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals(case: str, tmp_path: Path) -> None:
    build, message = REFUSED[case]
    with pytest.raises(ExportError, match=message) as caught:
        export.to_onnx(build(), tmp_path / "model.onnx", cases=2)
    assert "\n" not in str(caught.value)
    assert made.files(tmp_path) == []


def test_a_layer_called_in_training_mode_is_refused(tmp_path: Path) -> None:
    class Noisy(keras.Model):
        """A model that drops out at inference too."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = LAYERS.LSTM(4, dropout=0.5, name="noisy")

        def call(self, inputs: Any) -> Any:
            return self.layer(inputs, training=True)

    model = Noisy()
    model(np.zeros((2, 5, 3), "float32"))
    with pytest.raises(ExportError, match=r"'noisy'.*training=True"):
        export.to_onnx(model, tmp_path / "model.onnx", cases=2)


def test_wrong_arguments_are_refused(tmp_path: Path) -> None:
    model = made.small()
    with pytest.raises(ExportError, match="opset 99"):
        export.to_onnx(model, tmp_path / "m.onnx", opset=99)
    with pytest.raises(ExportError, match="form='fast'"):
        export.to_onnx(model, tmp_path / "m.onnx", form="fast")
    with pytest.raises(ExportError, match="optimize_for='size'"):
        export.to_onnx(model, tmp_path / "m.onnx", optimize_for="size")
    with pytest.raises(ExportError, match="is a folder"):
        export.to_onnx(model, tmp_path)
    with pytest.raises(ExportError, match="JSON"):
        export.to_onnx(model, tmp_path / "m.onnx", cases=1, metadata={"labels": np.zeros(2)})
    with pytest.raises(ExportError, match="pairs the states"):
        export.to_onnx(model, tmp_path / "m.onnx", metadata={"states": {"h": "next_h"}})
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(ExportError, match="cannot be written"):
        export.to_onnx(model, blocked / "m.onnx", cases=1)
    assert made.files(tmp_path) == ["file"]


def test_a_model_that_no_random_input_fits_asks_for_samples(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="x")
    y = keras.Input((None, 3), name="y")
    pairs = keras.ops.reshape(LAYERS.GRU(4, return_sequences=True, name="gru")(x), (-1, 7, 4))
    model = keras.Model([x, y], {"pairs": pairs})
    with pytest.raises(ExportError, match="sample="):
        export.to_onnx(model, tmp_path / "model.onnx", cases=2)


def test_a_subclassed_model_that_was_called_is_exported(tmp_path: Path) -> None:
    class Own(keras.Model):
        """A model without a graph of its own."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = made.layer("gru", name="gru")

        def call(self, inputs: Any) -> Any:
            return self.layer(inputs)

    model = Own()
    model(np.zeros((2, 5, 3), "float32"))
    report = export.to_onnx(model, tmp_path / "model.onnx", cases=2)
    assert list(report.max_abs_error) == ["output"]
