"""A model that lives on another Keras backend becomes the same file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import export
from tests.export import made

ROOT = Path(__file__).parents[2]
CODE = """
import json, sys
import keras
import export
from tests.export import made
from zoo.errors import ExportError

assert keras.backend.backend() == "jax"
report = export.to_onnx(getattr(made, sys.argv[1])(), sys.argv[2], cases=4)
found = {"sha256": report.sha256, "outputs": sorted(report.max_abs_error), "path": report.path.name}
chunks = export.to_onnx(made.small(), sys.argv[2] + ".chunks", streaming=True, cases=4)
found["streaming"] = sorted(chunks.max_abs_error)
try:
    export.to_onnx(made.small(), sys.argv[2], sample=made.masked_sample(["x"]))
except ExportError as error:
    found["refused"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["language_model", "speech_like"])
def test_a_model_on_jax_becomes_the_same_file(name: str, tmp_path: Path) -> None:
    there = tmp_path / "jax.onnx"
    done = subprocess.run(
        [sys.executable, "-c", CODE, name, str(there)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"KERAS_BACKEND": "jax", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert "`sample` cannot go" in found["refused"]
    assert found["streaming"] == ["logits", "next_gru_h"]
    here = export.to_onnx(getattr(made, name)(), tmp_path / "tensorflow.onnx", cases=4)
    assert found["sha256"] == here.sha256
    assert found["outputs"] == sorted(here.max_abs_error) and found["path"] == "jax.onnx"
    assert made.files(tmp_path) == [
        "jax.onnx",
        "jax.onnx.chunks",
        "jax.onnx.chunks.manifest.json",
        "jax.onnx.manifest.json",
        "tensorflow.onnx",
        "tensorflow.onnx.manifest.json",
    ]
