"""Multi30k: captions of photographs in English, German and French, line by line.

Source: github.com/multi30k/dataset, task 1; Elliott et al. 2016 (arXiv 1605.00459). No licence is
stated. The test part is `test_2016_flickr`. Lines of the training part of which either side, in any
language, stands in the validation or test part too are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoo.datasets import spread
from zoo.datasets.ud_english_ewt import read_lines
from zoo.errors import DataError

LANGUAGES = ("de", "en", "fr")
_FILES = {"train": "train", "validation": "val", "test": "test_2016_flickr"}


@dataclass(frozen=True)
class ParallelTexts:
    """Texts that say the same in several languages: language -> texts, in one order, by part."""

    train: dict[str, tuple[str, ...]]
    validation: dict[str, tuple[str, ...]]
    test: dict[str, tuple[str, ...]]

    def few(self) -> ParallelTexts:
        """At most 1,000 texts to learn from, and 100 of each other part."""
        counts = {"train": 1000, "validation": 100, "test": 100}
        return ParallelTexts(
            **{
                part: {code: spread(texts, most) for code, texts in getattr(self, part).items()}
                for part, most in counts.items()
            }
        )


def read(folder: Path) -> ParallelTexts:
    """Reads `PART.LANGUAGE.gz` (or without `.gz`) of every part and language.

    Raises:
        DataError: A file is missing or damaged, or the languages have unlike numbers of lines.
    """
    parts = {
        part: {code: _texts(folder, f"{name}.{code}") for code in LANGUAGES}
        for part, name in _FILES.items()
    }
    for part, texts in parts.items():
        counts = {code: len(lines) for code, lines in texts.items()}
        if len(set(counts.values())) != 1 or not counts["en"]:
            raise DataError(f"Received {counts} lines of {part}; fetch multi30k again.")
    parts["train"] = _unlike(parts["train"], [parts["validation"], parts["test"]])
    return ParallelTexts(**parts)


def _texts(folder: Path, name: str) -> tuple[str, ...]:
    lines = read_lines(folder, name)
    return tuple(line.strip() for line in (lines if lines[-1] else lines[:-1]))


def _unlike(
    texts: dict[str, tuple[str, ...]], others: list[dict[str, tuple[str, ...]]]
) -> dict[str, tuple[str, ...]]:
    """The lines of which no language stands in `others`."""
    seen = {code: {line for other in others for line in other[code]} for code in texts}
    rows = zip(*texts.values(), strict=True)
    kept = [
        row
        for row in rows
        if not any(line in seen[code] for code, line in zip(texts, row, strict=True))
    ]
    return {code: tuple(row[place] for row in kept) for place, code in enumerate(texts)}
