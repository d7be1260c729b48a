"""How a dialogue model learns: whole dialogues, each piece's target the next one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.sgd_dialogues import Dialogue, Dialogues, parse
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.subwords import PADDING, Subwords
from zoo.processing.turns import dialogue_codes
from zoo.training.batches import Batches, Problem
from zoo.training.subwords import learn_subwords

_STEP = 64  # rows are padded to a multiple of it: some backends compile anew for each width


class WholeDialogues:
    """Dialogues as codes, from zero states to their last mark.

    Args:
        codec: Text to pieces and back.
        dialogues: The turns of each.
    """

    def __init__(self, codec: Subwords, dialogues: Sequence[Dialogue]) -> None:
        self._rows = [dialogue_codes(codec, turns) for turns in dialogues]
        self.lengths = np.array([len(row) - 1 for row in self._rows])

    def __len__(self) -> int:
        return len(self._rows)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Codes and next codes, both int32 (batch, time), 0 after the end of each dialogue."""
        width = -(-int(self.lengths[indices].max()) // _STEP) * _STEP
        rows = np.full((len(indices), width + 1), PADDING, np.int32)
        for row, index in zip(rows, indices, strict=True):
            row[: len(self._rows[index])] = self._rows[index]
        # The last mark is a target alone; as an input it has none.
        return rows[:, :-1], rows[:, 1:]


def prepare(
    recipe: Recipe,
    data: Dialogues,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Learns the pieces from the training part and makes rows of codes.

    Recipe: `processing.size` is the number of codes, `processing.minimum_count` how often a
    character must occur to be known.

    Raises:
        RecipeError: A group is to be held out.
        MissingExtraError: The library that learns pieces is not installed.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; dialogues have no groups.")
    if processing is not None:
        codec = Subwords.from_processing(processing)
    else:
        texts = [turn for dialogue in data.train for turn in dialogue]
        wanted = recipe.processing
        codec = learn_subwords(texts, wanted["size"], wanted["minimum_count"])
    train, validation = (WholeDialogues(codec, part) for part in (data.train, data.validation))
    settings = recipe.training
    return Problem(
        processing=codec.to_processing(),
        arguments={"vocabulary_size": len(codec)},
        train=Batches(train, settings.batch_size, settings.seed, lengths=train.lengths),
        validation=Batches(
            validation, settings.batch_size, shuffle=False, lengths=validation.lengths
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=PADDING),
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> Dialogues:
    """Reads a user's dialogues, JSON lines as those of sgd-dialogues; the last tenth validates.

    Raises:
        DataError: The file cannot be read, or has fewer than two dialogues.
    """
    try:
        dialogues = parse(path.read_text(encoding="utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Received {path}; needed are JSON lines in UTF-8: {error}.") from None
    count = max(1, len(dialogues) // 10)
    if len(dialogues) < 2:
        raise DataError(f"Received {path} with one dialogue; give at least two, one to validate.")
    return Dialogues(dialogues[:-count], dialogues[-count:], ())
