"""How a language model learns: windows of running text, each symbol's target the next one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras

from zoo.datasets.tiny_shakespeare import Text, split
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.text import Characters
from zoo.training.batches import Batches, Problem
from zoo.training.carried import CarriedStates, FreshWindows, Streams
from zoo.training.windows import Windows


def prepare(
    recipe: Recipe,
    data: Text,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the codec on the training part and cuts the windows.

    Recipe: `training.options.window` is the length of a training window in characters and
    `validation_window` that of a validation window (both from zero state). With `carried` a
    training window goes on with the state of the one before it (truncated back-propagation
    through time), and the text is read in order. `with_validation` adds the validation part to the
    training part: for the run that ships, after runs without it have chosen the settings; its
    validation loss then tells nothing of unseen text.

    Raises:
        RecipeError: A group is to be held out.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; a running text has no groups.")
    codec = Characters.from_processing(processing) if processing else Characters.fit(data.train)
    options = recipe.training.options
    learned = data.train + (data.validation if options.get("with_validation") else "")
    size, seed, codes = recipe.training.batch_size, recipe.training.seed, codec.encode(learned)
    held = Windows(codec.encode(data.validation), options["validation_window"], shift=False)
    carried = bool(options.get("carried"))
    train = (
        Streams(codes, options["window"], size, seed)
        if carried
        else Batches(Windows(codes, options["window"], shift=True), size, seed)
    )
    return Problem(
        processing=codec.to_processing(),
        arguments={"vocabulary_size": len(codec.vocabulary)},
        train=train,
        validation=Batches(FreshWindows(held) if carried else held, size, shuffle=False),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        while_learning={"streaming": True} if carried else {},
        learner=partial(CarriedStates, batch_size=size) if carried else None,
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
