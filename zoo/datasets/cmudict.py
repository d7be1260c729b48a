"""The CMU Pronouncing Dictionary: English words and how they are spoken, in ARPAbet.

Source: github.com/cmusphinx/cmudict, BSD-style licence, Carnegie Mellon University. Stress digits
are left out. The split is by word: with n the SHA-1 of its UTF-8 bytes as a number, n mod 10 = 0
is the test part, 1 the validation part, the rest trains; all variants of a word are in one part.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zoo.datasets import spread
from zoo.datasets.ud_english_ewt import read_lines
from zoo.errors import DataError

Phones = tuple[str, ...]


@dataclass(frozen=True)
class Pronunciations:
    """Words, each with all the ways in which it may be spoken, in three parts."""

    train: dict[str, tuple[Phones, ...]]
    validation: dict[str, tuple[Phones, ...]]
    test: dict[str, tuple[Phones, ...]]

    def few(self) -> Pronunciations:
        """At most 5,000 words to learn from, and 250 of each other part."""
        counts = {"train": 5000, "validation": 250, "test": 250}
        return Pronunciations(
            **{
                part: dict(spread(list(getattr(self, part).items()), most))
                for part, most in counts.items()
            }
        )


def read(folder: Path) -> Pronunciations:
    """Reads `cmudict.dict.gz` (or `cmudict.dict`).

    Raises:
        DataError: Neither file is there, or it is damaged.
    """
    return split(parse(read_lines(folder, "cmudict.dict")))


def parse(lines: Iterable[str]) -> dict[str, tuple[Phones, ...]]:
    """Reads lines "word PH1 PH2", variants as "word(2)", comments after "#".

    Raises:
        DataError: A line has a word only, or there is no line.
    """
    found: dict[str, dict[Phones, None]] = {}
    for number, line in enumerate(lines, 1):
        columns = line.partition("#")[0].split()
        if not columns:
            continue
        word = re.sub(r"\(\d+\)$", "", columns[0]).lower()
        phones = tuple(phone.rstrip("012") for phone in columns[1:])
        if not word or not phones:
            raise DataError(f"Received line {number}: {line!r}; needed are a word and its phones.")
        found.setdefault(word, {})[phones] = None
    if not found:
        raise DataError("Received a dictionary without words; fetch cmudict again.")
    return {word: tuple(variants) for word, variants in found.items()}


def split(words: dict[str, tuple[Phones, ...]]) -> Pronunciations:
    """Splits by the rule at the head of this file."""
    parts: dict[str, dict[str, tuple[Phones, ...]]] = {"train": {}, "validation": {}, "test": {}}
    for word, variants in words.items():
        number = int.from_bytes(hashlib.sha1(word.encode()).digest()) % 10
        parts[{0: "test", 1: "validation"}.get(number, "train")][word] = variants
    return Pronunciations(**parts)
