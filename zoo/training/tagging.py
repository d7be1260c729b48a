"""How a tagger learns: sentences in, a tag a word out, some words hidden from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.ud_english_ewt import Tagged, TaggedSentences, parse
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.vocabulary import UNKNOWN, padded
from zoo.processing.words import WordCodec, split_words
from zoo.tasks.tagging import from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.options import options_of
from zoo.training.word_vectors import WordVectors, learn

_OPTIONS = ("unknown_rate", "minimum_count", "longest", "vectors", "pad_to")
_NO_TAG = -1
Inputs = dict[str, np.ndarray]
Row = tuple[np.ndarray, np.ndarray, np.ndarray]  # words, characters, tags


class CodedSentences:
    """Sentences as codes, a few words of them unknown while training.

    Args:
        codec: Words to codes.
        data: The sentences.
        tags: Name of each tag.
        labels: Name of each class of whole sentences; empty if these are not learned.
        unknown_rate: Share of the words whose code is taken for unknown, drawn anew each time; of
            a fifth of them the characters are hidden too.
        pad_to: Batches are padded to a multiple of this: a backend that compiles does so once a
            length.
    """

    def __init__(
        self,
        codec: WordCodec,
        data: Tagged,
        tags: Sequence[str],
        labels: Sequence[str] = (),
        unknown_rate: float = 0.0,
        pad_to: int = 1,
    ) -> None:
        codes = {tag: code for code, tag in enumerate(tags)}
        self._rows = [codec.encode(sentence) for sentence in data.sentences]
        # Shifted by one, so that zero, the padding, becomes "no tag".
        self._tags = [
            np.array([codes.get(tag, _NO_TAG) - _NO_TAG for tag in row]) for row in data.tags
        ]
        self._labels = np.array([labels.index(x) for x in data.labels]) if labels else None
        self._unknown_rate = unknown_rate
        self._pad_to = pad_to
        self.lengths = np.array([len(row) for row, _ in self._rows])

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, number: int, rng: np.random.Generator) -> Row:
        """Codes of one sentence; tags are shifted by one, so that 0 is "no tag"."""
        return (*self._rows[number], self._tags[number])

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, Any]:
        """Inputs of the network, and targets: tags int32 (batch, time), -1 where there is none.

        With labels the targets are `tags` and `intent` by name.
        """
        rows = [self.row(number, rng) for number in indices]
        words, lengths = padded([row[0] for row in rows], self._pad_to)
        characters, _ = padded([row[1] for row in rows], self._pad_to)
        tags = padded([row[2] for row in rows], self._pad_to)[0] + _NO_TAG
        lost = rng.random(words.shape)
        words[(lost < self._unknown_rate) & (words > 0)] = UNKNOWN
        hidden = (lost < self._unknown_rate / 5)[..., None] & (characters > 0)
        inputs = {
            "words": words,
            "characters": np.where(hidden, UNKNOWN, characters).astype(np.int32),
            "lengths": lengths,
        }
        if self._labels is None:
            return inputs, tags
        return inputs, {"tags": tags, "intent": self._labels[indices].astype(np.int32)}


def tag_loss() -> keras.losses.Loss:
    """Cross-entropy over the steps that have a tag."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=_NO_TAG)


