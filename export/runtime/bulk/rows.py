"""Where rows come from: a folder of files, a column of a Parquet file, lines of a text, a list."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from zoo.errors import InputError, MissingExtraError

_READ = 1024  # rows of a Parquet file that are read at once


@dataclass(frozen=True)
class Row:
    """One raw input, and the name of its file if it has one of its own."""

    raw: Any
    file: str = ""


class Source(Protocol):
    """Rows that can be read again, in the same order, while `facts` stay the same."""

    def facts(self) -> dict[str, Any]:
        """What tells these rows from others, JSON-able."""
        ...

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def __iter__(self) -> Iterator[Row]:
        """The rows, in order."""
        ...


class Items:
    """Rows in memory, or any sequence that reads them when they are asked for.

    Args:
        items: The raw inputs.
        name: Tells these items from others when a run is taken up again.
    """

    def __init__(self, items: Sequence[Any], name: str = "items") -> None:
        self._items = items
        self._name = name

    def facts(self) -> dict[str, Any]:
        """The name and the number of items."""
        return {"items": self._name, "rows": len(self)}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Row]:
        return map(Row, self._items)


class Folder:
    """All files under a folder, hidden ones left out, in the order of their names.

    Args:
        folder: The folder.
        pattern: Which files, such as "*.wav".

    Raises:
        InputError: It is no folder, or holds no such file.
    """

    def __init__(self, folder: str | os.PathLike[str], pattern: str = "*") -> None:
        self._folder = Path(folder)
        found = (path.relative_to(folder) for path in self._folder.rglob(pattern) if path.is_file())
        self._names = sorted(
            path.as_posix() for path in found if not any(p.startswith(".") for p in path.parts)
        )
        if not self._names:
            raise InputError(f"Received {folder}, which is no folder with files {pattern!r}.")

    def facts(self) -> dict[str, Any]:
        """A digest over names, sizes and times of the files."""
        digest = hashlib.sha256()
        for name in self._names:
            digest.update(f"{name}\0{_stamp(self._folder / name)}\n".encode())
        return {"folder": str(self._folder.resolve()), "files_sha256": digest.hexdigest()}

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[Row]:
        return (Row(self._folder / name, name) for name in self._names)


class Lines:
    """One raw input a line of a text file in UTF-8; of a model of sound, the path of a file.

    Args:
        path: The text file.

    Raises:
        InputError: It is no file, or no text in UTF-8.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        try:
            self._rows = sum(1 for _ in self)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; give a folder or a file.") from None
        except UnicodeDecodeError:
            raise InputError(f"{path} is no text in UTF-8; give one raw input a line.") from None

    def facts(self) -> dict[str, Any]:
        """The file's path, size and time."""
        return {"lines": str(self._path.resolve()), "stamp": _stamp(self._path)}

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[Row]:
        with self._path.open(encoding="utf-8", newline="\n") as file:
            for line in file:
                yield Row(line.rstrip("\r\n"))


class Parquet:
    """A column of a Parquet file: texts, paths, bytes of sound files, or lists of numbers.

    Args:
        path: The Parquet file.
        column: Name of the column.

    Raises:
        InputError: It is no Parquet file, or has no such column.
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], column: str | None) -> None:
        try:
            from pyarrow import ArrowException
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise MissingExtraError("batch", "Reading a Parquet file") from None
        self._path = Path(path)
        try:
            self._file = ParquetFile(self._path)
        except (OSError, ArrowException) as error:
            raise InputError(f"{path} is no Parquet file that can be read: {error}") from None
        names = self._file.schema_arrow.names
        if column not in names:
            raise InputError(f"{path} has the columns {', '.join(names)}; received {column!r}.")
        self._column = column

    def facts(self) -> dict[str, Any]:
        """The file's path, size, time, and the column."""
        path = str(self._path.resolve())
        return {"parquet": path, "stamp": _stamp(self._path), "column": self._column}

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __iter__(self) -> Iterator[Row]:
        for batch in self._file.iter_batches(_READ, columns=[self._column]):
            for scalar in batch.column(0):
                yield Row(_value(scalar.as_py()))


def _value(value: Any) -> Any:
    """Lists of numbers as an array; of a column of sounds as data sets keep them, bytes or path."""
    if isinstance(value, list) and value and isinstance(value[0], int | float | list):
        try:
            return np.array(value)
        except ValueError:  # rows of unequal length: the task says what it needs
            return value
    if isinstance(value, dict) and set(value) == {"bytes", "path"}:
        return value["bytes"] if value["bytes"] is not None else value["path"]
    return value


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_size} bytes, {status.st_mtime_ns} ns"
