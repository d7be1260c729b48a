"""How a language model learns: windows of running text, each symbol's target the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.tiny_shakespeare import Text, split
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.text import Characters
from zoo.training.batches import Batches, Problem


@dataclass(frozen=True)
class Windows:
    """Windows of `length` codes that start at every multiple of it.

    Args:
        codes: int32 of shape (characters,).
        length: Codes a window.
        shift: Whether each window starts up to `length` later, drawn anew each time.
    """

    codes: np.ndarray
    length: int
    shift: bool

    def __len__(self) -> int:
        return (len(self.codes) - 1) // self.length

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Codes and next codes, both int32 of shape (batch, length)."""
        starts = indices * self.length
        if self.shift:
            last = len(self.codes) - self.length - 1
            starts = np.minimum(starts + rng.integers(0, self.length, len(starts)), last)
        grid = starts[:, None] + np.arange(self.length + 1)
        windows = self.codes[grid]
        return windows[:, :-1], windows[:, 1:]


def prepare(
    recipe: Recipe,
    data: Text,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the codec on the training part and cuts the windows.

    Recipe: `training.options.window` is the length of a training window in characters and
    `validation_window` that of a validation window (both from zero state). `with_validation` adds
    the validation part to the training part: for the run that ships, after runs without it have
    chosen the settings; its validation loss then tells nothing of unseen text.

    Raises:
        RecipeError: A group is to be held out.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; a running text has no groups.")
    codec = Characters.from_processing(processing) if processing else Characters.fit(data.train)
    options = recipe.training.options
    learned = data.train + (data.validation if options.get("with_validation") else "")
    train = Windows(codec.encode(learned), options["window"], shift=True)
    validation = Windows(codec.encode(data.validation), options["validation_window"], shift=False)
    size = recipe.training.batch_size
    return Problem(
        processing=codec.to_processing(),
        arguments={"vocabulary_size": len(codec.vocabulary)},
        train=Batches(train, size, recipe.training.seed),
        validation=Batches(validation, size, shuffle=False),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> Text:
    """Reads a user's text file (UTF-8) and splits it as the recipe's own data.

    Raises:
        DataError: The file cannot be read, or is too short for one window in each part.
        InputError: It has a character that the model does not know.
    """
    text = split(read_text(path))
    Characters.from_processing(processing).encode(text.whole)
    needed = recipe.training.options["validation_window"] + 1
    if len(text.validation) < needed:
        raise DataError(
            f"Received {path} with {len(text.whole)} characters; its validation part (4.5 %) "
            f"needs at least {needed}."
        )
    return text


def read_text(path: Path) -> str:
    """A user's text file.

    Raises:
        DataError: The file cannot be read, or is not in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Received {path}; needed is a text file in UTF-8: {error}.") from None
