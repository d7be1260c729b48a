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
MODELS, MANIFEST = ("language_model", "speech_like"), ".manifest.json"
CODE = """
import json, sys
import keras
import export
from tests.export import made
from zoo.errors import ExportError

assert keras.backend.backend() == "jax"
found = {}
for name in sys.argv[2:]:
    report = export.to_onnx(getattr(made, name)(), f"{sys.argv[1]}/{name}.onnx", cases=4)
    found[name] = [report.sha256, sorted(report.max_abs_error), report.path.name]
chunks = export.to_onnx(made.small(), sys.argv[1] + "/chunks.onnx", streaming=True, cases=4)
found["streaming"] = sorted(chunks.max_abs_error)
try:
    export.to_onnx(made.small(), sys.argv[1] + "/no.onnx", sample=made.masked_sample(["x"]))
except ExportError as error:
    found["refused"] = str(error)
print(json.dumps(found))
"""


@pytest.mark.slow
def test_models_on_jax_become_the_same_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path), *MODELS],
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
    names = sorted(f"{name}.onnx" for name in (*MODELS, "chunks"))
    assert made.files(tmp_path) == [f"{name}{end}" for name in names for end in ("", MANIFEST)]
    for name in MODELS:
        here = export.to_onnx(getattr(made, name)(), tmp_path / "here.onnx", cases=4)
        assert found[name] == [here.sha256, sorted(here.max_abs_error), f"{name}.onnx"]
