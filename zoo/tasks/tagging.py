"""Tagging: a text in, a tag for each of its words out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zoo.errors import RecipeError
from zoo.processing.frontend import Frontend, Run
from zoo.processing.labels import Labels, check_names, checked
from zoo.processing.words import WordCodec, split_words, to_words

DOMAIN = "text"
INPUTS = {
    "words": "code of each word in small letters: place in `words` + 2, 1 unknown, 0 after the end",
    "characters": "codes of each word's characters, likewise, zeros after its end",
    "lengths": "how many words of each row are real",
}
OUTPUTS = {"tags": "one logit a tag for each word, in the order of `tags`"}


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
        self.frontend = Frontend(
            None, Labels(self.tags, source="tags", label="tag", axes=("batch", "time"))
        )
        self.processing: dict[str, Any] = {
            "kind": "words",
            **codec.to_processing(),
            "tags": list(tags),
        }

    def predict(self, run: Run, raw: Any) -> Tagged:
        """Answers for one text.

        Args:
            run: The network with the frontend around it.
            raw: A text, or a list of words that is taken as it is.

        Raises:
            InputError: The raw input is neither, or has no word.
        """
        return self.predict_many(run, [raw])[0]

    def predict_many(self, run: Run, raws: Sequence[Any]) -> list[Tagged]:
        """Answers for several texts in one batch; see `predict`."""
        sentences = [to_words(raw, split_words) for raw in raws]
        outputs = run(self.codec.arrays(sentences))
        shares = checked(outputs["probabilities"])
        return [
            Tagged(
                words,
                [str(tag) for tag in tags[: len(words)]],
                row[: len(words)].max(axis=1).tolist(),
            )
            for words, tags, row in zip(sentences, outputs["tag"], shares, strict=True)
        ]


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
