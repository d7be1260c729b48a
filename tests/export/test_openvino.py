"""OpenVINO in onnxruntime's place: the same answers, and a sentence where it cannot give them."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import export
from export.runtime import load, openvino_engine
from tests.export import made
from zoo.errors import InputError, MissingExtraError, RuntimeFileError

pytest.importorskip("openvino", reason="the extra [openvino] is not installed")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    layers = keras.layers
    x = given = keras.Input((None, made.FEATURES), name="x")
    x = layers.Conv1D(8, 5, padding="causal", activation="relu", name="convolution")(x)
    x = layers.Bidirectional(layers.GRU(5, return_sequences=True), name="both")(x)
    logits = layers.Dense(3, name="logits")(layers.LSTM(6, name="summary")(x))
    path = tmp_path_factory.mktemp("openvino") / "speech.onnx"
    export.to_onnx(made.model([given], logits), path, cases=2)
    return path


@pytest.fixture(scope="module")
def models(speech: Path) -> tuple[Any, Any]:
    """The same file with OpenVINO and with onnxruntime."""
    return load(speech, engine="openvino", threads=2), load(speech, threads=1)


def _arrays(seed: int, batch: int, time: int) -> dict[str, Any]:
    draw = np.random.default_rng(seed)
    return {"x": draw.standard_normal((batch, time, made.FEATURES)).astype("float32")}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.integers(0, 999), st.integers(1, 9), st.integers(1, 40))
def test_answers_are_onnxruntimes(models: Any, seed: int, batch: int, time: int) -> None:
    arrays = _arrays(seed, batch, time)
    found, wanted = (model.run(arrays)["logits"] for model in models)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


def test_the_model_is_the_same_to_its_user(models: Any, speech: Path) -> None:
    vino, plain = models
    assert (vino.inputs, vino.outputs, vino.metadata) == (
        plain.inputs,
        plain.outputs,
        plain.metadata,
    )
    assert vino.run({"x": np.zeros((0, 5, made.FEATURES), "float32")})["logits"].shape == (0, 3)
    with pytest.raises(InputError, match="float64"):
        vino.run({"x": np.zeros((2, 5, made.FEATURES))})
    compiled = vino.engine._compiled
    assert compiled.get_property("INFERENCE_NUM_THREADS") == 2
    assert str(compiled.get_property("INFERENCE_PRECISION_HINT")).endswith("'float32'>")
    with pytest.raises(InputError, match="takes none"):
        load(speech, engine="openvino", providers=["CPUExecutionProvider"])


def test_threads_share_one_model_and_answers_stay(models: Any) -> None:
    vino, plain = models
    questions = [_arrays(k, 1 + k, 5 + k) for k in range(4)]
    wanted = [plain.run(arrays)["logits"] for arrays in questions]
    kept: list[tuple[int, Any]] = []

    def ask(offset: int) -> None:
        for k in range(30):
            index = (k + offset) % 4
            kept.append((index, vino.run(questions[index])["logits"]))

    workers = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(kept) == 120
    for index, found in kept:  # later calls must not write into earlier answers
        np.testing.assert_allclose(found, wanted[index], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_it_works_in_other_processes(speech: Path, start: str) -> None:
    words = [sys.executable, "-m", "tests.export.forking", start, str(speech), "openvino"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def test_it_pickles(models: Any) -> None:
    copy = pickle.loads(pickle.dumps(models[0]))
    arrays = _arrays(3, 2, 6)
    np.testing.assert_array_equal(copy.run(arrays)["logits"], models[0].run(arrays)["logits"])


def test_a_graph_that_it_computes_otherwise_is_refused(
    speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = openvino_engine.OpenVino.run
    monkeypatch.setattr(
        openvino_engine.OpenVino, "run", lambda self, arrays: [right(self, arrays)[0] + 1e-4]
    )
    with pytest.raises(
        RuntimeFileError, match=r"answers speech\.onnx wrongly: its logits is 0\.000"
    ):
        load(speech, engine="openvino")


def test_graphs_of_text_and_missing_packages_are_one_sentence(
    speech: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onnx import TensorProto, helper, save

    values = [helper.make_tensor_value_info(n, TensorProto.STRING, ["batch"]) for n in "xy"]
    node = helper.make_node("Identity", ["x"], ["y"])
    graph = helper.make_graph([node], "g", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "text.onnx")
    with pytest.raises(RuntimeFileError, match=r"text \(x\), which OpenVINO cannot.*raw=False"):
        load(tmp_path / "text.onnx", engine="openvino")
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"rnn-zoo\[openvino\]"):
        load(speech, engine="openvino")
