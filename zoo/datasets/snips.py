"""SNIPS: requests to a voice assistant, 7 intents and 39 kinds of slots as BIO tags.

Source: github.com/sonos/nlu-benchmark, CC0 1.0, in the split of Goo et al. 2018 (13,084 / 700 /
700), from which most papers report.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zoo.datasets.ud_english_ewt import Tagged, TaggedSentences, read_lines
from zoo.errors import DataError

PARTS = {"train": "train", "validation": "valid", "test": "test"}


def read(folder: Path) -> TaggedSentences:
    """Reads the three parts.

    Args:
        folder: Holds `snips.{train,valid,test}.tsv.gz`, or the same without `.gz`.

    Raises:
        DataError: A file is missing or damaged.
    """
    return TaggedSentences(
        **{part: parse(read_lines(folder, f"snips.{x}.tsv")) for part, x in PARTS.items()}
    )


def parse(lines: Iterable[str]) -> Tagged:
    """Reads lines of intent, words and BIO tags, between tabs; words and tags between spaces.

    Raises:
        DataError: A line has not as many tags as words, or there is no line.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            columns = line.rstrip("\r\n").split("\t")
            words, tags = (column.split() for column in ["", "", *columns][-2:])
            if len(columns) != 3 or not words or len(words) != len(tags):
                raise DataError(
                    f"Received line {number} with {len(columns)} columns, {len(words)} words and "
                    f"{len(tags)} tags; needed are intent, words, and a tag for each word."
                )
            rows.append((columns[0], tuple(words), tuple(tags)))
    if not rows:
        raise DataError("Received a file without requests; fetch snips again.")
    return Tagged(
        tuple(words for _, words, _ in rows),
        tuple(tags for _, _, tags in rows),
        tuple(intent for intent, _, _ in rows),
    )
