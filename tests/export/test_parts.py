"""A model in parts: encoder and step in one bundle, which answers raw input as the original."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnxruntime as ort
import pytest
from click.testing import CliRunner

import export
import zoo
from export import bundle, golden
from export.call_order import call_order
from export.runtime import load
from tests.text import made_words
from zoo.builders import build
from zoo.cli import app
from zoo.errors import ExportError, RuntimeFileError
from zoo.loading import Pretrained, states_of
from zoo.weights import save_weights

ROOT = Path(__file__).parents[2]
FILES = ["encoder.onnx", "golden.json", "manifest.json", "model.onnx", "step.onnx"]
PROCESSING = {"kind": "aligned", "longest": 9, "vocabulary": "abx", "answers": ["", "B", "K S"]}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    """A transducer that learned nothing."""
    folder = tmp_path_factory.mktemp("model")
    (folder / "recipe.toml").write_text(made_words.small("g2p-lstm"), encoding="utf-8")
    keras.utils.set_random_seed(1)
    sizes = {**made_words.SMALL["g2p-lstm"], "vocabulary_size": 5, "outputs": 4}
    model = build("text.transducer", **sizes)
    model.set_weights([3 * weight for weight in model.get_weights()])  # for clear decisions
    header = {"arguments": sizes, "run": {}, "processing": PROCESSING}
    save_weights(model, folder / "weights.safetensors", header)
    return zoo.load(folder)


@pytest.fixture(scope="module")
def whole(original: Pretrained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    export.to_bundle(original, folder, cases=4)
    return folder


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copied"))


def test_the_bundle_has_the_parts_beside_the_whole(whole: Path) -> None:
    assert sorted(path.name for path in whole.iterdir()) == FILES
    manifest = bundle.read_json(whole / "manifest.json")
    assert [told["path"] for told in manifest["exports"]] == [
        "model.onnx",
        "encoder.onnx",
        "step.onnx",
    ]
    assert sorted(manifest["files"]) == sorted({*FILES} - {"manifest.json"})
    facts = bundle.read_json(whole / "golden.json")
    assert sorted(facts["parts"]) == ["encoder.onnx", "step.onnx"] and len(facts["answers"]) == 3


def test_the_folder_answers_raw_input_as_the_original(original: Pretrained, whole: Path) -> None:
    model = load(whole)
    for file in (load(whole / "model.onnx"), pickle.loads(pickle.dumps(model)), model):
        found = file.predict("Abxb xx", alternatives=3).to_dict()
        golden.check_answer("", found, original.predict("Abxb xx", alternatives=3).to_dict())
    assert len(model.predict_many(["ab", "x bb a"])) == 2
    run = model.raw_run
    for _ in range(2):
        assert model.task.predict(run, "Abxb xx", alternatives=3).to_dict() == found


def test_the_manifest_is_all_that_another_language_needs(whole: Path) -> None:
    """Greedy decoding driven by the order of calls, without a line of ours."""
    order = json.loads((whole / "manifest.json").read_text(encoding="utf-8"))["parts"]
    sessions = {call["name"]: ort.InferenceSession(whole / call["file"]) for call in order}
    tokens, steps = np.array([[2, 3, 4, 3]], np.int32), 4
    given: dict[str, Any] = {"tokens": tokens, "lengths": np.array([4], np.int32)}
    found: dict[str, dict[str, Any]] = {}
    codes: list[int] = []

    def value(name: str, fed: dict[str, Any], size: Any) -> Any:
        if fed["from"] == "input":
            return given[name]
        if fed["from"] == "answer":
            return np.array([[codes[-1] if codes else fed["first"]]], np.int32)
        if fed["from"] == "step" and not codes:
            return np.zeros((1, size), np.float32)
        array = found[fed["from"]][fed["output"]]
        return array[:, len(codes) : len(codes) + 1] if fed.get("take") == "step" else array

    for call in order:
        session = sessions[call["name"]]
        for _ in range(1 if call["called"] == "once" else steps):
            sizes = {port.name: port.shape[-1] for port in session.get_inputs()}
            feed = {name: value(name, fed, sizes[name]) for name, fed in call["inputs"].items()}
            names = [port.name for port in session.get_outputs()]
            found[call["name"]] = dict(zip(names, session.run(names, feed), strict=True))
            if call["name"] == "step":
                codes.append(1 + int(found["step"]["logits"][0, 0, 1:].argmax()))
    text = " ".join(PROCESSING["answers"][code - 1] for code in codes).split()
    assert load(whole).predict("abxb", beams=1).words[0].readings[0].symbols == text


def test_it_is_replayed_where_no_framework_is(whole: Path) -> None:
    code = (
        "import sys\nfrom zoo.cli._answer import Refusal\nsys.meta_path.insert(0, Refusal())\n"
        "from zoo.cli import main\nmain()\n"
    )
    words = [sys.executable, "-c", code, "verify", str(whole)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "on 9 golden vectors and 3 raw inputs" in done.stdout


def test_parts_of_another_bundle_are_found(copied: Path) -> None:
    content = (copied / "step.onnx").read_bytes()
    (copied / "step.onnx").write_bytes((copied / "encoder.onnx").read_bytes())
    with pytest.raises(RuntimeFileError, match="not the file that"):
        load(copied)
    (copied / "step.onnx").write_bytes(content)
    (copied / "encoder.onnx").unlink()
    with pytest.raises(RuntimeFileError, match="cannot be read"):
        load(copied)
    manifest = bundle.read_json(copied / "manifest.json")
    bundle.write_json(copied / "manifest.json", manifest | {"parts": [{"name": "step"}]})
    with pytest.raises(RuntimeFileError, match="encoder and step"):
        load(copied)


def test_another_answer_is_found(copied: Path) -> None:
    facts = bundle.read_json(copied / "golden.json")
    facts["answers"][1]["answer"]["words"][0]["readings"][0]["probability"] += 0.01
    bundle.write_json(copied / "golden.json", facts)
    manifest = bundle.read_json(copied / "manifest.json")
    files = bundle.digests(copied, bundle.PARTS.values())
    bundle.write_json(copied / "manifest.json", manifest | {"files": files})
    with pytest.raises(ExportError, match="the bundle answers"):
        export.replay(copied)


def test_a_part_alone_says_that_it_is_one(whole: Path) -> None:
    with pytest.raises(RuntimeFileError, match="load the folder"):
        load(whole / "step.onnx").predict("ab")


def test_inspection_tells_how_the_parts_are_called(whole: Path) -> None:
    told = CliRunner().invoke(app, ["inspect", str(whole)]).output
    assert "<- step next_state_h, first zeros" in told and "<- encoder memory, its step" in told
    told = CliRunner().invoke(app, ["inspect", "--json", str(whole)]).output
    assert [part["call"]["name"] for part in json.loads(told)["parts"]] == ["encoder", "step"]


def test_a_step_that_looks_back_takes_the_whole_memory(tmp_path: Path) -> None:
    sizes = {"vocabulary_size": 12, "units": 4, "decoder_units": 5, "embedding": 3}
    for part, file in bundle.PARTS.items():
        model = build("text.translator", **sizes, part=part)
        facts = {"part": part, "states": states_of(model)}
        export.to_onnx(model, tmp_path / file, cases=4, metadata=facts)
    parts = {part: load(tmp_path / file) for part, file in bundle.PARTS.items()}
    fed = call_order(parts, 2)[1]["inputs"]
    assert fed["memory"] == {"from": "encoder", "output": "memory", "take": "all"}
    assert fed["lengths"] == {"from": "input"} and fed["previous"] == {"from": "answer", "first": 2}
    start = {"from": "encoder", "output": "state_1_h"}
    assert fed["state_1_h"] == {"from": "step", "output": "next_state_1_h", "first": start}


def test_small_parts_answer_too(original: Pretrained, tmp_path: Path) -> None:
    reports = export.to_bundle(original, tmp_path, cases=3, quantize="int8")
    assert all(report.quantized and report.bytes < 1e5 for report in reports)
    assert load(tmp_path / "step.onnx").metadata["quantization"]["kind"] == "int8"
    assert export.replay(tmp_path).vectors == 9
    assert load(tmp_path).predict("ab").to_dict()["words"][0]["word"] == "ab"
