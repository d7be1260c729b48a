"""Options of `load`: nothing is printed, nothing falls back, models pickle and outlive a fork."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
from export.runtime import load
from tests.export import made
from zoo.errors import InputError, RuntimeFileError

ROOT = Path(__file__).parents[2]
X = np.random.default_rng(0).standard_normal((2, 5, made.FEATURES)).astype("float32")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loading") / "model.onnx"
    export.to_onnx(made.small(), path, cases=2)
    return path


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"providers": ["CUDAExecutionProvider"]}, "this onnxruntime has .*CPUExecutionProvider"),
        ({"providers": [("Nonsense", {"a": 1})]}, "received the provider 'Nonsense'"),
        ({"providers": "CPUExecutionProvider"}, "give a list of names"),
        ({"providers": []}, "give a list of names"),
        ({"threads": 0}, "received threads=0"),
        ({"threads": True}, "received threads=True"),
        ({"threads": 10**9}, "give 1 to 1024"),
        ({"engine": "none"}, "received engine='none'; known are onnxruntime"),
    ],
)
def test_options_of_no_use_are_refused_in_silence(
    options: dict[str, Any], says: str, small: Path, capfd: Any
) -> None:
    with pytest.raises(InputError, match=says):
        load(small, **options)
    assert capfd.readouterr() == ("", "")


def test_a_provider_that_does_not_start_is_no_silent_fallback(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    has = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: has)
    real = onnxruntime.InferenceSession

    def without_cuda(content: bytes, options: Any, providers: Any, **more: Any) -> Any:
        return real(content, options, providers=providers[1:], **more)

    monkeypatch.setattr(onnxruntime, "InferenceSession", without_cuda)
    with pytest.raises(InputError, match="CUDAExecutionProvider was asked for and does not start"):
        load(small, providers=["CUDAExecutionProvider", "CPUExecutionProvider"])


def test_threads_and_providers_are_taken(small: Path) -> None:
    one = load(small, threads=1, providers=[("CPUExecutionProvider", {})])
    np.testing.assert_array_equal(one.run({"x": X})["logits"], load(small).run({"x": X})["logits"])


def test_a_folder_with_a_model_is_a_path_of_it(small: Path) -> None:
    assert load(small.parent).path == small


@pytest.mark.parametrize("path", [None, 3, "a\\0b", "/dev/null", "/dev/zero", ".", ""])
def test_what_is_no_file_cannot_be_read(path: Any) -> None:
    path = path.replace("\\0", "\0") if isinstance(path, str) else path
    with pytest.raises(RuntimeFileError, match="cannot be read"):
        load(path)


def test_nonfinite_values_pass_for_those_who_insist(small: Path) -> None:
    damaged = X.copy()
    damaged[0, 1] = np.nan
    with pytest.raises(InputError, match="must be finite"):
        load(small).run({"x": damaged})
    answer = load(small, allow_nonfinite=True).run({"x": damaged})["logits"]
    clean = load(small).run({"x": X})["logits"]
    assert not np.array_equal(answer[0], clean[0]) and np.array_equal(answer[1], clean[1])


def test_a_pickle_carries_the_file(small: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "copy.onnx"
    elsewhere.write_bytes(small.read_bytes())
    model = load(elsewhere, threads=1, allow_nonfinite=True)
    frozen = pickle.dumps(model)
    elsewhere.unlink()
    thawed = pickle.loads(frozen)
    np.testing.assert_array_equal(thawed.run({"x": X})["logits"], model.run({"x": X})["logits"])
    assert (thawed.path, thawed.metadata) == (model.path, model.metadata)
    assert thawed.run({"x": X * np.float32(np.nan)})["logits"].shape == (2, 2)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("start", ["fork", "spawn", "bare"])
def test_processes_take_a_model_along(start: str, small: Path) -> None:
    words = [sys.executable, "-m", "tests.export.forking", start, str(small)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
