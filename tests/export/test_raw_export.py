"""Exported files take raw input: recordings, tables in units, texts; and say what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import export
import zoo
from export.runtime import load
from tests.export import made
from tests.export.test_raw_input import LABELS, PROCESSING
from zoo.builders import build
from zoo.errors import ExportError, InputError

WORDS = {
    "kind": "spaced_words",
    "longest": 30,
    "vocabulary": ["good", "bad", "movie", "élan", "a", "the"],
    "forms": [["", ".", 3], ["(", "", 2]],
    "threshold": 0.3,
}
SYMBOLS = {"kind": "characters", "vocabulary": "abcdefghij "}


def spaced_words() -> Any:
    return build("text.classifier", vocabulary_size=8, classes=2, units=8, embedding=6)


def _reads(path: Path) -> dict[str, list[Any]]:
    return {port.name: [*port.shape] for port in load(path).inputs}


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raw") / "digits.onnx"
    export.to_onnx(zoo.load("digits-gru"), path, cases=12)
    return path


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("raw") / "words.onnx"
    export.to_onnx(spaced_words(), path, cases=12, processing=WORDS, labels=["bad", "good"])
    return path


def test_a_recording_goes_in_and_a_digit_comes_out(digits: Path) -> None:
    file, original = load(digits), zoo.load("digits-gru")
    assert _reads(digits) == {"waveform": ["batch", "samples"], "samples": ["batch"]}
    clip = "zoo/examples/digit_7_jackson.wav"
    found, expected = file.predict(clip), original.predict(clip)
    assert found.label == expected.label == "7"
    assert found.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    assert file.metadata["raw"] is True and file.metadata["longest"] == {"samples": 64000}
    assert set(file.metadata["tensors"]) == {p.name for p in (*file.inputs, *file.outputs)}
    assert file.metadata["processing"]["level"] == "recording"


def test_rows_of_unequal_lengths_are_answered_as_alone(digits: Path) -> None:
    file, rng = load(digits), np.random.default_rng(0)
    rows = rng.normal(size=(3, 4000)).astype(np.float32) * 0.1
    samples = np.array([4000, 1, 777], np.int32)
    together = file.run({"waveform": rows, "samples": samples})
    for place, count in enumerate(samples):
        one = {"waveform": rows[place : place + 1, :count], "samples": samples[place : place + 1]}
        alone = file.run(one)
        np.testing.assert_allclose(together["logits"][place], alone["logits"][0], atol=2e-5)
        assert together["label"][place] == alone["label"][0]


def test_raw_input_that_a_graph_cannot_take_is_refused(digits: Path) -> None:
    file = load(digits)
    with pytest.raises(InputError, match="at most 64000"):
        file.run({"waveform": np.zeros((1, 64001), "f"), "samples": np.array([64001], "int32")})
    with pytest.raises(InputError, match="holds 0 at row 0"):
        file.run({"waveform": np.zeros((1, 5), "f"), "samples": np.array([0], "int32")})
    empty = file.run({"waveform": np.zeros((0, 5), "f"), "samples": np.zeros(0, "int32")})
    assert empty["label"].shape == (0,) and empty["probabilities"].shape == (0, 10)


@pytest.mark.slow
@pytest.mark.parametrize("model_id", ["flu-segrnn", "etth1-segrnn"])
def test_a_table_goes_in_and_a_forecast_in_units_comes_out(model_id: str, tmp_path: Path) -> None:
    original = zoo.load(model_id)
    export.to_onnx(original, tmp_path / "m.onnx", cases=12)
    series, file = original.task.series, load(tmp_path / "m.onnx")
    rng = np.random.default_rng(3)
    table = series.restore(
        rng.normal(size=(series.look_back, len(series.names))).cumsum(axis=0) / 9
    )
    found, expected = file.predict(table, horizon=9), original.predict(table, horizon=9)
    np.testing.assert_allclose(found.values, expected.values, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(found.quantiles, expected.quantiles, rtol=2e-5, atol=2e-5)
    assert found.units == expected.units


def test_texts_go_in_and_the_threshold_decides(words: Path) -> None:
    file = load(words)
    assert _reads(words) == {"text": ["batch"]}
    opsets = {item.domain: item.version for item in onnx.load(words).opset_import}
    assert opsets == {"": 20, "ai.onnx.ml": 2}
    texts = np.array(["A good\tmovie. ", "", "(good ÉLAN"], object)
    answers = file.run({"text": texts})
    likely = answers["probabilities"][:, 1] >= np.float32(0.3)
    assert answers["label"].tolist() == ["good" if one else "bad" for one in likely]
    assert file("A good\tmovie.").label in ("good", "bad")
    assert "0.3" in file.metadata["tensors"]["label"]
    assert file.metadata["processing"]["threshold"] == 0.3


def test_nothing_unused_and_only_standard_operators(digits: Path, words: Path) -> None:
    for path in (digits, words):
        graph = onnx.load(path).graph
        used = {name for node in graph.node for name in node.input}
        assert {tensor.name for tensor in graph.initializer} <= used
        assert {node.domain for node in graph.node} <= {"", "ai.onnx.ml"}
        assert not {"STFT", "Loop"} & {node.op_type for node in graph.node}


def test_files_of_tensors_answer_raw_input_in_python(tmp_path: Path) -> None:
    options = {"processing": PROCESSING, "labels": LABELS, "cases": 3}
    both = []
    for raw in (False, True):
        path = tmp_path / f"{raw}.onnx"
        export.to_onnx(made.speech_like(), path, raw=raw, **options)
        assert ("waveform" in _reads(path)) == raw == load(path).metadata["raw"]
        both.append(load(path)(np.sin(np.arange(3000) / 7), sampling_rate=8000))
    assert both[0].label == both[1].label
    assert both[0].probabilities == pytest.approx(both[1].probabilities, abs=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"raw": True}, "raw=True needs a task"),
        ({"raw": True, "processing": SYMBOLS}, "no form in a graph"),
        ({"processing": WORDS, "labels": ["a", "b"], "opset": 18}, "operators on texts need 20"),
        ({"processing": PROCESSING, "labels": ["a", "b"]}, "'logits' of shape"),
        ({"processing": {**PROCESSING, "mels": 7}, "labels": LABELS}, "'features' of shape"),
    ],
)
def test_what_cannot_be_is_refused(options: Any, message: str, tmp_path: Path) -> None:
    texts = options.get("processing") is WORDS
    model = spaced_words() if texts else made.speech_like()
    if options.get("processing") is SYMBOLS:
        model = made.language_model()
    with pytest.raises(ExportError, match=message):
        export.to_onnx(model, tmp_path / "m.onnx", cases=2, **options)
    assert made.files(tmp_path) == []


@pytest.mark.slow
def test_saved_models_take_raw_input_too(tmp_path: Path) -> None:
    report = export.to_saved_model(
        spaced_words(), tmp_path / "1", cases=6, processing=WORDS, labels=["bäd", "good"]
    )
    assert {"logits", "probabilities", "label"} == set(report.max_abs_error)
    import tensorflow as tf

    call = tf.saved_model.load(str(tmp_path / "1")).signatures["serve_raw"]
    answers = call(text=tf.constant(["A good movie.", "ÉLAN  x"]))
    assert answers["label"].shape == (2,) and answers["probabilities"].shape == (2, 2)


def test_a_file_of_raw_input_is_verified_against_the_original(words: Path) -> None:
    with pytest.raises(ExportError, match="differs by up to"):
        export.verify(words, spaced_words(), cases=3)
