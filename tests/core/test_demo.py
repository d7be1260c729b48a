"""`make demo`'s command, whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BUNDLE = ("model.onnx", "golden.json", "manifest.json", "saved_model")
FILES = {
    "shakespeare-lstm": {*BUNDLE},
    "digits-gru": {*BUNDLE, "spectrogram.png"},
    "flu-segrnn": {*BUNDLE, "forecast.png"},
}


@pytest.mark.slow
def test_the_demo_goes_the_whole_way(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for name, files in FILES.items():
        folder = tmp_path / "build" / "demo" / name
        assert {path.name for path in folder.iterdir()} == files
        for path in folder.glob("*.png"):
            assert path.read_bytes().startswith(b"\x89PNG")
            assert f"build/demo/{name}/{path.name}" in done.stdout
        assert f"{name}: exporting" in done.stderr
    assert done.stdout.count("agrees") == len(FILES)
    assert "rnn-zoo run build/demo/digits-gru/model.onnx" in done.stdout
