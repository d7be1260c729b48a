"""The proof finds wrong files, leaves none, and its process has no framework to lean on."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
from export.allowed import Allowed, facts_of, read_facts
from export.proof import replay_onnx
from export.proof.comparison import difference
from export.proof.steadiness import steady_questions
from export.recurrent import layer as layer_forms
from export.runtime import load
from tests.export import made
from zoo.errors import ExportError, RuntimeFileError


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    model = made.small()
    path = tmp_path_factory.mktemp("proof") / "model.onnx"
    export.to_onnx(model, path, cases=4)
    return model, path


def _break(monkeypatch: pytest.MonkeyPatch, wrong: Any) -> None:
    right = layer_forms.native_cells
    monkeypatch.setattr(
        layer_forms, "native_cells", lambda layer: [wrong(cell) for cell in right(layer) or []]
    )


def test_wrong_weights_are_found_and_no_file_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _break(monkeypatch, lambda cell: replace(cell, kernel=cell.kernel * np.float32(1.001)))
    with pytest.raises(ExportError, match=r"output 'logits' of shape \(\d+, 2\) differs by up to"):
        export.to_onnx(made.small(), tmp_path / "model.onnx", cases=4)
    assert made.files(tmp_path) == []


def test_an_older_file_survives_a_failed_export(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "model.onnx").write_bytes(b"older")
    _break(monkeypatch, lambda cell: replace(cell, bias=cell.bias + np.float32(1)))
    with pytest.raises(ExportError, match="differs"):
        export.to_onnx(made.small(), tmp_path / "model.onnx", cases=4)
    assert made.files(tmp_path) == ["model.onnx"]
    assert (tmp_path / "model.onnx").read_bytes() == b"older"


def test_a_form_that_onnxruntime_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = {"linear_before_reset": 1, "clip": -1.0}
    _break(monkeypatch, lambda cell: replace(cell, attributes=wrong))
    with pytest.raises(ExportError, match="does not run") as caught:
        export.to_onnx(made.small(), tmp_path / "model.onnx", cases=2)
    assert "\n" not in str(caught.value)
    assert made.files(tmp_path) == []


def test_verify_accepts_the_right_model_and_finds_another(exported: Any) -> None:
    model, path = exported
    assert export.verify(path, model, cases=4).max_abs_error["logits"] <= 1e-5
    other = made.small()
    other.set_weights([weight + 0.01 for weight in other.get_weights()])
    with pytest.raises(ExportError, match="'logits'"):
        export.verify(path, other, cases=4)


def test_verify_finds_damage_and_absence(exported: Any, tmp_path: Path) -> None:
    model, path = exported
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(content)
    with pytest.raises(RuntimeFileError, match="damaged"):
        export.verify(damaged, model)
    with pytest.raises(ExportError, match="does not exist"):
        export.verify(tmp_path / "absent.onnx", model)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (None, "is nothing"),
        (np.zeros((2, 4), np.float32), r"float32 \(2, 4\)"),
        (np.zeros((2, 3), np.float64), "float64"),
        (np.full((2, 3), np.nan, np.float32), "differs"),
        (np.full((2, 3), np.inf, np.float32), "differs"),
        (np.full((2, 3), 1.00003, np.float32), "differs"),
    ],
)
def test_differences(answer: Any, message: str) -> None:
    original = np.ones((2, 3), np.float32)
    with pytest.raises(ExportError, match=message):
        difference("y", answer, original, {"x": original}, Allowed(1e-5))


def test_small_differences_infinities_and_equal_nan_pass() -> None:
    original = np.array([1.0, np.inf, np.nan], np.float32)
    answer = np.array([1.00001, np.inf, np.nan], np.float32)
    assert difference("y", answer, original, {}, Allowed(1e-5)) == pytest.approx(1e-5, rel=0.1)
    with pytest.raises(ExportError, match="differs"):
        difference("y", np.ones(3, np.float32), original, {}, Allowed(1e-5))


def test_values_in_units_are_judged_by_the_deviations_of_their_series() -> None:
    original = np.zeros((2, 5, 2), np.float32)
    answer = original + np.array([5e-3, 5e-6], np.float32)
    units = Allowed(1e-5, (1000.0, 1.0))
    assert difference("y", answer, original, {}, units) == pytest.approx(5e-3)
    for wrong, allowed in ((answer, Allowed(1e-5)), (answer[..., ::-1], units)):
        with pytest.raises(ExportError, match="differs"):
            difference("y", wrong, original, {}, allowed)
    assert read_facts(facts_of({"y": units, "z": Allowed(0.0)})) == {"y": units, "z": Allowed(0.0)}


def test_the_process_refuses_everything_else() -> None:
    refused = ["tensorflow", "keras", "jax", "torch", "onnx", "zoo", "export"]
    code = (
        "import importlib, runpy, sys\n"
        f"scope = runpy.run_path({replay_onnx.__file__!r})\n"
        "sys.meta_path.insert(0, scope['Refuse']())\n"
        "import numpy, onnxruntime\n"
        f"for name in {refused}:\n"
        "    try:\n        importlib.import_module(name)\n"
        "    except ImportError as error:\n        print(error)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert [line.split(" is refused")[0] for line in done.stdout.splitlines()] == refused


def _recurrent_weights(scale: float) -> Any:
    import keras

    x = keras.Input((None, 3), name="x")
    network = keras.Model(x, keras.layers.SimpleRNN(64, name="simple")(x))
    kernel, recurrent, bias = network.get_weights()
    network.set_weights([kernel, recurrent * scale, bias])
    return network


def test_a_chaotic_model_is_proven_on_as_many_steps_as_say_something(tmp_path: Path) -> None:
    longest = {}
    for scale in (0.9, 4.0):
        model = _recurrent_weights(scale)
        before = model.get_weights()
        report = export.to_onnx(model, tmp_path / "m.onnx", cases=6)
        longest[scale] = max(load(report.path).metadata["proof"]["sizes"]["time"])
        for now, then in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(now, then)
    assert longest[0.9] == 201 and 5 <= longest[4.0] < 41


class _Shaky:
    """A subject whose answers to large inputs follow the last bit of its weights."""

    def __init__(self) -> None:
        self.network = _recurrent_weights(0.9)
        self._before = self.network.get_weights()[0]
        self.allowed = {"y": Allowed(1e-5)}

    def run(self, arrays: Any) -> Any:
        moved = np.abs(self.network.get_weights()[0] - self._before).max()
        return {"y": arrays["x"] + np.where(arrays["x"] > 1, 1e6 * moved, 0).astype("float32")}

    def moved(self, arrays: Any) -> Any:
        return arrays


def test_inputs_whose_answer_is_rounding_are_drawn_again() -> None:
    values = iter([0.5, 2.0, 3.0, 0.25, 0.75])
    draws = [lambda: {"x": np.array([next(values)], "float32")}] * 3
    inputs, answers, again = steady_questions(_Shaky(), draws)
    assert [float(arrays["x"][0]) for arrays in inputs] == [0.5, 0.25, 0.75]
    assert [float(answer["y"][0]) for answer in answers] == [0.5, 0.25, 0.75] and again == 2
