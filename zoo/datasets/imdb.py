"""IMDb: film reviews, for or against (Maas et al. 2011), 25,000 to learn from and 25,000 to test.

No clear licence. Of the texts that stand in both parts (case and spaces ignored) those of the
training part are dropped, so that the test part is the one that others report on. The validation
part is a rule: a tenth of the training texts, by the SHA-1 of the text.
"""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path

import numpy as np

from zoo.datasets.names_by_language import LabelledTexts
from zoo.errors import DataError

LABELS = ("negative", "positive")
Row = tuple[int, str]


def read(folder: Path) -> LabelledTexts:
    """Reads both parts.

    Args:
        folder: Holds `imdb.{train,test}.tsv.xz`: label (0 or 1), rating, id, text.

    Raises:
        DataError: A file is missing or damaged.
    """
    return split(*(_rows(folder / f"imdb.{part}.tsv.xz") for part in ("train", "test")))


def split(train: list[Row], test: list[Row]) -> LabelledTexts:
    """Drops texts of the test part from the training part and splits it by the rule above.

    Args:
        train: Labels and texts.
        test: The same.
    """
    tested = {_plain(text) for _, text in test}
    kept = [(label, text) for label, text in train if _plain(text) not in tested]
    parts = [
        "validation" if hashlib.sha1(_plain(text).encode()).digest()[0] < 26 else "train"
        for _, text in kept
    ]
    rows = [*kept, *test]
    return LabelledTexts(
        texts=tuple(text for _, text in rows),
        labels=np.array([label for label, _ in rows], np.int32),
        splits=np.array([*parts, *["test"] * len(test)]),
        label_names=LABELS,
    )


def _rows(path: Path) -> list[Row]:
    rows: list[Row] = []
    try:
        with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
            for line in file:
                label, _, _, text = line.rstrip("\r\n").split("\t")
                if label not in ("0", "1") or not text.strip():
                    raise ValueError(f"line {len(rows) + 1} has the label {label!r}")
                rows.append((int(label), text))
    except (OSError, EOFError, lzma.LZMAError, ValueError) as error:
        raise DataError(
            f"{path} is needed, lines of label, rating, id and text between tabs: {error}."
        ) from None
    return rows


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
