"""How a translator learns: pairs of texts, each piece told the right one before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.datasets.multi30k import ParallelTexts
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.subwords import END, PADDING, START, UNKNOWN
from zoo.processing.vocabulary import padded
from zoo.tasks.translation import Translation, from_processing, plain
from zoo.training.batches import Batches, Problem
from zoo.training.merge_dropout import Spellings
from zoo.training.options import options_of
from zoo.training.subwords import learn_subwords

Inputs = dict[str, np.ndarray]
_OPTIONS = ("label_smoothing", "unknown_rate", "forget_rate", "merge_dropout")
_MULTIPLE = 8  # of the steps of a batch: JAX compiles once a shape


class Pairs:
    """Pairs of texts as codes.

    Args:
        task: Texts to codes.
        texts: Sources and their translations.
        rates: `unknown_rate`, share of the source's pieces that are hidden; `forget_rate`, share of
            the previous answers that the decoder is not told; `merge_dropout`.
        seed: Decides the spellings.
    """

    def __init__(
        self,
        task: Translation,
        texts: Sequence[tuple[str, str]],
        rates: Mapping[str, float],
        seed: int = 0,
    ) -> None:
        sides = [[pair[side] for pair in texts] for side in (0, 1)]
        dropout = rates.get("merge_dropout", 0.0)
        self._sides = [Spellings(task.codec, side, dropout, seed) for side in sides]
        self._rates = rates.get("unknown_rate", 0.0), rates.get("forget_rate", 0.0)
        coded = [[len(task.codec.encode(text)) for text in side] for side in sides]
        self.lengths = np.max(coded, axis=0)

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """`tokens`, `lengths` and `previous`, and the answers int32 (batch, steps), 0 after ends.

        Both sides have the same number of steps, so that few shapes occur.
        """
        sources, targets = ([side.codes(i, rng) for i in indices] for side in self._sides)
        answers = [np.append(row, np.int32(END)) for row in targets]
        stacked, lengths = padded([*sources, *answers], _MULTIPLE)
        tokens, answers_of_all = np.split(stacked, 2)
        starts = np.full((len(indices), 1), START)
        previous = np.concatenate([starts, answers_of_all[:, :-1]], axis=1)
        unknown, forget = (rng.random(tokens.shape) < rate for rate in self._rates)
        inputs = {
            "tokens": np.where(unknown & (tokens > 0), UNKNOWN, tokens).astype(np.int32),
            "lengths": lengths[: len(indices)],
            "previous": np.where(forget & (previous > START), UNKNOWN, previous).astype(np.int32),
        }
        return inputs, answers_of_all


@keras.saving.register_keras_serializable(package="rnn_zoo")
class PieceCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy a real piece, in nats; steps whose target is padding do not count.

    Args:
        label_smoothing: Share of the target that all codes divide among them (Szegedy et al. 2016,
            arXiv 1512.00567).
    """

    def __init__(self, label_smoothing: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each step, its mean being that of the real steps.

        Args:
            y_true: int (batch, steps), 0 after each end.
            y_pred: Logits (batch, steps, codes).
        """
        wanted = ops.cast(y_true, "int32")
        real = ops.cast(ops.not_equal(wanted, PADDING), y_pred.dtype)
        right = ops.take_along_axis(y_pred, ops.expand_dims(wanted, -1), axis=-1)[..., 0]
        kept = 1.0 - self.label_smoothing
        smooth = kept * right + self.label_smoothing * ops.mean(y_pred, axis=-1)
        losses = (ops.logsumexp(y_pred, axis=-1) - smooth) * real
        return losses / ops.maximum(ops.mean(real), 1e-7)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


def prepare(
    recipe: Recipe,
    data: ParallelTexts,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Learns the pieces of both languages together, and pairs the texts.

    Recipe: `processing` has `kind` "subwords", `source` and `target` (languages), `longest` (pieces
    of a text; longer ones are not learned), `length_penalty`, and for the pieces `size` and
    `minimum_count` (of a character); `training.options` has `label_smoothing`, `unknown_rate`,
    `forget_rate` and `merge_dropout`.

    Raises:
        DataError: No pair is left, or the pieces cannot be learned.
        RecipeError: A key is unknown, or a group is to be held out.
    """
    options = options_of(recipe, _OPTIONS)
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; parallel texts have no groups.")
    kept = dict(processing or recipe.processing)
    train, validation = (_pairs(part, kept) for part in (data.train, data.validation))
    if "merges" not in kept:
        size, minimum = kept.pop("size"), kept.pop("minimum_count")
        both = [text for pair in train for text in pair]
        kept |= learn_subwords(both, size, minimum).to_processing()
    task = from_processing(kept)
    seed, size = recipe.training.seed, recipe.training.batch_size
    rates = {name: options[name] for name in _OPTIONS[1:]}
    sources = [
        Pairs(task, _short(task, train), rates, seed),
        Pairs(task, _short(task, validation), {}),
    ]
    return Problem(
        processing=task.processing,
        arguments={"vocabulary_size": len(task.codec)},
        train=Batches(sources[0], size, seed, lengths=sources[0].lengths),
        validation=Batches(sources[1], 128, shuffle=False, lengths=sources[1].lengths),
        loss=PieceCrossentropy(options["label_smoothing"]),
        while_learning={"explained": False},
    )


def _pairs(
    part: Mapping[str, Sequence[str]], processing: Mapping[str, Any]
) -> list[tuple[str, str]]:
    source, target = (part[processing[side]] for side in ("source", "target"))
    return [(plain(one), plain(other)) for one, other in zip(source, target, strict=True)]


def _short(task: Translation, pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs of which neither text is empty or too long.

    Raises:
        DataError: There is none.
    """
    kept = [
        pair for pair in pairs if all(0 < len(task.codec.encode(x)) <= task.longest for x in pair)
    ]
    if not kept:
        raise DataError(f"Received {len(pairs)} pairs of texts; each is empty or too long.")
    return kept


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> ParallelTexts:
    """Reads a user's pairs, lines "source TAB translation"; every tenth line validates.

    Raises:
        DataError: The file cannot be read, a line is wrong, or there are fewer than ten lines.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Received {path}; needed is a UTF-8 file: {error}.") from None
    rows = [line.split("\t") for line in lines if line.strip()]
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not all(text.strip() for text in row):
            raise DataError(
                f"Received row {number} of {path}: {row!r}; needed are a text, a tab and its "
                "translation."
            )
    if len(rows) < 10:
        raise DataError(f"Received {path} with {len(rows)} pairs; needed are at least ten.")
    sides = [tuple(row[side] for row in rows) for side in (0, 1)]
    codes = processing["source"], processing["target"]
    train, validation = (
        {
            code: tuple(text for i, text in enumerate(side) if (i % 10 == 9) == last)
            for code, side in zip(codes, sides, strict=True)
        }
        for last in (False, True)
    )
    return ParallelTexts(train, validation, {})
