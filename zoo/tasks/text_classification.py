"""Text classification: a text in, its class out, and, where the network tells, what mattered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import Labels, check_names
from zoo.processing.letters import Letters
from zoo.processing.spaced_texts import SpacedTexts
from zoo.processing.spaced_words import SpacedWords
from zoo.processing.vocabulary import padded
from zoo.tasks.classification import Label, to_labels

DOMAIN = "text"
INPUTS = {
    "tokens": "codes: place in `vocabulary` + 2, 1 for the unknown, 0 after a row's end",
    "lengths": "how many codes of each row are real",
}
OUTPUTS = {"logits": "one logit a class, in the order of `labels`"}

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
        threshold: Probability of the second of two classes from which on it is the answer.
    """

    def __init__(self, codec: Codec, labels: Sequence[str], threshold: float | None = None) -> None:
        self.codec = codec
        self.labels = tuple(labels)
        before = SpacedTexts(codec) if isinstance(codec, SpacedWords) else None
        self.frontend = Frontend(before, Labels(self.labels, threshold=threshold))
        self.processing: dict[str, Any] = {
            **codec.to_processing(),
            "labels": list(labels),
            **({} if threshold is None else {"threshold": threshold}),
        }

    def predict(self, run: Run, raw: Any) -> Label:
        """Answers for one text.

        Args:
            run: The network with the frontend around it.
            raw: A text that is not blank.

        Raises:
            InputError: The raw input is no text, or blank.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Label]:
        """Answers for several texts in one batch; see `predict`."""
        outputs = run(self.arrays(raws))
        labels = to_labels(outputs, self.labels)
        if "attention" not in outputs:
            return labels
        return [
            self._explained(label, raw, weights)
            for label, raw, weights in zip(labels, raws, outputs["attention"], strict=True)
        ]

    def arrays(self, raws: Sequence[Any]) -> Arrays:
        """Several texts as raw arrays: `text`, or of characters `tokens` and `lengths`."""
        if not raws:
            raise InputError("Received no input; give at least one text.")
        if isinstance(self.codec, SpacedWords):
            return {"text": np.array([" ".join(self.codec.pieces(raw)) for raw in raws], object)}
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
        processing: `labels`, `kind`, perhaps `threshold`, and what the kind needs: that of
            `zoo.processing.letters` for "characters", that of `zoo.processing.spaced_words` for
            "spaced_words".

    Raises:
        RecipeError: The kind is another, a key is unknown or missing, or a value cannot be used.
    """
    kind, labels = processing.get("kind"), check_names(processing.get("labels"), "labels")
    if kind not in CODECS:
        raise RecipeError(f"Received the processing kind {kind!r}; known: {', '.join(CODECS)}.")
    told = {k: v for k, v in processing.items() if k not in ("labels", "threshold")}
    codec = CODECS[kind].from_processing(told)
    return TextClassification(codec, labels, processing.get("threshold"))
