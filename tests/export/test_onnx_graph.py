"""The exported graph is clean: names, axes, metadata, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import onnx
import pytest

import export
from export import bundle
from tests.export import made

FACTS = {"id": "made", "version": "1", "labels": ["a", "é"], "states": made.STATES}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    report = export.to_onnx(made.language_model(), path, cases=4, metadata=FACTS)
    return report, onnx.load(path)


def _axes(values: Any) -> dict[str, list[Any]]:
    return {
        value.name: [axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim]
        for value in values
    }


def test_inputs_and_outputs_have_the_models_names_and_named_axes(exported: Any) -> None:
    graph = exported[1].graph
    assert _axes(graph.input) == {
        "tokens": ["batch", "time"],
        **{f"state_{k}": ["batch", 5] for k in range(3)},
    }
    assert _axes(graph.output) == {
        "logits": ["batch", "time", 11],
        **{f"next_state_{k}": ["batch", 5] for k in range(3)},
    }


def test_only_standard_operators_and_nothing_unused(exported: Any) -> None:
    model = exported[1]
    assert [(item.domain, item.version) for item in model.opset_import] == [("", 18)]
    assert model.ir_version <= 9
    assert {node.domain for node in model.graph.node} == {""}
    assert not {"Loop", "Scan", "If"} & {node.op_type for node in model.graph.node}
    used = {name for node in model.graph.node for name in node.input}
    assert {tensor.name for tensor in model.graph.initializer} <= used
    names = [node.name for node in model.graph.node]
    assert len(names) == len(set(names)) and all(names)
    onnx.checker.check_model(model, full_check=True)


def test_metadata_and_digest_stand_in_the_file(exported: Any) -> None:
    report, model = exported
    entries = {item.key: item.value for item in model.metadata_props}
    facts = json.loads(entries[bundle.METADATA_KEY])
    assert FACTS.items() <= facts.items()
    assert facts["format_version"] == 1 and facts["proof"]["cases"] == 4
    content = report.path.read_bytes()
    assert hashlib.sha256(content).hexdigest() == report.sha256
    digest = entries[bundle.DIGEST_KEY]
    blank = content.replace(digest.encode(), b"0" * 64)
    assert hashlib.sha256(blank).hexdigest() == digest


def test_manifest_holds_what_depends_on_the_machine(exported: Any) -> None:
    report, _ = exported
    manifest = json.loads(bundle.manifest_path(report.path).read_text())
    assert manifest["sha256"] == report.sha256 and manifest["bytes"] == report.bytes
    assert manifest["max_abs_error"] == dict(report.max_abs_error)
    assert {"keras", "tensorflow", "tf2onnx", "onnx", "onnxruntime"} <= manifest["versions"].keys()


CODE = """
import sys
import keras, export
from tests.export import made
from tests.export.test_onnx_graph import FACTS
from tests.export.test_raw_export import WORDS, spaced_words

keras.utils.set_random_seed(5)
keras.layers.Dense(1); keras.Model(i := keras.Input((1,)), keras.layers.Dense(1)(i))
texts = {"processing": WORDS, "labels": ["bad", "good"]}
for name, model, options in (
    ("states", made.language_model(), {"metadata": FACTS}),
    ("calls", made.shared_layers(), {}),
    ("texts", spaced_words(), texts),
):
    export.to_onnx(model, f"{sys.argv[1]}/{name}.onnx", cases=4, **options)
"""


@pytest.mark.slow
def test_processes_write_the_same_bytes_whatever_the_order_of_sets(
    exported: Any, tmp_path: Path
) -> None:
    for seed in ("1", "2", "3"):
        (tmp_path / seed).mkdir()
        subprocess.run(
            [sys.executable, "-c", CODE, str(tmp_path / seed)],
            check=True,
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONHASHSEED": seed},
        )
    for name in ("states", "calls", "texts"):
        contents = {(tmp_path / seed / f"{name}.onnx").read_bytes() for seed in ("1", "2", "3")}
        assert len(contents) == 1, name
    assert (tmp_path / "1" / "states.onnx").read_bytes() == exported[0].path.read_bytes()


def test_the_second_export_in_a_process_writes_the_same_bytes(
    exported: Any, tmp_path: Path
) -> None:
    again = export.to_onnx(made.language_model(), tmp_path / "m.onnx", cases=4, metadata=FACTS)
    assert again.sha256 == exported[0].sha256


def test_outputs_that_are_inputs_constants_or_the_same_tensor(tmp_path: Path) -> None:
    import keras

    x = keras.Input((None, 3), name="x")
    y = made.layer("gru", return_sequences=True, name="gru")(x)
    model = made.model([x], {"twice": y, "once": y, "back": x * 1.0})
    report = export.to_onnx(model, tmp_path / "m.onnx", cases=4)
    outputs = [value.name for value in onnx.load(report.path).graph.output]
    assert sorted(outputs) == ["back", "once", "twice"]


def test_outputs_of_a_list_are_named_after_their_layers(tmp_path: Path) -> None:
    import keras

    x = keras.Input((None, 3), name="x")
    outputs = made.layer("lstm", return_state=True, name="lstm")(x)
    model = keras.Model(x, list(outputs))
    report = export.to_onnx(model, tmp_path / "m.onnx", cases=4)
    assert list(report.max_abs_error) == ["lstm", "lstm_1", "lstm_2"]
