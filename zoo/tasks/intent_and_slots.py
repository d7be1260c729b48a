"""Intent and slots: a request in; what it wants, and with which values, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.frontend import Frontend, Run
from zoo.processing.labels import Labels, check_names, checked
from zoo.processing.spans import best_path, may_follow, spans
from zoo.processing.words import WordCodec, split_request, to_words
from zoo.tasks.tagging import INPUTS as INPUTS

DOMAIN = "text"
OUTPUTS = {
    "tags": "the score of each BIO tag for each word, in the order of `tags`",
    "transitions": "what a tag (second axis) adds to the score of a tag after it (third axis), in "
    "the order of `tags`, the start of the request last; the tags are the path of the largest sum",
    "intent": "one logit an intent, in the order of `intents`",
}


@dataclass(frozen=True)
class Slot:
    """A value of a request: words `start` to `stop`, the latter not included."""

    name: str
    value: str
    start: int
    stop: int


@dataclass(frozen=True)
class Request:
    """What a request wants.

    Attributes:
        words: The request as it was read.
        intent: What it wants.
        probability: Of that intent.
        slots: The values, in order.
        tags: One BIO tag a word, from which the slots were made.
    """

    words: list[str]
    intent: str
    probability: float
    slots: list[Slot]
    tags: list[str]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return asdict(self)

    def __str__(self) -> str:
        values = [f"\n  {slot.name}: {slot.value}" for slot in self.slots]
        return f"{self.intent} ({self.probability:.1%})" + "".join(values)


class IntentAndSlots:
    """Understands requests.

    The network takes right-padded `words` int32 (batch, time), `characters` int32 (batch, time,
    width) and `lengths` int32 (batch,), and gives `tags` float32 (batch, time, tags), `transitions`
    float32 (batch, tags + 1, tags) and `intent` float32 (batch, intents), logits. The tags of a
    request are the valid path whose scores of tags and of pairs have the largest sum.

    Args:
        codec: Words to codes.
        tags: Name of each BIO tag.
        intents: Name of each intent.
    """

    def __init__(self, codec: WordCodec, tags: Sequence[str], intents: Sequence[str]) -> None:
        self.codec = codec
        self.tags = tuple(tags)
        self.intents = tuple(intents)
        self.frontend = Frontend(
            None, Labels(self.intents, "intent", "intent_probabilities", "intent_label")
        )
        self._valid = may_follow(self.tags)
        self.processing: dict[str, Any] = {
            "kind": "request",
            **codec.to_processing(),
            "tags": list(tags),
            "intents": list(intents),
        }

    def predict(self, run: Run, raw: Any) -> Request:
        """Answers for one request.

        Args:
            run: The network with the frontend around it.
            raw: A text, or a list of words that is taken as it is.

        Raises:
            InputError: The raw input is neither, or has no word.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Request]:
        """Answers for several requests in one batch; see `predict`."""
        sentences = [to_words(raw, split_request) for raw in raws]
        outputs = run(self.codec.arrays(sentences))
        shares = checked(outputs["intent_probabilities"]).max(axis=-1).tolist()
        paths = (checked(outputs[name]) for name in ("tags", "transitions"))
        rows = zip(sentences, *paths, outputs["intent_label"], shares, strict=True)
        return [
            self._request(words, scores[: len(words)], pairs, str(intent), share)
            for words, scores, pairs, intent, share in rows
        ]

    def _request(
        self, words: list[str], scores: Any, pairs: Any, intent: str, share: float
    ) -> Request:
        path = best_path(scores, np.where(self._valid, pairs, -np.inf))
        tags = [self.tags[code] for code in path]
        slots = [
            Slot(span.label, " ".join(words[span.start : span.stop]), span.start, span.stop)
            for span in spans(tags)
        ]
        return Request(words, intent, share, slots, tags)


def from_processing(processing: Mapping[str, Any]) -> IntentAndSlots:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "request", `tags`, `intents`, and what `WordCodec` needs.

    Raises:
        RecipeError: The kind is another, a key is unknown or missing, or a value cannot be used.
    """
    table = dict(processing)
    if (kind := table.pop("kind", None)) != "request":
        raise RecipeError(f"Received the processing kind {kind!r}; needed is 'request'.")
    tags = check_names(table.pop("tags", None), "tags")
    intents = check_names(table.pop("intents", None), "intents")
    return IntentAndSlots(WordCodec.from_processing(table), tags, intents)