def prepare(
    recipe: Recipe,
    data: TaggedSentences,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the codec on the training part and codes the sentences.

    Recipe: `processing` has `kind` "words", `lower` and `width`; `training.options` has
    `unknown_rate` and `minimum_count` (a rarer word has no code of its own), and may have `longest`
    (words of a training sentence; longer ones are left out), `vectors` (see
    `zoo.training.word_vectors`) and `pad_to` (see `CodedSentences`).

    Raises:
        RecipeError: A key is unknown, or a group is to be held out.
    """
    options = check_options(recipe, hold_out, _OPTIONS)
    train = without_long(data.train, options.get("longest", 0))
    kept, vectors = fitted(recipe, train, split_words, processing)
    kept["tags"] = sorted({tag for row in data.train.tags for tag in row})
    task = from_processing(kept)
    sources = [
        CodedSentences(
            task.codec, part, task.tags, unknown_rate=rate, pad_to=options.get("pad_to", 1)
        )
        for part, rate in ((train, options["unknown_rate"]), (data.validation, 0.0))
    ]
    return problem(recipe, task, sources, {"tags": len(task.tags)}, tag_loss(), vectors)


def problem(
    recipe: Recipe,
    task: Any,
    sources: Sequence[CodedSentences],
    arguments: dict[str, Any],
    loss: Any,
    vectors: WordVectors | None,
) -> Problem:
    """Batches of sentences of like length: those of `sources`, training and validation."""
    training, validation = sources
    sizes = {"words": len(task.codec.words), "characters": len(task.codec.characters)}
    return Problem(
        processing=task.processing,
        arguments={**sizes, **arguments},
        train=Batches(
            training, recipe.training.batch_size, recipe.training.seed, lengths=training.lengths
        ),
        validation=Batches(validation, 64, shuffle=False, lengths=validation.lengths),
        loss=loss,
        start={} if vectors is None else {"embedding": vectors.matrix(task.codec.words)},
    )


def check_options(recipe: Recipe, hold_out: str | None, known: Sequence[str]) -> Mapping[str, Any]:
    """The recipe's training options.

    Raises:
        RecipeError: One is unknown, or a group is to be held out.
    """
    options = options_of(recipe, known)
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; these sentences have no groups.")
    return options


def fitted(
    recipe: Recipe,
    train: Tagged,
    split: Callable[[str], list[str]],
    processing: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], WordVectors | None]:
    """The given processing, or the recipe's with a codec fitted on the training part.

    Args:
        recipe: Its options say which words have codes of their own.
        train: The training part.
        split: How running text is cut into words.
        processing: A fitted processing to keep (fine-tuning).

    Returns:
        The processing, and the vectors that the words of a fitted codec start from, if any.
    """
    kept, options = dict(processing or recipe.processing), recipe.training.options
    if "words" in kept:
        return kept, None
    codec = WordCodec.fit(train.sentences, options["minimum_count"], kept["lower"], kept["width"])
    if "vectors" not in options:
        return {**kept, **codec.to_processing()}, None
    size = recipe.model.arguments["embedding"]
    vectors = learn(train.sentences, split, options["vectors"], size)
    words = vectors.wider(codec.words, options["vectors"]["words"])
    codec = WordCodec(words, codec.characters, codec.lower, codec.width)
    return {**kept, **codec.to_processing()}, vectors


def without_long(data: Tagged, longest: int) -> Tagged:
    """The sentences of at most `longest` words; all of them where it is 0."""
    chosen = [i for i, row in enumerate(data.sentences) if not longest or len(row) <= longest]
    return subset(data, chosen)


def subset(data: Tagged, chosen: Sequence[int]) -> Tagged:
    """The sentences with these numbers."""
    return Tagged(
        tuple(data.sentences[i] for i in chosen),
        tuple(data.tags[i] for i in chosen),
        tuple(data.labels[i] for i in chosen),
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> TaggedSentences:
    """Reads a user's CoNLL-U file; every fifth sentence validates.

    Raises:
        DataError: The file cannot be read, is no CoNLL-U, or has fewer than five sentences.
    """
    try:
        data = parse(path.read_text(encoding="utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Received {path}; needed is CoNLL-U in UTF-8: {error}.") from None
    return in_parts(data, path)


def in_parts(data: Tagged, path: Path) -> TaggedSentences:
    """A user's sentences: every fifth validates, the others train.

    Raises:
        DataError: There are fewer than five.
    """
    if len(data) < 5:
        raise DataError(f"Received {path} with {len(data)} sentences; needed are at least five.")
    train = subset(data, [i for i in range(len(data)) if i % 5 != 4])
    validation = subset(data, range(4, len(data), 5))
    return TaggedSentences(train, validation, subset(data, []))
