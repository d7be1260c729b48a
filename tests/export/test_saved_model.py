"""SavedModels have one named signature and answer as the model does in a fresh process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import export
from export.proof import examiner
from tests.export import made
from zoo.errors import ExportError


def test_signature_answers_and_manifest(tmp_path: Path) -> None:
    model = made.speech_like()
    path = tmp_path / "speech" / "1"
    report = export.to_saved_model(model, path, cases=200, metadata={"id": "made"})
    assert report.cases == 200 and report.path == path
    assert [p.name for p in path.parent.iterdir()] == ["1"]
    manifest = json.loads((path / "manifest.json").read_text())
    assert manifest["metadata"] == {"id": "made"} and manifest["sha256"] == report.sha256
    serve = tf.saved_model.load(str(path)).signatures["serve"]
    inputs = serve.structured_input_signature[1]
    assert {name: spec.shape.as_list() for name, spec in inputs.items()} == {
        "features": [None, None, 6],
        "lengths": [None],
    }
    answer = serve(features=tf.ones((2, 9, 6)), lengths=tf.constant([9, 4]))
    assert {name: tuple(tensor.shape) for name, tensor in answer.items()} == {"logits": (2, 3)}


@pytest.mark.parametrize("kept", [False, True])
def test_models_with_states_serve_from_zeros_and_go_on_by_step(kept: bool, tmp_path: Path) -> None:
    model = made.stateful() if kept else made.language_model()
    metadata = {} if kept else {"states": made.STATES}
    report = export.to_saved_model(model, tmp_path / "1", cases=9, metadata=metadata)
    signatures = tf.saved_model.load(str(report.path)).signatures
    step, serve = signatures["step"], signatures["serve"]
    names = {"x"} if kept else {"tokens"}
    assert set(serve.structured_input_signature[1]) == names
    assert len(step.structured_input_signature[1]) == 4
    assert set(step.structured_outputs) - set(serve.structured_outputs) == {
        f"next_{name}" for name in set(step.structured_input_signature[1]) - names
    }


def test_exporting_leaves_the_states_of_a_model_as_they_were(tmp_path: Path) -> None:
    model = made.stateful()
    model([np.ones((2, 3, made.FEATURES), "float32")])
    before = [np.asarray(variable) for variable in model.non_trainable_variables]
    export.to_onnx(model, tmp_path / "m.onnx", cases=3)
    export.to_saved_model(model, tmp_path / "1", cases=3)
    for variable, value in zip(model.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)
    assert any(value.any() for value in before)


def test_a_wrong_answer_leaves_nothing_and_keeps_what_was_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "1"
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"older")

    def wrong(*_: Any) -> dict[str, Any]:
        return {f"{case}/logits": np.zeros((1, 2), np.float32) for case in range(3)}

    monkeypatch.setattr(examiner, "replay", wrong)
    with pytest.raises(ExportError, match="'logits'"):
        export.to_saved_model(made.small(), path, cases=3)
    assert made.files(tmp_path) == ["1/saved_model.pb"]


def test_an_export_replaces_an_older_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(examiner.Examiner, "examine", lambda *_: examiner.Verdict({"logits": 0.0}))
    first = export.to_saved_model(made.small(), tmp_path / "1", cases=1)
    second = export.to_saved_model(made.speech_like(), tmp_path / "1", cases=1)
    assert first.bytes != second.bytes
    assert [p.name for p in tmp_path.iterdir()] == ["1"]


def test_names_that_a_signature_cannot_have_and_foreign_folders(tmp_path: Path) -> None:
    x = keras.Input((None, 3), name="the-input")
    model = keras.Model(x, made.layer("gru", name="gru")(x))
    with pytest.raises(ExportError, match="Python names"):
        export.to_saved_model(model, tmp_path / "1", cases=1)
    assert made.files(tmp_path) == []
    (tmp_path / "mine").mkdir()
    with pytest.raises(ExportError, match="no SavedModel"):
        export.to_saved_model(made.small(), tmp_path / "mine")


def test_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ExportError, match="KERAS_BACKEND=tensorflow"):
        export.to_saved_model(made.small(), tmp_path / "1")
