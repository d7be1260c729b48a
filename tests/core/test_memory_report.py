"""What each cell can remember: problems, the list of runs, one small run and its pages."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from zoo.cli import app
from zoo.errors import InputError
from zoo.reports import memory
from zoo.reports.made_sequences import Adding, Copying
from zoo.reports.memory import MemoryRun, read_runs, report_memory, shipped_results

LIST = """
[defaults.training]
seed = 1
epochs = 2
batch_size = 2
learning_rate = 0.01
[[runs]]
id = "adding-4-lstm"
problem = "adding"
length = 4
setting = "clipped"
arguments = { cell = "lstm", units = 3 }
training = { initial = { chrono = 4 } }
[runs.panels]
"adding" = "lstm"
"both" = "lstm, adding"
"""


@pytest.fixture
def runs(tmp_path: Path) -> list[MemoryRun]:
    (tmp_path / "list.toml").write_text(LIST)
    return read_runs(tmp_path / "list.toml")


def test_sums_are_those_of_the_marked_numbers_and_chance_is_their_variance() -> None:
    rows, sums = Adding(10).make(4000, np.random.default_rng(1))
    marks = rows[..., 1]
    assert (marks[:, :5].sum(axis=1) == 1).all() and (marks[:, 5:].sum(axis=1) == 1).all()
    np.testing.assert_allclose(sums, (rows[..., 0] * marks).sum(axis=1), rtol=1e-6)
    assert np.mean((sums - 1) ** 2) == pytest.approx(Adding(10).chance, rel=0.05)
    exact = np.zeros((4000, 10, 1), np.float32)
    exact[:, -1, 0] = sums
    assert not np.asarray(Adding(10).loss(sums, exact)).any()


def test_symbols_are_asked_for_after_the_marker() -> None:
    rows, codes = Copying(20).make(3, np.random.default_rng(1))
    assert rows.shape == (3, 40, 10) and codes.shape == (3, 40)
    assert (rows[:, :10].argmax(axis=-1) == codes[:, -10:]).all() and codes[:, -10:].min() > 0
    assert (rows[:, 29].argmax(axis=-1) == 9).all() and not rows[:, 10:29, 1:].any()
    guess = np.full((3, 40, 9), -30.0, np.float32)
    guess[:, :30, 0] = guess[:, 30:, 1:] = 30.0
    losses = np.asarray(Copying(20).loss(codes, guess))
    assert losses == pytest.approx([Copying(20).chance] * 3, rel=1e-4)
    assert np.asarray(Copying(20).recall(codes, guess)) == pytest.approx([np.log(8)] * 3, rel=1e-4)


def test_the_list_is_what_the_report_promises() -> None:
    found = read_runs()
    assert len(found) <= 20 and len({run.id for run in found}) == len(found)
    cells = {(run.problem, run.length, run.arguments["cell"]) for run in found}
    assert cells == {
        *{
            (problem, 100, cell)
            for problem in ("adding", "copy")
            for cell in ("rnn", "gru", "lstm")
        },
        *{("adding", 600, cell) for cell in ("gru", "lstm")},
    }


def test_what_ships_was_measured_of_this_list_and_stands_in_the_readme() -> None:
    found = {one.id: one for one in shipped_results()}
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    for run in read_runs():
        assert found[run.id].sha256 == run.sha256 and found[run.id].chance == float(
            f"{run.made.chance:.3e}"
        )
        assert f"| {found[run.id].error:.1e} |" in readme, run.id
    assert found["adding-600-gru"].error < 1e-3


def test_runs_leave_a_table_and_a_picture_and_are_not_run_again(
    runs: list[MemoryRun], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "read_runs", lambda: runs)
    monkeypatch.setattr(memory, "_BATCHES", 3)
    seen: list[str] = []
    for _ in range(2):
        (result,) = report_memory(tmp_path, report=lambda run, one: seen.append(run.id))
        monkeypatch.setattr(memory, "train_run", None)  # all is finished
    assert seen == ["adding-4-lstm"] * 2 and len(result.curve) == 2
    assert set(result.after.lengths) == {"h", "c"} and result.after.places == [0, 1, 2, 3]
    assert result.before.lengths["h"] != result.after.lengths["h"]
    with (tmp_path / "memory.csv").open(encoding="utf-8") as table:
        (row,) = csv.DictReader(table)
    assert row["run"] == "adding-4-lstm" and row["chance"] == "0.1667"
    assert (tmp_path / "memory.md").read_text().count("\n") == 3
    assert (tmp_path / "memory.png").read_bytes().startswith(b"\x89PNG")
    kept = json.loads((tmp_path / "runs" / "adding-4-lstm.json").read_text())
    assert kept["error"] == result.error and kept["parameters"] == 76
    with pytest.raises(TypeError):
        report_memory(tmp_path, epochs=1)  # other settings are another run


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'adding-7'"):
        report_memory(tmp_path, patterns=["adding-7"])
    with pytest.raises(InputError, match="epochs=0"):
        report_memory(tmp_path, epochs=0)
    answer = CliRunner().invoke(app, ["report", "memory", "--help"])
    assert answer.exit_code == 0 and "--runs" in answer.output
