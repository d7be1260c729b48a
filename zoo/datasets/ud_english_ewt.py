"""The English Web Treebank of Universal Dependencies: words with their part of speech.

Source: github.com/UniversalDependencies/UD_English-EWT, annotations CC BY-SA 4.0, its own split.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zoo.datasets import spread
from zoo.errors import DataError

PARTS = {"train": "train", "validation": "dev", "test": "test"}


@dataclass(frozen=True)
class Tagged:
    """Sentences with a tag a word, and maybe a label for the whole.

    Attributes:
        sentences: The words of each sentence.
        tags: One tag a word.
        labels: One label a sentence; empty texts where there are none.
    """

    sentences: tuple[tuple[str, ...], ...]
    tags: tuple[tuple[str, ...], ...]
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sentences)

    def few(self, most: int) -> Tagged:
        """At most so many sentences, evenly spaced."""
        return Tagged(
            spread(self.sentences, most), spread(self.tags, most), spread(self.labels, most)
        )


@dataclass(frozen=True)
class TaggedSentences:
    """Tagged sentences in three parts."""

    train: Tagged
    validation: Tagged
    test: Tagged

    def few(self) -> TaggedSentences:
        """At most 1,000 sentences to learn from, and 200 of each other part."""
        return TaggedSentences(self.train.few(1000), self.validation.few(200), self.test.few(200))


def read(folder: Path) -> TaggedSentences:
    """Reads the three parts.

    Args:
        folder: Holds `en_ewt-ud-{train,dev,test}.conllu.gz`, or the same without `.gz`.

    Raises:
        DataError: A file is missing or damaged.
    """
    return TaggedSentences(
        **{part: _read_part(folder, f"en_ewt-ud-{name}.conllu") for part, name in PARTS.items()}
    )


def read_lines(folder: Path, name: str) -> list[str]:
    """Lines of a UTF-8 file that may be packed by gzip, then with `.gz` after its name.

    Raises:
        DataError: It is missing or damaged.
    """
    packed, plain = folder / f"{name}.gz", folder / name
    try:
        if packed.exists():
            return gzip.decompress(packed.read_bytes()).decode("utf-8").split("\n")
        return plain.read_text(encoding="utf-8").split("\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"{folder}: needed is {name}.gz or {name} in UTF-8: {error}.") from None


def parse(lines: Iterable[str]) -> Tagged:
    """Reads CoNLL-U: column 2 is the word, column 4 its part of speech (UPOS).

    Lines of several words in one (`3-4`) and of words left out (`3.1`) are not read.

    Raises:
        DataError: A line has fewer than four columns.
    """
    sentences: list[tuple[str, ...]] = []
    tags: list[tuple[str, ...]] = []
    words: list[tuple[str, str]] = []
    for number, line in enumerate([*lines, ""], 1):
        if not line.strip():
            if words:
                sentences.append(tuple(word for word, _ in words))
                tags.append(tuple(tag for _, tag in words))
            words = []
        elif not line.startswith("#"):
            columns = line.split("\t")
            if len(columns) < 4:
                raise DataError(f"Received line {number} with {len(columns)} columns, not CoNLL-U.")
            if columns[0].isdigit():
                words.append((columns[1], columns[3]))
    return Tagged(tuple(sentences), tuple(tags), ("",) * len(sentences))


def _read_part(folder: Path, name: str) -> Tagged:
    found = parse(read_lines(folder, name))
    if not len(found):
        raise DataError(f"{folder / name} has no sentence; fetch ud-english-ewt again.")
    return found
