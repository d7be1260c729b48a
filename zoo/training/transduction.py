"""How a transducer learns: letters and the sounds that each of them makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.cmudict import Pronunciations, parse
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.vocabulary import UNKNOWN, Vocabulary, padded
from zoo.tasks.transduction import Transduction, from_processing
from zoo.training.alignment import Chunks, align
from zoo.training.batches import Batches, Problem
from zoo.training.options import options_of

_OPTIONS = ("minimum_count", "label_smoothing", "unknown_rate", "forget_rate")
Inputs = dict[str, np.ndarray]
Pair = tuple[str, Chunks]


class Aligned:
    """Words as codes, with what each of their letters becomes.

    Args:
        task: Letters and answers to codes.
        pairs: Words, and the output symbols of each letter.
        unknown_rate: Share of the letters that are taken for unknown, drawn anew each time.
        forget_rate: Share of the previous answers that the decoder is not told.
    """

    def __init__(
        self,
        task: Transduction,
        pairs: Sequence[Pair],
        unknown_rate: float = 0.0,
        forget_rate: float = 0.0,
    ) -> None:
        self._tokens = [task.codes(word) for word, _ in pairs]
        codes = {answer: code for code, answer in enumerate(task.answers, 1)}
        self._answers = [
            np.array([codes[" ".join(chunk)] for chunk in chunks], np.int32) for _, chunks in pairs
        ]
        self._rates = unknown_rate, forget_rate
        self.lengths = np.array([len(row) for row in self._tokens])

    def __len__(self) -> int:
        return len(self._tokens)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """`tokens`, `previous` and `lengths`, and the answers int32 (batch, time), 0 after ends."""
        tokens, lengths = padded([self._tokens[i] for i in indices])
        answers, _ = padded([self._answers[i] for i in indices])
        previous = np.pad(answers[:, :-1], ((0, 0), (1, 0)))
        unknown, forget = (rng.random(tokens.shape) < rate for rate in self._rates)
        inputs = {
            "tokens": np.where(unknown & (tokens > 0), UNKNOWN, tokens).astype(np.int32),
            "previous": np.where(forget, 0, previous).astype(np.int32),
            "lengths": lengths,
        }
        return inputs, answers


@keras.saving.register_keras_serializable(package="rnn_zoo")
class AnswerCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of answers; the network's own mask leaves out the steps after each end.

    Args:
        label_smoothing: Share of the target that all codes divide among them.
    """

    def __init__(self, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each step: targets int (batch, time), logits (batch, time, codes)."""
        wanted = keras.ops.one_hot(keras.ops.cast(y_true, "int32"), y_pred.shape[-1])
        return keras.losses.categorical_crossentropy(
            wanted, y_pred, from_logits=True, label_smoothing=self.label_smoothing
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def prepare(
    recipe: Recipe,
    data: Pronunciations,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Aligns letters and sounds, and makes what single letters become the answers.

    Recipe: `processing` has `kind` "aligned" and `longest`; `training.options` has `minimum_count`
    (of an answer; pairs with a rarer one are not learned), `label_smoothing`, `unknown_rate`
    (letters hidden) and `forget_rate` (previous answers hidden).

    Raises:
        DataError: No pair of a part can be aligned.
        RecipeError: A key is unknown, or a group is to be held out.
    """
    options = options_of(recipe, _OPTIONS)
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; words have no groups.")
    train, validation = _aligned(data)
    kept = dict(processing or recipe.processing)
    if "answers" not in kept:
        counts = Counter(" ".join(chunk) for _, chunks in train for chunk in chunks)
        kept["answers"] = sorted(x for x, n in counts.items() if n >= options["minimum_count"])
        kept["vocabulary"] = "".join(Vocabulary.fit(c for word, _ in train for c in word).items)
    task = from_processing(kept)
    train, validation = (_answerable(task, part) for part in (train, validation))
    if not train or not validation:
        raise DataError("Received no pairs of words and sounds that can be aligned.")
    sources = [
        Aligned(task, train, options["unknown_rate"], options["forget_rate"]),
        Aligned(task, validation),
    ]
    size, seed = recipe.training.batch_size, recipe.training.seed
    return Problem(
        processing=task.processing,
        arguments={"vocabulary_size": len(task.vocabulary), "outputs": len(task.answers) + 1},
        train=Batches(sources[0], size, seed, lengths=sources[0].lengths),
        validation=Batches(sources[1], 256, shuffle=False, lengths=sources[1].lengths),
        loss=AnswerCrossentropy(options["label_smoothing"]),
    )


def _aligned(data: Pronunciations) -> tuple[list[Pair], list[Pair]]:
    """The pairs of both parts, aligned together, without those that cannot be."""
    parts = [
        [(word, phones) for word, variants in part.items() for phones in variants]
        for part in (data.train, data.validation)
    ]
    both = [pair for part in parts for pair in part]
    found = align([word for word, _ in both], [phones for _, phones in both])
    pairs = [(word, chunks) for (word, _), chunks in zip(both, found, strict=True)]
    return (
        [(word, chunks) for word, chunks in pairs[: len(parts[0])] if chunks is not None],
        [(word, chunks) for word, chunks in pairs[len(parts[0]) :] if chunks is not None],
    )


def _answerable(task: Transduction, pairs: Sequence[Pair]) -> list[Pair]:
    known = set(task.answers)
    return [
        (word, chunks)
        for word, chunks in pairs
        if len(word) <= task.longest and all(" ".join(chunk) in known for chunk in chunks)
    ]


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> Pronunciations:
    """Reads a user's dictionary, lines "word PH1 PH2"; every fifth word validates.

    Raises:
        DataError: The file cannot be read, a line is wrong, or there are fewer than five words.
    """
    try:
        words = parse(path.read_text(encoding="utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Received {path}; needed is a UTF-8 file: {error}.") from None
    if len(words) < 5:
        raise DataError(f"Received {path} with {len(words)} words; needed are at least five.")
    rows = list(words.items())
    train = dict(row for i, row in enumerate(rows) if i % 5 != 4)
    return Pronunciations(train, dict(rows[4::5]), {})
