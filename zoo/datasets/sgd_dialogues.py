"""Schema-Guided Dialogue: users and an assistant that books, finds and pays for them.

Source: github.com/google-research-datasets/dstc8-schema-guided-dialogue (Rastogi et al. 2020, arXiv
1909.05855), CC BY-SA 4.0, its own split as far as files were small enough to be had: 96 of 127
training files, 17 of 20 validation files, 24 of 34 test files.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from zoo.datasets import spread
from zoo.errors import DataError

PARTS = {"train": "train", "validation": "dev", "test": "test"}
Dialogue = tuple[str, ...]


@dataclass(frozen=True)
class Dialogues:
    """Dialogues in three parts.

    A dialogue is its turns, one space between words: the user's first, the assistant's last, each
    in its turn.
    """

    train: tuple[Dialogue, ...]
    validation: tuple[Dialogue, ...]
    test: tuple[Dialogue, ...]

    def few(self) -> Dialogues:
        """At most 200 dialogues to learn from, and 20 of each other part."""
        return Dialogues(
            spread(self.train, 200), spread(self.validation, 20), spread(self.test, 20)
        )


def read(folder: Path) -> Dialogues:
    """Reads the three parts.

    Args:
        folder: Holds `sgd.{train,dev,test}.jsonl.xz`.

    Raises:
        DataError: A file is missing or damaged.
    """
    return Dialogues(**{part: _read_part(folder, name) for part, name in PARTS.items()})


def parse(lines: Iterable[str]) -> tuple[Dialogue, ...]:
    """Reads JSON lines whose `turns` have a speaker `s`, "U" or "S", and an utterance `u`.

    Raises:
        DataError: A line is no such JSON, or its speakers do not take turns; or there is none.
    """
    dialogues = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            turns = [(turn["s"], " ".join(turn["u"].split())) for turn in json.loads(line)["turns"]]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(f"Received line {number}, which is no dialogue: {error!r}.") from None
        speakers = "".join(speaker for speaker, _ in turns)
        if not turns or speakers != "US" * (len(turns) // 2):
            raise DataError(
                f"Received line {number} with the speakers {speakers!r}; needed are U and S by "
                "turns, U first and S last."
            )
        dialogues.append(tuple(text for _, text in turns))
    if not dialogues:
        raise DataError("Received a file without dialogues; fetch sgd-dialogues again.")
    return tuple(dialogues)


def _read_part(folder: Path, name: str) -> tuple[Dialogue, ...]:
    path = folder / f"sgd.{name}.jsonl.xz"
    try:
        text = lzma.decompress(path.read_bytes()).decode("utf-8")
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: needed are JSON lines in UTF-8, packed by xz: {error}.") from None
    return parse(text.split("\n"))
