"""WikiText-2: 2.5 million words of Wikipedia (Merity et al. 2016, arXiv 1609.07843)."""

from __future__ import annotations

import gzip
from pathlib import Path

from zoo.datasets.tiny_shakespeare import Text
from zoo.errors import DataError

_PARTS = {"train": "train", "validation": "valid", "test": "test"}


def read(folder: Path) -> Text:
    """Reads the three parts as they come: words with a space around each, rare ones as `<unk>`.

    Raises:
        DataError: A file `wiki.{train,valid,test}.tokens.gz` (or without `.gz`) is missing or
            cannot be read.
    """
    return Text(**{part: _read(folder / f"wiki.{name}.tokens") for part, name in _PARTS.items()})


def _read(plain: Path) -> str:
    packed = plain.with_name(plain.name + ".gz")
    try:
        content = gzip.decompress(packed.read_bytes()) if packed.exists() else plain.read_bytes()
        return content.decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise DataError(f"Needed is {packed} or {plain} in UTF-8: {error}.") from None
