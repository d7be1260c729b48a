"""Surnames of 18 languages, from the PyTorch tutorials; each pair of name and language once.

Source: github.com/spro/practical-pytorch, MIT. The source has no split; this one is a rule. Names
are stripped and composed (NFC), and a name that stands in several languages stays with each. Every
distinct name belongs to the alphabetically first of its languages; within that language the names
are ordered by the SHA-1 of their UTF-8 bytes, and of n names the first round(n / 10) are the test
part, the next round(n / 10) the validation part. So no name is in two parts.
"""

from __future__ import annotations

import hashlib
import tarfile
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from zoo.datasets import spread
from zoo.errors import DataError

ARCHIVE = "names.tar.gz"


@dataclass(frozen=True)
class LabelledTexts:
    """Texts with a class each; every field but the last has one entry a text.

    Attributes:
        texts: The texts.
        labels: int32 (texts,), positions in `label_names`.
        splits: "train", "validation" or "test" (texts,).
        label_names: One name a class.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    splits: np.ndarray
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, chosen: np.ndarray) -> LabelledTexts:
        """The texts where bool (texts,) `chosen` is true."""
        return replace(
            self,
            texts=tuple(t for t, keep in zip(self.texts, chosen, strict=True) if keep),
            labels=self.labels[chosen],
            splits=self.splits[chosen],
        )

    def few(self) -> LabelledTexts:
        """At most 1,000 texts of each part."""
        rows = [
            spread(np.flatnonzero(self.splits == part), 1000) for part in np.unique(self.splits)
        ]
        return self.where(np.isin(np.arange(len(self)), np.concatenate(rows)))


def read(folder: Path) -> LabelledTexts:
    """Reads all names.

    Args:
        folder: Holds `names.tar.gz` with one file `Language.txt` a language, one name a line.

    Raises:
        DataError: The file is missing or damaged.
    """
    path = folder / ARCHIVE
    lists: dict[str, list[str]] = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member) if member.name.endswith(".txt") else None
                if file is not None:
                    lists[Path(member.name).stem] = file.read().decode("utf-8").splitlines()
    except (OSError, EOFError, tarfile.TarError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is needed, one file of names a language: {error}.") from None
    if not lists:
        raise DataError(f"{path} has no file of names; fetch names-by-language again.")
    return split(lists)


def split(lists: Mapping[str, Sequence[str]]) -> LabelledTexts:
    """Removes duplicates and splits by the rule at the head of this file.

    Args:
        lists: Language to names.
    """
    languages = sorted(lists)
    belongs: dict[str, list[str]] = defaultdict(list)
    for language in languages:
        for name in sorted({_plain(line) for line in lists[language]} - {""}):
            belongs[name].append(language)
    strata: dict[str, list[str]] = defaultdict(list)
    for name, found in belongs.items():
        strata[found[0]].append(name)
    part = {}
    for names in strata.values():
        names.sort(key=lambda name: hashlib.sha1(name.encode()).digest())
        tenth = round(len(names) / 10)
        for place, name in enumerate(names):
            part[name] = "test" if place < tenth else "train"
            part[name] = "validation" if tenth <= place < 2 * tenth else part[name]
    pairs = [(name, language) for name, found in sorted(belongs.items()) for language in found]
    return LabelledTexts(
        texts=tuple(name for name, _ in pairs),
        labels=np.array([languages.index(language) for _, language in pairs], np.int32),
        splits=np.array([part[name] for name, _ in pairs]),
        label_names=tuple(languages),
    )


def _plain(line: str) -> str:
    return " ".join(unicodedata.normalize("NFC", line).split())
