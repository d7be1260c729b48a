"""Quantised files: what they hold, what is measured of them, and what is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest
from click.testing import CliRunner

import export
from export import bundle
from export.quantization import quantize as quantizing
from export.quantization import speed, stored
from export.quantization.choice import Choice
from export.quantization.graph import FRONTEND, Editor, operators
from export.runtime import load
from tests.export import made
from tests.export.test_raw_input import LABELS, PROCESSING
from zoo.cli import app
from zoo.errors import ExportError, RuntimeFileError

LAYERS = keras.layers
CODES = 40
STATES = {f"state_{k}": f"next_state_{k}" for k in range(3)}


@pytest.fixture(autouse=True)
def no_time_for_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_SECONDS", 0.0)


def language_model() -> Any:
    """An embedding, an LSTM and a GRU with states, a dense layer."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    given = [keras.Input((24,), name=f"state_{k}") for k in range(3)]
    x = LAYERS.Embedding(CODES, 16, name="embedding")(tokens)
    x, h, c = LAYERS.LSTM(24, return_sequences=True, return_state=True, name="first")(
        x, initial_state=given[:2]
    )
    x, g = LAYERS.GRU(24, return_sequences=True, return_state=True, name="second")(
        x, initial_state=given[2]
    )
    outputs = {"logits": LAYERS.Dense(CODES, name="dense")(x)}
    outputs |= {f"next_state_{k}": state for k, state in enumerate((h, c, g))}
    return made.model([tokens, *given], outputs, "language_model")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    model, path = language_model(), tmp_path_factory.mktemp("quantize") / "model.onnx"
    facts = {"states": STATES, "labels": ["a", "b"]}
    export.to_onnx(model, path, cases=6, form="native", metadata=facts)
    return model, path


def test_int8_multiplies_integers_and_says_what_that_costs(exported: Any, tmp_path: Path) -> None:
    target = tmp_path / "small.onnx"
    report = export.quantize(exported[1], target, products="integer", cases=6)
    found = operators(onnx.load(target))
    assert report.computed == {"GRU": 1, "LSTM": 1, "MatMul": 1}
    assert found["com.microsoft:DynamicQuantizeLSTM"] == 1 and found["MatMulInteger"] == 3
    assert not {"LSTM", "GRU", "MatMul"} & found.keys()
    assert report.stored == 1 and report.onnxruntime_only
    assert report.bytes == target.stat().st_size < 0.6 * report.source_bytes
    assert report.samples == "random" and report.cases == 6
    assert set(report.speedup) == {"1", "32"} and min(report.speedup.values()) > 0
    assert report.agreement["logits"] >= 0.9 and set(report.agreement) == {"logits"}
    assert 0 < report.mean_abs_error["logits"] < report.max_abs_error["logits"]
    assert 0 < report.relative_error["next_state_0"] < 0.1
    assert report.chunked_error and report.batched_error  # products scale their input by call
    assert "runs in onnxruntime only" in str(report) and "in pieces" in str(report)
    manifest = json.loads(bundle.manifest_path(target).read_text("utf-8"))
    assert manifest == json.loads(json.dumps({"format_version": 1, **report.to_dict()}))


def test_a_quantised_file_loads_and_keeps_its_metadata(exported: Any, tmp_path: Path) -> None:
    target = tmp_path / "small.onnx"
    report = export.quantize(exported[1], target, products="integer", cases=2)
    model = load(target)
    facts = model.metadata["quantization"]
    digest = hashlib.sha256(exported[1].read_bytes()).hexdigest()
    assert facts["kind"] == "int8" and facts["source_sha256"] == digest == report.source_sha256
    assert facts["onnxruntime_only"] and facts["computed"] == dict(report.computed)
    assert facts["source_proof"]["tolerance"]["logits"] == 1e-5
    assert model.metadata["labels"] == ["a", "b"] and model.metadata["states"] == STATES
    assert model.metadata["proof"]["agreement"] == report.needed_agreement
    tokens = np.arange(10, dtype=np.int32).reshape(2, 5)
    assert model.run({"tokens": tokens})["logits"].shape == (2, 5, CODES)


