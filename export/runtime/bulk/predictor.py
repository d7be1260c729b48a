"""Answers for a list of rows, bad ones among them; a class that Ray Data's `map_batches` takes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from export.runtime.bulk.lengths import batches, length
from export.runtime.loading import load
from zoo.errors import InputError, ZooError
from zoo.tasks import Answer, check_options, domain_of

LONGEST = 2**21  # characters, bytes or samples that are padded to one length at once


@dataclass(frozen=True)
class Outcome:
    """What became of a row: an answer, or why there is none."""

    answer: Answer | None = None
    error: str = ""

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the key is `answer` or `error`."""
        return {"answer": self.answer.to_dict()} if self.answer else {"error": self.error}


class Predictor:
    """Answers many raw inputs with an exported file.

    Answers are those of the model's `predict` up to the rounding of a kernel that computes several
    rows at once; the same rows in the same lists give the same bytes.

    Args:
        file: A file that `export.to_onnx` wrote.
        column: Of the mappings that a call takes, the one that holds the raw inputs.
        batch_size: Most rows that the network computes at once.
        threads: Threads of one call of the network; more processes use the cores better.
        **options: Settings of the model's task.

    Raises:
        RuntimeFileError: The file cannot be used, or does not say how to read raw input.
        InputError: A setting cannot be used.
    """

    def __init__(
        self,
        file: str | os.PathLike[str],
        *,
        column: str | None = None,
        batch_size: int = 32,
        threads: int = 1,
        **options: Any,
    ) -> None:
        if batch_size < 1:
            raise InputError(f"Received batch_size={batch_size}; use 1 row or more.")
        self.model = load(file, threads=threads)
        check_options(self.model.task, options)
        self.column = column
        self.batch_size = batch_size
        self.options = options

    def outcomes(self, raws: Sequence[Any]) -> list[Outcome]:
        """What becomes of each raw input, in order; a bad one does not touch the others.

        Args:
            raws: Raw inputs, or `pathlib.Path`s of files that hold one each.
        """
        found: list[Outcome] = [Outcome()] * len(raws)
        for places in batches([length(raw) for raw in raws], self.batch_size, LONGEST):
            answered = self._answered([raws[place] for place in places])
            for place, outcome in zip(places, answered, strict=True):
                found[place] = outcome
        return found

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        """Adds to columns of rows the columns `answer` (JSON text) and `error`, "" where none is.

        Raises:
            InputError: The columns lack the one with the raw inputs.
        """
        if self.column is None or self.column not in batch:
            raise InputError(
                f"Received the columns {', '.join(batch)} and column={self.column!r}; "
                "name the one that holds the raw inputs."
            )
        outcomes = self.outcomes(list(batch[self.column]))
        answers = [json.dumps(one.answer.to_dict()) if one.answer else "" for one in outcomes]
        errors = [one.error for one in outcomes]
        return {**batch, "answer": np.array(answers, object), "error": np.array(errors, object)}

    def _answered(self, raws: Sequence[Any]) -> list[Outcome]:
        """Halves a batch that is refused until the rows at fault stand alone."""
        try:
            opened = [self._opened(raw) for raw in raws]
            return [Outcome(found) for found in self.model.predict_many(opened, **self.options)]
        except Exception as error:  # hours of work must not end with one row
            if len(raws) == 1:
                kind = "" if isinstance(error, ZooError) else f"{type(error).__name__}: "
                return [Outcome(error=" ".join(f"{kind}{error}".split()))]
        half = len(raws) // 2
        return self._answered(raws[:half]) + self._answered(raws[half:])

    def _opened(self, raw: Any) -> Any:
        """Of a model that reads text, the text of a file; other tasks open files themselves."""
        if not isinstance(raw, Path) or domain_of(self.model.task) != "text":
            return raw
        try:
            return raw.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{raw} is no text in UTF-8 that can be read: {error}") from None
