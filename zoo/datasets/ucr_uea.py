"""Sequences with a class each, of the UCR/UEA archive (Bagnall et al. 2018, arXiv 1811.00075).

Source: github.com/sktime/sktime; the archive states no licence, its data are free for research.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from zoo.errors import DataError

ARCHIVE = "ucr_uea_ts.tar.gz"


@dataclass(frozen=True)
class LabelledSequences:
    """Sequences of measurements with a class each; the first three have one entry a sequence.

    Attributes:
        sequences: float64 (time, features) each, of unequal lengths.
        labels: int32 (sequences,), positions in `label_names`.
        splits: "train", "validation" or "test" (sequences,).
        names: One name a feature.
        label_names: One name a class.
    """

    sequences: tuple[np.ndarray, ...]
    labels: np.ndarray
    splits: np.ndarray
    names: tuple[str, ...]
    label_names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sequences)

    def where(self, chosen: np.ndarray) -> LabelledSequences:
        """The sequences where bool (sequences,) `chosen` is true."""
        return replace(
            self,
            sequences=tuple(s for s, keep in zip(self.sequences, chosen, strict=True) if keep),
            labels=self.labels[chosen],
            splits=self.splits[chosen],
        )


@dataclass(frozen=True)
class Problems:
    """The problems of the archive, by name; each is read when asked for."""

    readers: Mapping[str, Callable[[], LabelledSequences]]

    def get(self, name: str) -> LabelledSequences:
        """One problem.

        Raises:
            DataError: It is not there, or damaged.
        """
        if name not in self.readers:
            here = ", ".join(self.readers) or "none"
            raise DataError(f"Received the problem {name!r}; here: {here}.")
        return self.readers[name]()


def read(folder: Path) -> Problems:
    """The problems of `ucr_uea_ts.tar.gz`: `NAME/NAME_TRAIN.ts` and `NAME/NAME_TEST.ts` each.

    Raises:
        DataError: The archive is missing or damaged.
    """
    path = folder / ARCHIVE
    try:
        with tarfile.open(path) as archive:
            files = archive.getnames()
    except (OSError, EOFError, tarfile.TarError) as error:
        raise DataError(f"{path} is missing or damaged ({error}); ucr-uea needs it.") from None
    names = sorted({name.split("/")[0] for name in files if name.endswith("_TRAIN.ts")})
    return Problems({name: partial(_read, path, name) for name in names})


def _read(path: Path, name: str) -> LabelledSequences:
    """One problem with its official parts; features are named after their place, from 1."""
    try:
        with tarfile.open(path) as archive:
            parts = {
                split: _parsed(_text(archive, f"{name}/{name}_{split.upper()}.ts"))
                for split in ("train", "test")
            }
    except (OSError, EOFError, KeyError, ValueError, tarfile.TarError) as error:
        raise DataError(f"{path}: {name} is damaged: {error}.") from None
    classes = parts["train"][2]
    labels = [label for _, found, _ in parts.values() for label in found]
    sequences = tuple(sequence for found, _, _ in parts.values() for sequence in found)
    widths = {sequence.shape[1] for sequence in sequences}
    if len(widths) != 1 or not all(np.isfinite(sequence).all() for sequence in sequences):
        raise DataError(f"{path}: {name} has {sorted(widths)} dimensions, or missing values.")
    if unknown := sorted(set(labels) - set(classes)):
        raise DataError(f"{path}: {name} has the class {unknown[0]!r}, which its head lacks.")
    return LabelledSequences(
        sequences=sequences,
        labels=np.array([classes.index(label) for label in labels], np.int32),
        splits=np.repeat(list(parts), [len(found) for found, _, _ in parts.values()]),
        names=tuple(f"feature {place}" for place in range(1, widths.pop() + 1)),
        label_names=classes,
    )


def _text(archive: tarfile.TarFile, name: str) -> str:
    file = archive.extractfile(name)
    if file is None:
        raise ValueError(f"{name} is no file")
    return file.read().decode("utf-8")


def _parsed(text: str) -> tuple[list[np.ndarray], list[str], tuple[str, ...]]:
    """Sequences (time, features), the class of each, and the classes that the head names.

    A line holds the dimensions of one sequence with ":" between them, and its class at the end.
    """
    classes: tuple[str, ...] = ()
    sequences, labels = [], []
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.lower().startswith("@classlabel"):
            classes = tuple(line.split()[2:])
        if line[0] in "@#":
            continue
        *dimensions, label = line.split(":")
        rows = [[float(value) for value in row.split(",")] for row in dimensions]
        sequences.append(np.array(rows).T)
        labels.append(label)
    if not sequences:
        raise ValueError("no sequence follows its head")
    return sequences, labels, classes
