"""tiny-shakespeare: 1,115,394 characters of plays (Karpathy, char-rnn)."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import DataError


@dataclass(frozen=True)
class Text:
    """A running text in three parts, in order."""

    train: str
    validation: str
    test: str

    @property
    def whole(self) -> str:
        """All parts together."""
        return self.train + self.validation + self.test

    def few(self) -> Text:
        """The first 100,000 characters to learn from, and 5,000 of each other part."""
        return Text(self.train[:100_000], self.validation[:5000], self.test[:5000])


def read(folder: Path) -> Text:
    """Reads `input.txt.gz` (or `input.txt`) and splits it.

    The last 10 % is the test part; the last 5 % of the rest is the validation part.

    Raises:
        DataError: Neither file is there, or it cannot be read.
    """
    packed, plain = folder / "input.txt.gz", folder / "input.txt"
    try:
        if packed.exists():
            return split(gzip.decompress(packed.read_bytes()).decode("utf-8"))
        return split(plain.read_text(encoding="utf-8"))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(
            f"{folder}: needed is input.txt.gz or input.txt in UTF-8: {error}."
        ) from None


def split(text: str) -> Text:
    """Cuts a text into its training, validation and test part."""
    test = int(len(text) * 0.9)
    validation = int(test * 0.95)
    return Text(text[:validation], text[validation:test], text[test:])
