"""How a language model of words learns: windows of running text, losses without all the logits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from zoo.datasets.tiny_shakespeare import Text, split
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.running_words import RunningWords
from zoo.training.batches import Batches, Problem
from zoo.training.carried import CarriedStates, FreshWindows, Streams
from zoo.training.language_model import read_text
from zoo.training.windows import Windows

_SPARE = 1.5  # a batch holds that many times more rare words than the mean, at most


@dataclass(frozen=True)
class ToldWindows:
    """Windows whose next codes are told to the network, which gives their losses."""

    windows: Windows

    def __len__(self) -> int:
        return len(self.windows)

    def take(
        self, indices: np.ndarray, rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """`tokens` and `targets` int32 (batch, length), and the targets again."""
        tokens, targets = self.windows.take(indices, rng)
        return {"tokens": tokens, "targets": targets}, targets


def mean_loss(_targets: Any, losses: Any) -> Any:
    """The mean of losses that the network itself gives, (batch, time) -> (batch,)."""
    return ops.mean(losses, axis=-1)


def prepare(
    recipe: Recipe,
    data: Text,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the vocabulary on the training part and cuts the windows.

    Recipe: `training.options.window` is the length of a window in words, from zero state, or with
    `carried` from that of the window before it, and the text is read in order; the builder has
    `cutoffs`.

    Raises:
        RecipeError: A group is to be held out.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; a running text has no groups.")
    fitted = RunningWords.from_processing(processing) if processing else None
    codec = fitted or RunningWords.fit(data.train)
    window, settings = recipe.training.options["window"], recipe.training
    train = codec.encode(data.train)
    size, carried = settings.batch_size, bool(settings.options.get("carried"))
    windows = Windows(codec.encode(data.validation), window, shift=False)
    batches = (
        Streams(train, window, size, settings.seed, told=True)
        if carried
        else Batches(ToldWindows(Windows(train, window, shift=True)), size, settings.seed)
    )
    validation = FreshWindows(windows, told=True) if carried else ToldWindows(windows)
    return Problem(
        processing=codec.to_processing(),
        arguments={"vocabulary_size": len(codec.vocabulary)},
        train=batches,
        validation=Batches(validation, size, shuffle=False),
        loss=mean_loss,
        while_learning={
            "room": _room(train, recipe.model.arguments["cutoffs"]),
            **({"streaming": True} if carried else {}),
        },
        learner=partial(CarriedStates, batch_size=size) if carried else None,
    )


def _room(codes: np.ndarray, cutoffs: list[int]) -> list[float]:
    """The share of a batch that each band of rare words may take."""
    bands = pairwise((*cutoffs, int(codes.max()) + 1))
    shares = [float(np.mean((codes >= first) & (codes < end))) for first, end in bands]
    return [min(1.0, _SPARE * share) for share in shares]


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> Text:
    """Reads a user's text file (UTF-8) and splits it as the recipe of a running text does.

    Raises:
        DataError: The file cannot be read, or is too short for one window in each part.
    """
    text = split(read_text(path))
    codec, needed = RunningWords.from_processing(processing), recipe.training.options["window"] + 1
    if len(codec.encode(text.validation)) < needed:
        raise DataError(
            f"Received {path} with {len(codec.encode(text.whole))} words; its validation part "
            f"(4.5 %) needs at least {needed}."
        )
    return text
