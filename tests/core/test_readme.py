"""The README: its table is fresh and each of its commands runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.export.benchmark.summary import with_benchmark
from tests.export.stock_table import with_summary
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
def test_every_command_and_every_script_runs(tmp_path: Path) -> None:
    (tmp_path / "zoo").symlink_to(ROOT / "zoo")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    assert len(commands()) >= 8
    ours = f"{shlex.quote(sys.executable)} -m zoo.cli "
    for line in commands():
        script, count = re.subn(r"(^|\| )rnn-zoo ", lambda found: found[1] + ours, line)
        assert count == 1, line
        _runs(["sh", "-c", script], tmp_path, environment)
    for script in blocks("python"):
        _runs([sys.executable, "-c", script], tmp_path, environment)


def _runs(words: list[str], folder: Path, environment: dict[str, str]) -> None:
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stderr[-2000:]}"