def test_int8_for_size_alone_is_plain_onnx_that_chunks_and_batches_alike(
    exported: Any, tmp_path: Path
) -> None:
    report = export.quantize(exported[1], tmp_path / "small.onnx", products="float", cases=4)
    file = onnx.load(tmp_path / "small.onnx")
    assert [(item.domain, item.version) for item in file.opset_import] == [("", 18)]
    assert not report.computed and not report.onnxruntime_only and report.stored == 6
    assert report.bytes < 0.6 * report.source_bytes
    assert report.chunked_error is not None and report.chunked_error < 1e-5 > report.batched_error
    assert "only size is gained" in str(report)


def rounded(model: Any) -> Any:
    """A twin of the model whose larger weights are rounded to float16."""
    twin = keras.models.clone_model(model)
    whole = [
        w.astype(np.float16).astype(np.float32) if w.size >= stored.SMALLEST_HALF else w
        for w in model.get_weights()
    ]
    twin.set_weights(whole)
    return twin


def test_float16_answers_as_the_model_with_rounded_weights(exported: Any, tmp_path: Path) -> None:
    model, path = exported
    report = export.quantize(path, tmp_path / "half.onnx", "float16", cases=4)
    assert report.bytes < 0.75 * report.source_bytes and not report.computed
    assert report.agreement["logits"] > 0.97 and 0 < report.max_abs_error["logits"] < 0.01
    draw = np.random.default_rng(1)
    tokens = draw.integers(0, CODES, (3, 7)).astype("int32")
    states = {f"state_{k}": draw.normal(size=(3, 24)).astype("float32") for k in range(3)}
    answers = load(report.path).run({"tokens": tokens, **states})
    wanted = rounded(model)({"tokens": tokens, **states})
    for name, answer in answers.items():
        np.testing.assert_allclose(answer, np.asarray(wanted[name]), rtol=1e-5, atol=1e-5)


