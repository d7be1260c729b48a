"""Text classification: a text in, its class out, and, where the network tells, what mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.letters import Letters
from zoo.processing.spaced_words import SpacedWords
from zoo.processing.vocabulary import padded
from zoo.tasks import Arrays, Run
from zoo.tasks.classification import Label, to_labels

INPUTS = ("tokens", "lengths")
OUTPUTS = ("logits",)

Codec = Letters | SpacedWords
CODECS: dict[str, type[Codec]] = {codec.kind: codec for codec in (Letters, SpacedWords)}
_SHOWN = 5


@dataclass(frozen=True)
class ExplainedLabel(Label):
    """A class, and how much the network looked at each piece of the text.

    Attributes:
        words: What was read, in the order of the text: words, or characters.
        weights: Share of each in the decision; they sum to 1.
    """

    words: list[str]
    weights: list[float]

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Each word with its weight, highest first."""
        pairs = zip(self.words, self.weights, strict=True)
        return sorted(pairs, key=lambda pair: -pair[1])

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {**super().to_dict(), "words": self.words, "weights": self.weights}

    def __str__(self) -> str:
        shown = ", ".join(f"{word} {weight:.1%}" for word, weight in self.ranked[:_SHOWN])
        return f"{super().__str__()}\n  looked at: {shown}"


class TextClassification:
    """Names the class of texts.

    The network takes right-padded `tokens` int32 (batch, time) with `lengths` int32 (batch,) and
    gives `logits` float32 (batch, classes). It may also give `attention` float32 (batch, time),
    the weight of each token; then the answers tell it.

    Args:
        codec: Text to codes.
        labels: Name of each class.
    """

    def __init__(self, codec: Codec, labels: Sequence[str]) -> None:
        self.codec = codec
        self.labels = tuple(labels)
        self.processing: dict[str, Any] = {**codec.to_processing(), "labels": list(labels)}

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
        outputs = run(self.arrays(raws))
        labels = to_labels(outputs["logits"], self.labels)
        if "attention" not in outputs:
            return labels
        return [
            self._explained(label, raw, weights)
            for label, raw, weights in zip(labels, raws, outputs["attention"], strict=True)
        ]

    def arrays(self, raws: Sequence[Any]) -> Arrays:
        """The network's inputs for several texts: `tokens` and `lengths`."""
        if not raws:
            raise InputError("Received no input; give at least one text.")
        tokens, lengths = padded([self.codec.codes(raw) for raw in raws])
        return {"tokens": tokens, "lengths": lengths}

    def _explained(self, label: Label, raw: Any, weights: np.ndarray) -> ExplainedLabel:
        words = self.codec.pieces(raw)
        return ExplainedLabel(
            label.label, label.probabilities, words, weights[: len(words)].tolist()
        )


def from_processing(processing: Mapping[str, Any]) -> TextClassification:
    """Rebuilds the task from its configuration.

    Args:
        processing: `labels`, `kind`, and what the kind needs: that of `zoo.processing.letters`
            for "characters", that of `zoo.processing.spaced_words` for "spaced_words".

    Raises:
        RecipeError: The kind is another, a key is unknown or missing, or a value cannot be used.
    """
    kind, labels = processing.get("kind"), processing.get("labels")
    if kind not in CODECS:
        raise RecipeError(f"Received the processing kind {kind!r}; known: {', '.join(CODECS)}.")
    if not labels or len(set(labels)) != len(labels):
        raise RecipeError(f"Received the labels {labels!r}; needed is one name for each class.")
    told = {key: value for key, value in processing.items() if key != "labels"}
    return TextClassification(CODECS[kind].from_processing(told), labels)
