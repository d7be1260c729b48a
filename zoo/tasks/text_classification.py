"""Text classification: a short text in, its class and the probability of each class out."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.vocabulary import Vocabulary, padded
from zoo.tasks import Arrays, Run
from zoo.tasks.classification import Label, to_labels

DOMAIN = "text"
INPUTS = ("tokens", "lengths")
OUTPUTS = ("logits",)

_KEYS = {"kind", "lower", "longest", "vocabulary", "labels"}


class TextClassification:
    """Names the class of texts, read character by character.

    The network takes right-padded `tokens` int32 (batch, time) with `lengths` int32 (batch,) and
    gives `logits` float32 (batch, classes).

    Args:
        vocabulary: The known characters.
        labels: Name of each class.
        lower: Whether capitals are read as small letters.
        longest: Characters that are read; the rest of a longer text is not.
    """

    def __init__(
        self, vocabulary: Vocabulary, labels: Sequence[str], lower: bool, longest: int
    ) -> None:
        self.vocabulary = vocabulary
        self.labels = tuple(labels)
        self.lower = lower
        self.longest = longest
        self.processing: dict[str, Any] = {
            "kind": "characters",
            "lower": lower,
            "longest": longest,
            "vocabulary": "".join(vocabulary.items),
            "labels": list(labels),
        }

    def predict(self, run: Run, raw: Any) -> Label:
        """Answers for one text.

        Args:
            run: The network.
            raw: A text that is not blank.

        Raises:
            InputError: The raw input is no text, or blank.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Label]:
        """Answers for several texts in one batch; see `predict`."""
        return to_labels(run(self.arrays(raws))["logits"], self.labels)

    def arrays(self, raws: Sequence[Any]) -> Arrays:
        """The network's inputs for several texts: `tokens` and `lengths`."""
        if not raws:
            raise InputError("Received no input; give at least one text.")
        tokens, lengths = padded([self.codes(raw) for raw in raws])
        return {"tokens": tokens, "lengths": lengths}

    def codes(self, raw: Any) -> np.ndarray:
        """Codes of one text, int32 (characters,).

        Raises:
            InputError: It is no text, or blank.
        """
        if not isinstance(raw, str):
            raise InputError(f"Received a {type(raw).__name__}; needed is a text (str).")
        text = normalised(raw, self.lower)
        if not text:
            raise InputError("Received an empty text; give at least one character.")
        return self.vocabulary.encode(text[: self.longest])


def normalised(text: str, lower: bool) -> str:
    """Composes accents (NFC), makes every run of white space one space, and strips both ends."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return unicodedata.normalize("NFC", plain.lower()) if lower else plain


def from_processing(processing: Mapping[str, Any]) -> TextClassification:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "characters", `lower`, `longest`, `vocabulary` and `labels`.

    Raises:
        RecipeError: The kind is another, a key is unknown or missing, or a value cannot be used.
    """
    if set(processing) != _KEYS or processing["kind"] != "characters":
        raise RecipeError(
            f"Received the processing {sorted(processing)} of the kind {processing.get('kind')!r}; "
            f"needed is the kind 'characters' with {sorted(_KEYS)}."
        )
    labels, longest = processing["labels"], processing["longest"]
    if not labels or len(set(labels)) != len(labels):
        raise RecipeError(f"Received the labels {labels!r}; needed is one name for each class.")
    if longest < 1:
        raise RecipeError(f"Received longest={longest}; use 1 character or more.")
    return TextClassification(
        Vocabulary.from_processing(processing), labels, bool(processing["lower"]), int(longest)
    )