def test_a_float16_file_with_other_weights_is_found(
    exported: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = stored.store_halves

    def wrong(editor: Editor) -> int:
        count = right(editor)
        for tensor in editor.model.graph.initializer:
            if tensor.data_type == onnx.TensorProto.FLOAT16:
                moved = onnx.numpy_helper.to_array(tensor) * np.float16(1.01)
                tensor.CopyFrom(onnx.numpy_helper.from_array(moved, tensor.name))
        return count

    monkeypatch.setattr(quantizing, "store_halves", wrong)
    with pytest.raises(ExportError, match="differs"):
        export.quantize(exported[1], tmp_path / "half.onnx", "float16", cases=2)
    assert made.files(tmp_path) == []


def test_the_same_file_gives_the_same_bytes(exported: Any, tmp_path: Path) -> None:
    files = [tmp_path / f"{k}.onnx" for k in range(2)]
    for file in files:
        export.quantize(exported[1], file, products="integer", cases=2)
    assert files[0].read_bytes() == files[1].read_bytes()


def test_samples_are_what_it_is_measured_on(exported: Any, tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    samples = [{"tokens": draw.integers(0, CODES, (2, n)).astype("int32")} for n in (3, 9, 5)]
    report = export.quantize(exported[1], tmp_path / "s.onnx", "float16", samples=samples)
    assert (report.samples, report.cases) == ("given", 3)
    assert "on 3 given inputs" in str(report)
    for wrong, message in (
        ([], "is empty"),
        ([{"tokens": np.zeros((2, 3), "float32")}], "cannot answer a sample"),
        (["text"], "has no task"),
    ):
        with pytest.raises(ExportError, match=message):
            export.quantize(exported[1], tmp_path / "t.onnx", samples=wrong)
    assert not (tmp_path / "t.onnx").exists()


def test_raw_samples_go_through_the_files_task(tmp_path: Path) -> None:
    plain = tmp_path / "plain.onnx"
    export.to_onnx(made.speech_like(), plain, cases=3, processing=PROCESSING, labels=LABELS)
    tone = np.sin(2 * np.pi * 300 * np.arange(4000) / 8000).astype("float32")
    report = export.quantize(plain, tmp_path / "s.onnx", "float16", samples=[tone, tone[:2000]])
    assert (report.samples, report.cases) == ("given", 2)
    assert load(report.path).predict(tone).label == load(plain).predict(tone).label
    with pytest.raises(ExportError, match="cannot answer a sample"):
        export.quantize(plain, tmp_path / "s.onnx", samples=["absent.wav"])


def test_the_processing_inside_a_file_stays_exact(tmp_path: Path) -> None:
    plain = tmp_path / "plain.onnx"
    export.to_onnx(made.speech_like(), plain, cases=3, processing=PROCESSING, labels=LABELS)
    report = export.quantize(plain, tmp_path / "s.onnx", products="integer", cases=3)
    assert report.computed == {"GRU": 1, "LSTM": 1, "MatMul": 1}
    assert set(report.agreement) == {"label", "logits", "probabilities"}
    weights = [
        {
            node.name: onnx.numpy_helper.to_array(tensor)
            for node in model.graph.node
            for tensor in model.graph.initializer
            if node.name.startswith(FRONTEND) and tensor.name in node.input
        }
        for model in (onnx.load(plain), onnx.load(report.path))
    ]
    assert any(array.size > 1000 for array in weights[0].values())
    for name, array in weights[0].items():
        np.testing.assert_array_equal(weights[1][name], array)


def test_what_cannot_be_quantised_is_one_sentence(exported: Any, tmp_path: Path) -> None:
    small, none = tmp_path / "small.onnx", tmp_path / "none.onnx"
    export.quantize(exported[1], small, "float16", cases=2)
    x = keras.Input((None, 3), name="x")
    export.to_onnx(keras.Model(x, {"y": x * 2.0}), none, cases=2)
    foreign = tmp_path / "foreign.onnx"
    foreign.write_bytes(onnx.ModelProto().SerializeToString())
    text = tmp_path / "text.onnx"
    text.write_text("no model")
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (small, {}, "float16 already"),
        (none, {}, "no recurrent or dense float32 weights"),
        (foreign, {}, "not written by"),
        (text, {}, "no ONNX model"),
        (tmp_path / "absent.onnx", {}, "cannot be read"),
        (exported[1], {"kind": "int4"}, "kind='int4'"),
        (exported[1], {"products": "all"}, "products='all'"),
        (exported[1], {"optimize_for": "size"}, "optimize_for='size'"),
    ]
    for path, options, message in cases:
        with pytest.raises(ExportError, match=message) as caught:
            export.quantize(path, tmp_path / "t.onnx", **options)
        assert "\n" not in str(caught.value)
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(exported[1].read_bytes()[:-70] + bytes(70))
    with pytest.raises(RuntimeFileError, match="damaged"):
        export.quantize(damaged, tmp_path / "t.onnx")
    assert not (tmp_path / "t.onnx").exists()


def test_too_few_equal_decisions_are_refused_and_an_older_file_survives(
    exported: Any, tmp_path: Path
) -> None:
    target = tmp_path / "small.onnx"
    target.write_bytes(b"older")
    with pytest.raises(ExportError, match=r"'logits' .* agrees .* at \d+\.\d% of 4 random inputs"):
        export.quantize(exported[1], target, products="integer", cases=4, agreement=1.0)
    assert made.files(tmp_path) == ["small.onnx"] and target.read_bytes() == b"older"


def test_values_without_classes_are_bounded_by_their_spread(tmp_path: Path) -> None:
    x = keras.Input((None, 8), name="x")
    model = made.model([x], {"level": LAYERS.Dense(1)(LAYERS.GRU(16)(x))})
    export.to_onnx(model, tmp_path / "model.onnx", cases=3)
    report = export.quantize(tmp_path / "model.onnx", tmp_path / "s.onnx", products="integer")
    assert not report.agreement and 0 < report.relative_error["level"] < report.allowed_error
    with pytest.raises(ExportError, match="of its standard deviation on 24 random inputs"):
        export.quantize(tmp_path / "model.onnx", tmp_path / "t.onnx", products="integer", error=0)


def test_an_export_can_end_in_a_small_file(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    report = export.to_onnx(made.speech_like(), target, cases=4, quantize="float16")
    assert report.quantized is not None and report.quantized.path == target
    assert report.bytes == target.stat().st_size == report.quantized.bytes
    assert report.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert "equal to the original" in str(report) and "float16" in str(report)
    manifest = json.loads(bundle.manifest_path(target).read_text("utf-8"))
    assert manifest["quantized"]["kind"] == "float16"
    assert made.files(tmp_path) == ["model.onnx", "model.onnx.manifest.json"]
    with pytest.raises(ExportError, match="give `quantize`"):
        export.to_onnx(made.small(), target, samples=[{}])
    with pytest.raises(ExportError, match=r"^other\.onnx has no recurrent or dense"):
        export.to_onnx(made.small(), tmp_path / "other.onnx", cases=2, quantize="int8")
    assert not (tmp_path / "other.onnx").exists()


def test_long_tables_of_narrow_rows_have_one_scale(tmp_path: Path) -> None:
    from export.quantization.stored import store_integers

    x = keras.Input((None,), dtype="int32", name="x")
    for width, most in ((4, 6 * 3000), (32, 38 * 3000)):
        path = tmp_path / f"{width}.onnx"
        export.to_onnx(keras.Model(x, LAYERS.Embedding(3000, width)(x)), path, cases=3)
        editor = Editor(onnx.load(path))
        assert store_integers(editor) == 1
        small = editor.model.SerializeToString()
        assert 3000 * width < len(small) < most
        (scale,) = (t for t in editor.model.graph.initializer if "scale" in t.name)
        assert list(scale.dims) == ([1, 1] if width == 4 else [3000, 1])


def test_the_table_decides_where_integers_pay() -> None:
    def chosen(units: int, layer: Any, **options: Any) -> dict[str, int]:
        from export.onnx_model import unproven
        from export.quantization.int8 import make_int8
        from export.recurrent.forms import Forms

        x = keras.Input((None, 8), name="x")
        file = unproven(keras.Model(x, layer(units)(x)), Forms("native"))
        return make_int8(Editor(onnx.load_model_from_string(file)), Choice(**options))[0]

    assert chosen(256, LAYERS.LSTM) == {"LSTM": 1}
    assert chosen(64, LAYERS.GRU) == {}
    assert chosen(64, LAYERS.GRU, products="integer") == {"GRU": 1}
    assert chosen(256, LAYERS.GRU) == {}
    assert chosen(256, LAYERS.GRU, optimize_for="throughput") == {"GRU": 1}
    assert chosen(256, LAYERS.LSTM, products="float") == {}
    assert chosen(9000, LAYERS.Dense) == {}  # sums 8 values, far from the square ones measured


def test_the_shell_makes_small_files(tmp_path: Path) -> None:
    from tests.core.test_cli_export import save

    x = keras.Input((None, 8), name="x")
    path = tmp_path / "mine.keras"
    save(made.model([x], {"y": LAYERS.Dense(4)(LAYERS.LSTM(16)(x))}), path)
    words = ["export", str(path), "--quantize", "float16", "-o", str(tmp_path / "out")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "float16" in done.output and "speed: batch 1" in done.output
    assert export.replay(tmp_path / "out").vectors == 3
    facts = load(tmp_path / "out" / "model.onnx").metadata
    assert facts["quantization"]["kind"] == "float16"
