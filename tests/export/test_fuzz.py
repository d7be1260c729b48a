"""Thousands of bad inputs and damaged files: no death, no hang, every refusal a named error."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
from export.runtime import load
from tests.export import fuzzing, made

ROOT = Path(__file__).parents[2]
LONGEST = 2.0  # seconds of work; a hang without any runs into the time limit

SPEECH = {
    "processing": {"kind": "log_mel", "mels": 6, "longest": 1.0},
    "labels": ["a", "b", "c"],
}
LANGUAGE = {
    "processing": {"kind": "characters", "vocabulary": "abcdefghij "},
    "metadata": {"states": made.STATES},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("fuzz")
    found = {name: folder / name / "model.onnx" for name in ("speech", "language", "files")}
    export.to_onnx(made.speech_like(), found["speech"], cases=2, **SPEECH)
    export.to_onnx(made.language_model(), found["language"], cases=2, **LANGUAGE)
    found["files"].parent.mkdir()
    shutil.copy(found["language"], found["files"])
    return found


@pytest.mark.parametrize(
    ("kind", "model", "count"),
    [
        ("arrays", "speech", 1500),
        ("arrays", "language", 1500),
        ("raw", "speech", 500),
        ("raw", "language", 500),
        ("files", "files", 2500),
    ],
)
def test_bad_input_kills_no_process_and_hangs_none(
    kind: str, model: str, count: int, models: dict[str, Path]
) -> None:
    words = [sys.executable, "-m", "tests.export.fuzzing", kind, str(models[model]), str(count)]
    done = subprocess.run(
        [*words, "0"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert told["answered"] + told["refused"] == count and told["refused"] > count / 2
    assert told["longest"] < LONGEST


@pytest.mark.parametrize("model", ["speech", "language"])
def test_the_layout_of_an_array_in_memory_changes_no_answer(
    model: str, models: dict[str, Path]
) -> None:
    loaded, draw = load(models[model], threads=1), np.random.default_rng(0)
    for _ in range(200):
        arrays = fuzzing.good(loaded, draw)
        expected = loaded.run(arrays)
        laid_out = {name: fuzzing.same_values(array, draw) for name, array in arrays.items()}
        for name, answer in loaded.run(laid_out).items():
            np.testing.assert_array_equal(answer, expected[name])


def test_sixteen_threads_share_a_model_for_100_000_calls(models: dict[str, Path]) -> None:
    model, draw = load(models["language"], threads=1), np.random.default_rng(0)
    questions = [fuzzing.good(model, draw, batch) for batch in (1, 1, 2, 3)]
    answers = [model.run(arrays) for arrays in questions]
    together = threading.Barrier(16)

    def ask(offset: int) -> int:
        together.wait()
        wrong = 0
        for k in range(6250):
            told: Any = model.run(questions[(k + offset) % 4])
            expected = answers[(k + offset) % 4]
            wrong += any(told[name].tobytes() != expected[name].tobytes() for name in expected)
        return wrong

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(ask, range(16))) == 0
