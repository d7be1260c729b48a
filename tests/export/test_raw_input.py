"""A user's own model gets the processing, labels and task that zoo models have."""

from __future__ import annotations

import importlib
import json
import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import export
from export.runtime import load
from tests.export import made
from zoo.cli import app
from zoo.errors import ExportError
from zoo.tasks import task_kinds

LAYERS = keras.layers
PROCESSING = {
    "kind": "log_mel",
    "sampling_rate": 8000,
    "frame": 0.025,
    "hop": 0.01,
    "mels": 6,
    "fmin": 60,
    "fmax": 3800,
    "floor": 0.001,
    "frames": 4,
    "longest": 4,
}
LABELS = ["low", "middle", "high"]


def _answers(path: Path) -> Any:
    tone = np.sin(2 * np.pi * 300 * np.arange(4000) / 8000).astype("float32")
    return load(path).predict(tone, sampling_rate=8000)


def test_processing_and_labels_make_a_file_that_takes_raw_input(tmp_path: Path) -> None:
    report = export.to_onnx(
        made.speech_like(), tmp_path / "m.onnx", cases=4, processing=PROCESSING, labels=LABELS
    )
    facts = load(report.path).metadata
    assert facts["task"] == "classification" and facts["labels"] == LABELS
    answer = _answers(report.path)
    assert answer.label in LABELS and sum(answer.probabilities.values()) == pytest.approx(1)


def test_the_same_from_the_shell(tmp_path: Path) -> None:
    x = keras.Input((None, 6), name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    kept = LAYERS.GRU(4, name="gru")(x)
    logits = LAYERS.Dense(3, name="logits")(kept) + keras.ops.cast(lengths, "float32")[:, None] * 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        keras.Model([x, lengths], {"logits": logits}).save(tmp_path / "mine.keras")
    (tmp_path / "p.json").write_text(json.dumps({"processing": PROCESSING}))
    words = ["export", str(tmp_path / "mine.keras"), "-o", str(tmp_path), "--labels", "a,b,c"]
    words += ["--processing", str(tmp_path / "p.json"), "--form", "scan", "--opset", "17"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert _answers(tmp_path / "model.onnx").label in "abc"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"labels": LABELS}, "processing="),
        ({"processing": {"kind": "smell"}}, "no task takes.*'smell'"),
        ({"processing": PROCESSING, "labels": ["one", "one"]}, "labels"),
        ({"processing": {**PROCESSING, "labels": LABELS}, "task": "forecast"}, "forecast"),
    ],
)
def test_what_fits_no_task_is_refused(words: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=message):
        export.to_onnx(made.speech_like(), tmp_path / "m.onnx", **words)
    assert made.files(tmp_path) == []


@pytest.mark.parametrize("kind", task_kinds())
def test_every_task_names_what_it_feeds_and_reads(kind: str) -> None:
    module = importlib.import_module(f"zoo.tasks.{kind}")
    assert module.INPUTS and module.OUTPUTS
    assert all(isinstance(name, str) for name in (*module.INPUTS, *module.OUTPUTS))


def test_a_model_without_the_names_of_its_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"feeds features, lengths and reads logits.*inputs x"):
        export.to_onnx(made.small(), tmp_path / "m.onnx", processing=PROCESSING, labels=LABELS)
