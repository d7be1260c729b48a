"""Intent and slots: a request in; what it wants, and with which values, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from zoo.errors import RecipeError
from zoo.processing.spans import best_path, may_follow, spans
from zoo.processing.words import WordCodec, split_request, to_words
from zoo.tasks import Run
from zoo.tasks.tagging import check_names, probabilities


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
    width) and `lengths` int32 (batch,), and gives `tags` float32 (batch, time, tags) and `intent`
    float32 (batch, intents), both logits.

    Args:
        codec: Words to codes.
        tags: Name of each BIO tag.
        intents: Name of each intent.
    """

    def __init__(self, codec: WordCodec, tags: Sequence[str], intents: Sequence[str]) -> None:
        self.codec = codec
        self.tags = tuple(tags)
        self.intents = tuple(intents)
        self._allowed = may_follow(self.tags)
        self.processing: dict[str, Any] = {
            "kind": "request",
            **codec.to_processing(),
            "tags": list(tags),
            "intents": list(intents),
        }

    def predict(self, run: Run, raw: Any) -> Request:
        """Answers for one request.

        Args:
            run: The network.
            raw: A text, or a list of words that is taken as it is.

        Raises:
            InputError: The raw input is neither, or has no word.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Request]:
        """Answers for several requests in one batch; see `predict`."""
        sentences = [to_words(raw, split_request) for raw in raws]
        outputs = run(self.codec.arrays(sentences))
        shares = probabilities(outputs["intent"])
        probabilities(outputs["tags"])  # refuses NaN
        return [
            self._request(words, scores[: len(words)], row)
            for words, scores, row in zip(sentences, outputs["tags"], shares, strict=True)
        ]

    def _request(self, words: list[str], scores: Any, shares: Any) -> Request:
        tags = [self.tags[code] for code in best_path(scores, self._allowed)]
        slots = [
            Slot(span.label, " ".join(words[span.start : span.stop]), span.start, span.stop)
            for span in spans(tags)
        ]
        intent = int(shares.argmax())
        return Request(words, self.intents[intent], float(shares[intent]), slots, tags)


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
