"""A run over many rows: in order, in bounded memory, and taken up again where it stood."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from export.runtime import load
from export.runtime.bulk import Folder, Items, Lines, Parquet, Row, run, write
from export.runtime.bulk.workers import computing
from zoo.cli import app
from zoo.errors import InputError

ROOT = Path(__file__).parents[3]
TEXTS = [("abc gh "[k % 7 :] + "fed" * (k % 11)) if k % 13 else "" for k in range(150)]
ITEMS = Items(TEXTS)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PART_ROWS", 16)


def _run(reader: Path, out: Path, **options: Any) -> Any:
    return write(reader, ITEMS, out, **{"workers": 1, "batch_size": 1, **options})


@pytest.fixture
def whole(reader: Path, tmp_path: Path) -> bytes:
    """The output of a run that nothing interrupts."""
    _run(reader, tmp_path / "whole.jsonl")
    return (tmp_path / "whole.jsonl").read_bytes()


class Stop(Exception):
    """Stands for whatever ends a run."""


def _interrupt(reader: Path, out: Path, after: int = 3, **options: Any) -> list[Path]:
    """Ends a run after some parts, and gives the files of the parts that are there."""
    told: list[int] = []

    def stop(rows: int) -> None:
        told.append(rows)
        if len(told) == after:
            raise Stop

    with pytest.raises(Stop):
        _run(reader, out, progress=stop, **options)
    assert not out.exists()
    return sorted(out.with_name(f"{out.name}.parts").glob("*.part"))


def test_rows_keep_their_order_and_have_answers_or_errors(reader: Path, tmp_path: Path) -> None:
    told: list[int] = []
    summary = _run(reader, tmp_path / "out.jsonl", progress=told.append)
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    model = load(reader)
    assert [row["row"] for row in rows] == list(range(150)) and sum(told) == 150
    for text, row in zip(TEXTS, rows, strict=True):
        assert ("answer" in row) == bool(text.strip()) and len(row) == 2
        if "answer" in row:
            assert row["answer"]["label"] == model.predict(text).to_dict()["label"]
    bad = sum(not text.strip() for text in TEXTS)
    assert (summary.rows, summary.errors, summary.parts, summary.reused) == (150, bad, 10, 0)
    assert "empty text" in summary.first_error
    assert list(tmp_path.iterdir()) == [tmp_path / "out.jsonl"]


@pytest.mark.parametrize("after", [1, 4, 10])
def test_an_interrupted_run_goes_on_to_the_same_bytes(
    reader: Path, tmp_path: Path, whole: bytes, after: int
) -> None:
    out = tmp_path / "out.jsonl"
    parts = _interrupt(reader, out, after)
    assert len(parts) >= after
    assert _run(reader, out).reused == len(parts)
    assert out.read_bytes() == whole


def test_damaged_parts_are_computed_again(reader: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "out.jsonl"
    parts = _interrupt(reader, out, 5)
    parts[0].write_bytes(parts[0].read_bytes()[:-9])
    parts[2].write_bytes(b"")
    parts[3].rename(parts[3].with_name(".00000003.part.tmp"))
    assert _run(reader, out).reused == len(parts) - 3
    assert out.read_bytes() == whole


def test_a_killed_process_leaves_a_run_that_goes_on(
    reader: Path, tmp_path: Path, whole: bytes
) -> None:
    out = tmp_path / "out.jsonl"
    code = (
        "import sys, time\n"
        "from export.runtime.bulk import run, write\n"
        "from tests.export.bulk.test_run import ITEMS\n"
        "run.PART_ROWS = 16\n"
        "def slow(rows): print(rows, flush=True); time.sleep(1)\n"
        "write(sys.argv[1], ITEMS, sys.argv[2], workers=1, batch_size=1, progress=slow)\n"
    )
    words = [sys.executable, "-c", code, str(reader), str(out)]
    with subprocess.Popen(words, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"16\n"
        with pytest.raises(InputError, match="Another process is at work"):
            _run(reader, out)
        process.send_signal(signal.SIGKILL)
    assert 1 <= _run(reader, out).reused < 10
    assert out.read_bytes() == whole


def test_other_arguments_than_the_first_runs_are_refused(
    reader: Path, tmp_path: Path, whole: bytes
) -> None:
    out = tmp_path / "out.jsonl"
    _interrupt(reader, out)
    with pytest.raises(InputError, match=r"'batch_size': 1.*'batch_size': 2.*restart"):
        _run(reader, out, batch_size=2)
    with pytest.raises(InputError, match="source"):
        write(reader, Items(TEXTS, "others"), out, workers=1, batch_size=1)
    (out.with_name("out.jsonl.parts") / "run.json").write_text("{")
    with pytest.raises(InputError, match="other settings"):
        _run(reader, out)
    assert _run(reader, out, restart=True).reused == 0
    assert out.read_bytes() == whole


def test_workers_change_no_byte(reader: Path, tmp_path: Path, whole: bytes) -> None:
    out = tmp_path / "out.jsonl"
    _interrupt(reader, out, 2, workers=2)
    assert _run(reader, out, workers=2).reused >= 2
    assert out.read_bytes() == whole


def test_workers_start_in_a_forked_process(reader: Path, tmp_path: Path, whole: bytes) -> None:
    (tmp_path / "texts.txt").write_text("".join(f"{text}\n" for text in TEXTS))
    code = (
        "import multiprocessing, sys\n"
        "from export.runtime import load\n"
        "from export.runtime.bulk import Lines, run, write\n"
        "run.PART_ROWS = 16\n"
        "if __name__ == '__main__':\n"
        "    file, texts, out = sys.argv[1:]\n"
        "    load(file, threads=2).predict('abc')  # its threads stay behind\n"
        "    child = multiprocessing.get_context('fork').Process(target=write, \n"
        "        args=(file, Lines(texts), out), kwargs={'workers': 2, 'batch_size': 1})\n"
        "    child.start()\n"
        "    child.join()\n"
        "    sys.exit(child.exitcode)\n"
    )
    (tmp_path / "script.py").write_text(code)
    out = tmp_path / "out.jsonl"
    words = [sys.executable, "script.py", str(reader), "texts.txt", str(out)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == whole


def test_workers_that_die_are_told_and_the_run_goes_on(
    reader: Path, tmp_path: Path, whole: bytes
) -> None:
    out = tmp_path / "out.jsonl"

    def kill(_: int) -> None:
        for child in multiprocessing.active_children():
            os.kill(child.pid or 0, signal.SIGKILL)

    with pytest.raises(InputError, match="A worker process died; run again"):
        _run(reader, out, workers=2, progress=kill)
    _run(reader, out, workers=1)
    assert out.read_bytes() == whole


def test_workers_end_with_the_process_that_started_them(reader: Path, tmp_path: Path) -> None:
    code = (
        "import multiprocessing, sys, time\n"
        "from pathlib import Path\n"
        "from export.runtime.bulk.rows import Row\n"
        "from export.runtime.bulk.workers import computing\n"
        "if __name__ == '__main__':\n"
        "    with computing(2, Path(sys.argv[1]), {}) as compute:\n"
        "        compute(Path(sys.argv[2]), 0, 0, [Row('abc')]).result()\n"
        "        print(*[p.pid for p in multiprocessing.active_children()], flush=True)\n"
        "        time.sleep(60)\n"
    )
    (tmp_path / "script.py").write_text(code)
    words = [sys.executable, str(tmp_path / "script.py"), str(reader), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        workers = [Path(f"/proc/{pid}") for pid in process.stdout.readline().decode().split()]
        assert workers and all(path.exists() for path in workers)
        process.kill()
    end = time.monotonic() + 20
    while any(_alive(path) for path in workers) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(_alive(path) for path in workers)


def _alive(process: Path) -> bool:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Counting:
    """Rows that are counted when they are read."""

    def __init__(self) -> None:
        self.read = 0

    def facts(self) -> dict[str, Any]:
        return {}

    def __len__(self) -> int:
        return 400

    def __iter__(self) -> Iterator[Row]:
        for k in range(400):
            self.read += 1
            yield Row("abc"[: 1 + k % 3])


def test_few_rows_are_held_at_a_time(reader: Path, tmp_path: Path) -> None:
    source = Counting()
    done: list[int] = []

    def check(rows: int) -> None:
        done.append(rows)
        assert source.read - sum(done) <= 16 * (2 * 2 + 1)

    write(reader, source, tmp_path / "out.jsonl", workers=2, batch_size=1, progress=check)
    assert sum(done) == 400


def test_parts_are_cut_by_length_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PART_LENGTH", 100)
    parts = [[len(row.raw) for row in part] for part in run.cut(Items(["x" * 40] * 7), 1)]
    assert parts == [[40, 40, 40], [40, 40, 40], [40]]


def test_parquet_in_and_out(reader: Path, tmp_path: Path, whole: bytes) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.table({"id": range(150), "text": TEXTS}), tmp_path / "in.parquet")
    source = Parquet(tmp_path / "in.parquet", "text")
    write(reader, source, tmp_path / "out.jsonl", workers=1, batch_size=1)
    assert (tmp_path / "out.jsonl").read_bytes() == whole
    write(reader, source, tmp_path / "out.parquet", workers=1, batch_size=1)
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    for row, line in zip(table, whole.splitlines(), strict=True):
        wanted = json.loads(line)
        assert row["row"] == wanted["row"] and row["error"] == wanted.get("error")
        found = json.loads(row["answer"]) if row["answer"] else None
        assert found == wanted.get("answer") and row["file"] is None
    with pytest.raises(InputError, match="id, text; received 'words'"):
        Parquet(tmp_path / "in.parquet", "words")
    with pytest.raises(InputError, match="no Parquet file"):
        Parquet(tmp_path / "out.jsonl", "text")


def test_sounds_and_numbers_come_out_of_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    sounds = [{"bytes": b"RIFF", "path": "a"}, {"bytes": None, "path": "b.wav"}]
    numbers = [[[1.0, 2.0], [3.0, 4.0]], [[1.0], [2.0, 3.0]]]
    table = pa.table({"sound": sounds, "numbers": numbers, "wave": [[1, 2], None]})
    parquet.write_table(table, tmp_path / "in.parquet")
    read = {
        name: [row.raw for row in Parquet(tmp_path / "in.parquet", name)]
        for name in table.column_names
    }
    assert read["sound"] == [b"RIFF", "b.wav"]
    assert read["numbers"][0].shape == (2, 2) and read["numbers"][1] == numbers[1]
    assert read["wave"][0].tolist() == [1, 2] and read["wave"][1] is None


def test_the_command_reads_folders_and_lines(
    reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "texts"
    (texts / "more").mkdir(parents=True)
    for name, content in {
        "b.txt": b"abc",
        "more/a.txt": b"hg",
        ".hidden": b"x",
        "c.md": b"a",
    }.items():
        (texts / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lines.txt").write_text("abc\nhg\n\n")
    for given, files in (("texts", ["b.txt", "more/a.txt"]), ("lines.txt", [None] * 3)):
        words = ["batch", str(reader), given, "-o", "out.jsonl", "--pattern", "*.txt"]
        done = CliRunner().invoke(app, [*words, "--workers", "1"])
        assert done.exit_code == 0, done.output
        rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
        assert [row.get("file") for row in rows] == files
    assert "3 rows, 1 with an error; the first: Received an empty text" in done.output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["none.txt", "-o", "out.jsonl"], "No such file"),
        (["texts", "-o", "out.csv"], "must end in .jsonl or .parquet"),
        (["texts", "-o", "texts/out.jsonl"], "write it elsewhere"),
        (["texts", "-o", "out.jsonl", "--pattern", "*.wav"], "no folder with files"),
        (["texts", "-o", "out.jsonl", "--workers", "0"], "workers=0"),
        (["bytes.txt", "-o", "out.jsonl"], "no text in UTF-8"),
        (["empty.txt", "-o", "out.jsonl", "--workers", "1"], "1 rows, 1 with an error"),
    ],
)
def test_the_command_refuses_in_one_sentence(
    reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts/a.txt").write_text("abc")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "empty.txt").write_text("\n")
    done = CliRunner().invoke(app, ["batch", str(reader), *words])
    assert isinstance(done.exception, InputError) and says in str(done.exception)


def test_one_worker_is_this_process(reader: Path, tmp_path: Path) -> None:
    with computing(1, reader, {}) as compute:
        assert compute(tmp_path, 7, 100, [Row("abc", "a.txt")]).result() == 1
    (part,) = tmp_path.glob("00000007.*.part")
    assert json.loads(part.read_text())["row"] == 100
    assert next(iter(Lines(part))).raw.startswith('{"row": 100, "file": "a.txt"')
    assert Folder(tmp_path).facts() == Folder(tmp_path).facts()
