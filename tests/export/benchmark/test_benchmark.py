"""The benchmark: fair turns, honest rows, rivals left out with a word."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
from click.testing import CliRunner

import export
from export.benchmark import frameworks, interleaved
from export.benchmark.interleaved import BARE, OURS, Process, compare
from export.benchmark.questions import _recurrent, write_questions
from export.runtime import load
from tests.export import made
from zoo.cli import app
from zoo.errors import ExportError


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("benchmark") / "small.onnx"
    export.to_onnx(made.small(), path, cases=2)
    return path


@pytest.fixture
def questions(small: Path, tmp_path: Path) -> tuple[Path, dict[str, tuple[int, int]]]:
    return tmp_path, write_questions(load(small), tmp_path)


def test_rows_of_light_runners(
    small: Path, questions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interleaved, "STARTS", 1)
    facts = {"metadata": {}, "fails": "no such export"}
    targets = {OURS: str(small), BARE: str(small), "stock export": json.dumps(facts)}
    rows = compare(targets, *questions, seconds=0.05)
    assert {row.note for row in rows if row.runner == "stock export"} == {
        "ExportError: no such export"
    }
    timed = {(row.question, row.runner): row for row in rows if not row.note}
    assert timed.keys() == {
        (question, runner) for question in ("start", "sequence", "batch") for runner in (OURS, BARE)
    }
    for (question, runner), row in timed.items():
        assert 0 < row.p50_ms <= row.p99_ms and row.calls >= 1
        assert row.ratio == pytest.approx(row.p50_ms / timed[question, OURS].p50_ms)
        assert (row.mebibytes > 20) == (question == "start"), runner
    batch = timed["batch", OURS]
    assert (batch.rows, batch.steps) == (32, 100)
    assert batch.rows_per_second > timed["sequence", OURS].rows_per_second / 2


@pytest.mark.parametrize("change", [lambda sizes: [x + 0.1 for x in sizes], lambda _: [0.1, 0.2]])
def test_a_runner_that_answers_otherwise_is_left_out(
    small: Path, questions: Any, monkeypatch: pytest.MonkeyPatch, change: Any
) -> None:
    monkeypatch.setattr(interleaved, "STARTS", 0)
    monkeypatch.setattr(interleaved, "starts", lambda *_: [])
    begin = Process.__init__

    def shifted(self: Process, runner: str, *rest: Any) -> None:
        begin(self, runner, *rest)
        self.sizes = change(self.sizes) if runner == BARE else self.sizes

    monkeypatch.setattr(Process, "__init__", shifted)
    rows = compare({OURS: str(small), BARE: str(small)}, *questions, seconds=0.01)
    assert [row.note for row in rows if row.runner == BARE] == ["answers otherwise"]


def test_a_file_that_does_not_answer_is_an_error(questions: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"none\.onnx"):
        compare({OURS: str(tmp_path / "none.onnx")}, *questions, seconds=0.1)


def test_states_and_steps_are_asked(tmp_path: Path) -> None:
    facts = {"states": made.STATES, "sampling_rate": 8000}
    model: Any = SimpleNamespace(metadata=facts, inputs=())
    sizes = write_questions(model, tmp_path, "some text")
    assert sizes["step"] == (1, 1) and sizes["raw"] == (1, 0)
    assert json.loads((tmp_path / "raw.json").read_text()) == {"raw": "some text"}


def test_recurrent_layers_are_found_with_their_sizes() -> None:
    x = keras.Input((12, 6))
    inner = keras.Sequential([keras.Input((12, 10)), keras.layers.SimpleRNN(3)])
    y = keras.layers.Bidirectional(keras.layers.GRU(5, return_sequences=True))(x)
    found = list(_recurrent(keras.Model(x, inner(y))))
    assert found == [
        {"kind": "GRU", "both": True, "features": 6, "units": 5, "steps": 12},
        {"kind": "RNN", "both": False, "features": 10, "units": 3, "steps": 12},
    ]


def test_rivals_at_the_level_of_raw_arrays_get_the_processing() -> None:
    metadata = {"raw": True, "task": "forecast", "processing": {"kind": "none"}}
    with pytest.raises(ExportError, match="no file"):
        frameworks.opened("keras predict", {"metadata": metadata, "fails": "no file"}, 1)


@pytest.mark.slow
def test_the_command_compares_with_the_original(tmp_path: Path) -> None:
    path = tmp_path / "flu.onnx"
    import zoo

    export.to_onnx(zoo.load("flu-segrnn"), path, cases=2)
    words = ["bench", str(path), "--against", "flu-segrnn", "--seconds", "0.1", "--json"]
    words += ["--raw", "zoo/examples/us_flu_weekly.csv"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)
    rows = [row for row in json.loads(done.stdout) if not row["note"]]
    keras_rows = {row["question"]: row for row in rows if row["runner"] == "keras predict"}
    assert keras_rows.keys() == {"start", "sequence", "batch", "raw"}
    assert keras_rows["start"]["ratio"] > 2 and keras_rows["start"]["mebibytes"] > 200
    assert {"SavedModel", OURS, BARE} <= {row["runner"] for row in rows}
    assert np.isfinite([row["ratio"] for row in rows]).all()
