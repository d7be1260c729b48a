"""A record for each of many inputs: text, JSON lines or comma-separated values on stdout."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True)
class Record:
    """An input with its answer, or with the reason that there is none.

    Attributes:
        name: The input's name.
        answer: JSON-able facts of the answer; empty where it failed.
        text: The answer for people.
        error: One sentence; "" where it did not fail.
    """

    name: str
    answer: Mapping[str, Any]
    text: str
    error: str = ""


class TextForm:
    """`input: answer`, a line or a block each."""

    def lines(self, record: Record) -> list[str]:
        """The lines of a record."""
        return [f"{record.name}: {record.error or record.text}"]

    def rest(self) -> list[str]:
        """Nothing is kept back."""
        return []


class JsonForm:
    """One JSON object a line: `input` with `answer` or `error`."""

    def lines(self, record: Record) -> list[str]:
        """The line of a record."""
        told = {"error": record.error} if record.error else {"answer": record.answer}
        return [json.dumps({"input": record.name, **told})]

    def rest(self) -> list[str]:
        """Nothing is kept back."""
        return []


class CsvForm:
    """A table with the columns `input`, those of the answers, `error`.

    The first answer gives the columns; a mapping has one for each key, a list is JSON in its cell.
    """

    def __init__(self) -> None:
        self._columns: list[str] | None = None
        self._waiting: list[Record] = []  # failed before there was an answer

    def lines(self, record: Record) -> list[str]:
        """The lines that can be written now."""
        if self._columns is None and record.error:
            self._waiting.append(record)
            return []
        if self._columns is None:
            self._columns = list(_flat(record.answer))
            waiting, self._waiting = self._waiting, []
            head = _row(["input", *self._columns, "error"])
            return [head, *map(self._line, waiting), self._line(record)]
        return [self._line(record)]

    def rest(self) -> list[str]:
        """What waited for an answer that never came."""
        if not self._waiting:
            return []
        self._columns = []
        return [_row(["input", "error"]), *map(self._line, self._waiting)]

    def _line(self, record: Record) -> str:
        cells = _flat(record.answer)
        return _row([record.name, *(cells.get(c, "") for c in self._columns or []), record.error])


FORMS: Mapping[str, Callable[[], Any]] = {"text": TextForm, "json": JsonForm, "csv": CsvForm}


class Writer:
    """Prints records as they come, and counts those that failed."""

    def __init__(self, form: str) -> None:
        self._form = FORMS[form]()
        self.count = self.failed = 0

    def write(self, record: Record) -> None:
        """Prints one record."""
        self.count += 1
        self.failed += bool(record.error)
        for line in self._form.lines(record):
            click.echo(line)

    def finish(self) -> None:
        """Prints what was kept back."""
        for line in self._form.rest():
            click.echo(line)


def _flat(facts: Mapping[str, Any]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in facts.items():
        if isinstance(value, Mapping):
            cells |= {f"{key}.{name}": part for name, part in _flat(value).items()}
        else:
            listed = isinstance(value, list | tuple)
            cells[key] = json.dumps(value) if listed else "" if value is None else str(value)
    return cells


def _row(cells: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()
