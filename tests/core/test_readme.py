"""The README: its table is fresh and each of its commands runs."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.export.benchmark.summary import with_benchmark
from tests.export.stock_table import with_summary
from zoo.cli import app
from zoo.cli._readme import with_tables

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXEMPT = ("# network", "# tests", "# data")


def blocks(language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    """The shell commands that are not marked as exempt."""
    lines = "".join(blocks("sh")).splitlines()
    return [line for line in lines if line and not any(mark in line for mark in EXEMPT)]


def test_the_tables_are_fresh() -> None:
    assert with_tables(README) == README, "run: python -m zoo.cli._readme"


def test_the_table_of_ratios_is_fresh() -> None:
    assert with_summary(README) == README, "run: python -m tests.export.stock_table"


def test_the_table_of_the_benchmark_is_fresh() -> None:
    assert with_benchmark(README) == README, "run: python -m tests.export.benchmark.summary"


def test_the_picture_names_every_room() -> None:
    for package in ("zoo", "export"):
        for room in (ROOT / package).iterdir():
            if room.is_dir() and any(room.glob("*.py")):
                assert f"  {room.name}/" in README, room


@pytest.mark.slow
def test_every_command_and_every_script_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one process, since each of its own would import TensorFlow."""
    (tmp_path / "zoo").symlink_to(ROOT / "zoo")
    monkeypatch.chdir(tmp_path)
    assert len(commands()) >= 8
    for line in commands():
        before, _, command = line.rpartition(" | ")
        program, *words = shlex.split(command, comments=True)
        assert program == "rnn-zoo", line
        given = subprocess.run(["sh", "-c", before], capture_output=True, check=True).stdout
        done = CliRunner().invoke(app, words, input=given)
        assert done.exit_code == 0, f"{line}: {done.exception!r}"
    for script in blocks("python"):
        exec(compile(script, "README.md", "exec"), {"__name__": "__main__"})
