"""The parts of a run on disk: each whole or not there, so that a run can be taken up again.

Beside `OUT` lies the folder `OUT.parts` while a run is not finished: `run.json` says what is run on
what, and each finished part is a file of JSON lines whose name bears its place and its SHA-256.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from zoo.errors import InputError, MissingExtraError
from zoo.files import replacing

_DIGITS = 16  # of a digest
FORMS = (".jsonl", ".parquet")
_ERROR = re.compile(rb'\{"row": \d+, (?:"file": "(?:[^"\\]|\\.)*", )?"error": ')


@dataclass(frozen=True)
class Summary:
    """What a run wrote.

    Attributes:
        rows: Rows of the output.
        errors: How many of them have an error in place of an answer.
        first_error: The first of these errors, "" if there is none.
        parts: Pieces that the run was cut into.
        reused: How many of these an earlier, interrupted run had finished.
    """

    rows: int
    errors: int
    first_error: str
    parts: int
    reused: int


class Parts:
    """The parts of one run; a context that keeps other processes out.

    Args:
        out: The file that the run will write.
        facts: What is run on what, JSON-able.
        restart: Throw away what another run left.

    Raises:
        InputError: The output's name has no known ending, or `OUT.parts` holds another run.
        MissingExtraError: A Parquet file is wanted and pyarrow is not installed.
    """

    def __init__(self, out: Path, facts: Mapping[str, Any], restart: bool = False) -> None:
        if out.suffix not in FORMS:
            raise InputError(f"Received the output {out}; its name must end in .jsonl or .parquet.")
        if out.suffix == ".parquet":
            _pyarrow()
        self.out = out
        self.folder = out.with_name(f"{out.name}.parts")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / "lock")
        if restart:
            for path in self.folder.glob("*.*"):  # the lock has no dot in its name
                path.unlink()
        try:
            _check(self.folder / "run.json", facts)
        except InputError:
            self._lock.close()
            raise

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def finished(self, place: int) -> Path | None:
        """The file of a part that is there and undamaged; a damaged one is thrown away."""
        for path in self.folder.glob(f"{place:08d}.*.part"):
            if path.suffixes[0] == f".{_digest(path.read_bytes())}":
                return path
            path.unlink()
        return None

    def join(self, count: int, reused: int) -> Summary:
        """Makes the output of the first `count` parts, in order, and throws the parts away.

        Raises:
            InputError: A part was damaged since it was written.
        """
        paths = [path for place in range(count) if (path := self.finished(place))]
        if len(paths) != count:
            raise InputError(f"{count - len(paths)} parts in {self.folder} are damaged; run again.")
        with replacing(self.out) as temporary:
            if self.out.suffix == ".parquet":
                _write_parquet(paths, temporary)
            else:
                with temporary.open("wb") as file:
                    for path in paths:
                        file.write(path.read_bytes())
        rows, errors, first = _count(paths)
        self._lock.close()
        shutil.rmtree(self.folder)
        return Summary(rows, errors, first, count, reused)


def write_part(folder: Path, place: int, text: str) -> None:
    """Writes a part, whole or not at all."""
    content = text.encode()
    with replacing(folder / f"{place:08d}.{_digest(content)}.part") as temporary:
        temporary.write_bytes(content)


def _count(paths: list[Path]) -> tuple[int, int, str]:
    """Rows, rows with an error, and the first error."""
    rows = errors = 0
    first = ""
    for path in paths:
        with path.open("rb") as file:
            for line in file:
                rows += 1
                if _ERROR.match(line):
                    errors += 1
                    first = first or str(json.loads(line)["error"])
    return rows, errors, first


def _check(path: Path, facts: Mapping[str, Any]) -> None:
    """Writes what is run; or, where that stands already, compares."""
    given = json.loads(json.dumps(facts, default=str))
    if not path.exists():
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(given, indent=2), encoding="utf-8")
        return
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        differing = [name for name in given | kept if given.get(name) != kept.get(name)]
    except (ValueError, TypeError, AttributeError):
        kept, differing = {}, ["run.json"]
    if differing:
        told = ", ".join(
            f"{name} {kept.get(name)!r}, now {given.get(name)!r}" for name in differing
        )
        raise InputError(
            f"{path.parent} holds an unfinished run with other settings ({told}); give the same, "
            "or restart to throw it away."
        )


def _locked(path: Path) -> IO[bytes]:
    """An open file that no other process has locked; the lock ends with the process.

    Raises:
        InputError: Another process has it.
    """
    file = path.open("wb")
    with contextlib.suppress(ImportError):  # Windows has no fcntl, and no lock here
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise InputError(f"Another process is at work in {path.parent}; let it end.") from None
    return file


def _write_parquet(paths: list[Path], target: Path) -> None:
    """One group of rows a part: `row`, `file`, `answer` (JSON text or null), `error` (or null)."""
    pa, writer = _pyarrow()
    kinds = {"row": pa.int64(), "file": pa.string(), "answer": pa.string(), "error": pa.string()}
    with writer(target, pa.schema(kinds.items())) as file:
        for path in paths:
            columns: dict[str, list[Any]] = {name: [] for name in kinds}
            for row in _rows(path):
                if "answer" in row:
                    row["answer"] = json.dumps(row["answer"])
                for name, values in columns.items():
                    values.append(row.get(name))
            file.write_table(pa.table(columns, schema=pa.schema(kinds.items())))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from map(json.loads, file)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError:
        raise MissingExtraError("batch", "Writing a Parquet file") from None
    return pa, ParquetWriter


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]
