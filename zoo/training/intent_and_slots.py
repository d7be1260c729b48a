"""How a model of requests learns: slot tags and the intent at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras

from zoo.datasets.snips import parse
from zoo.datasets.ud_english_ewt import TaggedSentences
from zoo.errors import DataError
from zoo.model_card import Recipe
from zoo.processing.words import split_request
from zoo.tasks.intent_and_slots import from_processing
from zoo.training.batches import Problem
from zoo.training.paths import PathLoss
from zoo.training.slot_swaps import SwappedRequests
from zoo.training.tagging import (
    CodedSentences,
    check_options,
    fitted,
    in_parts,
    problem,
)

_OPTIONS = ("unknown_rate", "minimum_count", "swap_rate", "vectors", "pad_to")


def prepare(
    recipe: Recipe,
    data: TaggedSentences,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the codec on the training part and codes the requests.

    Recipe: `processing` has `kind` "request", `lower` and `width`; `training.options` has
    `unknown_rate`, `minimum_count` (a rarer word has no code of its own) and `swap_rate` (share of
    the slots that get a value of another request; see `zoo.training.slot_swaps`), and may have
    `vectors` (see `zoo.training.word_vectors`) and `pad_to` (see `CodedSentences`).

    Raises:
        DataError: A validation request has an intent that no training request has.
        RecipeError: A key is unknown, or a group is to be held out.
    """
    options = check_options(recipe, hold_out, _OPTIONS)
    kept, vectors = fitted(recipe, data.train, split_request, processing)
    # A tag of the validation part alone is never learned, but has a place on paths.
    rows = (*data.train.tags, *data.validation.tags)
    kept["tags"] = sorted({tag for row in rows for tag in row})
    kept["intents"] = sorted(set(data.train.labels))
    if odd := sorted(set(data.validation.labels) - set(kept["intents"])):
        raise DataError(f"Received the intent {odd[0]!r} in the validation part only.")
    task = from_processing(kept)
    pad_to = options.get("pad_to", 1)
    names = task.tags, task.intents
    rates = options["unknown_rate"], options["swap_rate"]
    sources = [
        SwappedRequests(task.codec, data.train, *names, *rates, pad_to),
        CodedSentences(task.codec, data.validation, *names, pad_to=pad_to),
    ]
    loss = {
        "tags": PathLoss(),
        "intent": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    }
    arguments = {"tags": len(task.tags), "classes": len(task.intents), "paths": True}
    made = problem(recipe, task, sources, arguments, loss, vectors)
    return replace(made, while_learning={"learning": True})


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> TaggedSentences:
    """Reads a user's table of intent, words and BIO tags between tabs; every fifth row validates.

    Raises:
        DataError: The file cannot be read, a row is wrong, or there are fewer than five.
    """
    try:
        data = parse(path.read_text(encoding="utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Received {path}; needed is a UTF-8 file: {error}.") from None
    return in_parts(data, path)
