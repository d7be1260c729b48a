"""Tagging: a text in, a tag for each of its words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.words import WordCodec, split_words, to_words
from zoo.tasks import Run

DOMAIN = "text"
INPUTS = ("words", "characters", "lengths")
OUTPUTS = ("tags",)


@dataclass(frozen=True)
class Tagged:
    """The words of a text, the tag of each, and the probability of that tag."""

    words: list[str]
    tags: list[str]
    probabilities: list[float]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"words": self.words, "tags": self.tags, "probabilities": self.probabilities}

    def __str__(self) -> str:
        return " ".join(f"{word}/{tag}" for word, tag in zip(self.words, self.tags, strict=True))


class Tagging:
    """Tags the words of texts.

    The network takes right-padded `words` int32 (batch, time), `characters` int32 (batch, time,
    width) and `lengths` int32 (batch,), and gives `tags` float32 (batch, time, tags), logits.

    Args:
        codec: Words to codes.
        tags: Name of each tag.
    """

    def __init__(self, codec: WordCodec, tags: Sequence[str]) -> None:
        self.codec = codec
        self.tags = tuple(tags)
        self.processing: dict[str, Any] = {
            "kind": "words",
            **codec.to_processing(),
            "tags": list(tags),
        }

    def predict(self, run: Run, raw: Any) -> Tagged:
        """Answers for one text.

        Args:
            run: The network.
            raw: A text, or a list of words that is taken as it is.

        Raises:
            InputError: The raw input is neither, or has no word.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Tagged]:
        """Answers for several texts in one batch; see `predict`."""
        sentences = [to_words(raw, split_words) for raw in raws]
        shares = probabilities(run(self.codec.arrays(sentences))["tags"])
        return [
            Tagged(
                words,
                [self.tags[place] for place in row[: len(words)].argmax(axis=1)],
                row[: len(words)].max(axis=1).tolist(),
            )
            for words, row in zip(sentences, shares, strict=True)
        ]


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, float64.

    Raises:
        InputError: A logit is not finite.
    """
    scores = logits.astype(np.float64)
    if not np.isfinite(scores).all():
        raise InputError("The network answered NaN; its file is damaged or of another task.")
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def check_names(names: Any, what: str) -> list[str]:
    """A list of different names.

    Raises:
        RecipeError: It is empty or repeats a name.
    """
    if not names or len(set(names)) != len(names):
        raise RecipeError(f"Received the {what} {names!r}; needed is one name for each.")
    return [str(name) for name in names]


def from_processing(processing: Mapping[str, Any]) -> Tagging:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "words", `tags`, and what `WordCodec` needs.

    Raises:
        RecipeError: The kind is another, a key is unknown or missing, or a value cannot be used.
    """
    table = dict(processing)
    if (kind := table.pop("kind", None)) != "words":
        raise RecipeError(f"Received the processing kind {kind!r}; needed is 'words'.")
    tags = check_names(table.pop("tags", None), "tags")
    return Tagging(WordCodec.from_processing(table), tags)
