"""The inputs that a command line names: texts, files, folders, lines of standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError


@dataclass(frozen=True)
class Given:
    """One input: its name for a record, and the text or the path itself.

    Attributes:
        name: What the user wrote, or the path found in a folder.
        value: The text of a task of text, else the path; None where it cannot be read.
        error: Why it cannot be read.
    """

    name: str
    value: str | None
    error: str = ""


def expanded(domain: str, words: Sequence[str]) -> str | Sequence[Given] | Iterator[Given]:
    """What the words stand for.

    Returns:
        A single text or path, as one word that is neither a folder nor "-"; else each input, from
        standard input as it comes.

    Raises:
        InputError: A folder holds no file.
    """
    if len(words) == 1 and words[0] == "-":
        return _lines()
    if len(words) == 1 and not _is_folder(domain, words[0]):
        found = _one(domain, words[0])
        if found.value is None:
            raise InputError(found.error)
        return found.value
    return [given for word in words for given in _expanded(domain, word)]


def _expanded(domain: str, word: str) -> Iterable[Given]:
    if word == "-":
        return _lines()
    if not _is_folder(domain, word):
        return [_one(domain, word)]
    pattern = "*.txt" if domain == "text" else "*"
    found = sorted(path for path in Path(word).rglob(pattern) if path.is_file())
    shown = [path for path in found if not path.name.startswith(".")]
    if not shown:
        raise InputError(f"Received the folder {word}, which holds no {pattern} file.")
    return [_one(domain, str(path)) for path in shown]


def _one(domain: str, word: str) -> Given:
    """A text or a path; a .txt file stands for its text."""
    if domain != "text" or not word.endswith(".txt") or not Path(word).is_file():
        return Given(word, word)
    try:
        return Given(word, Path(word).read_text(encoding="utf-8").rstrip("\n"))
    except (OSError, UnicodeDecodeError) as error:
        return Given(word, None, f"Received {word}, which is no text in UTF-8: {error}.")


def _is_folder(domain: str, word: str) -> bool:
    """Whether a word names a folder; a word of text does so with a slash in it alone."""
    if domain == "text" and "/" not in word and os.sep not in word:
        return False
    try:
        return Path(word).is_dir()
    except (OSError, ValueError):  # a text that no path can be
        return False


def _lines() -> Iterator[Given]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            text = line.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            yield Given(f"line {number}", None, f"Received line {number}, not UTF-8: {error}.")
        else:
            yield Given(text, text)
