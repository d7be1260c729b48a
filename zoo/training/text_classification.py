"""How a classifier of texts learns: codes in, classes out, rare classes given their weight."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.names_by_language import LabelledTexts
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.vocabulary import UNKNOWN, padded
from zoo.tasks.text_classification import CODECS, TextClassification, from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.made_texts import MadeTexts

_OPTIONS = ("unknown_rate", "made_rate", "balance", "label_smoothing")
_EXTRA = ("pad_to", "window", "with_validation")
Inputs = dict[str, np.ndarray]


class CodedTexts:
    """Texts as codes, a few of them unknown while training.

    Args:
        rows: int32 (time,), one a text.
        targets: int32 (texts,).
        unknown_rate: Share of the codes that are taken for unknown, drawn anew each time.
        made_rate: Share of the texts in whose place one of the same class is made up.
        window: Most codes of a text that are learned from at once, from a place that is drawn anew
            each time; 0 for all.
        pad_to: Batches are padded to a multiple of this: a backend that compiles does so once a
            length.
    """

    def __init__(
        self,
        rows: Sequence[np.ndarray],
        targets: np.ndarray,
        unknown_rate: float = 0.0,
        made_rate: float = 0.0,
        window: int = 0,
        pad_to: int = 1,
    ) -> None:
        self._rows = rows
        self._targets = targets
        self._unknown_rate = unknown_rate
        self._made_rate = made_rate
        self._window = window
        self._pad_to = pad_to
        self._made = MadeTexts(rows, targets) if made_rate else None

    def __len__(self) -> int:
        return len(self._targets)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """`tokens` and `lengths`, and targets int32 (batch,)."""
        tokens, lengths = padded([self._row(i, rng) for i in indices], self._pad_to)
        lost = (rng.random(tokens.shape) < self._unknown_rate) & (tokens > 0)
        inputs = {"tokens": np.where(lost, UNKNOWN, tokens).astype(np.int32), "lengths": lengths}
        return inputs, self._targets[indices]

    def _row(self, number: int, rng: np.random.Generator) -> np.ndarray:
        if self._made is None or rng.random() >= self._made_rate:
            return self._windowed(self._rows[number], rng)
        return self._made.draw(int(self._targets[number]), rng)

    def _windowed(self, row: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if not self._window or len(row) <= self._window:
            return row
        start = int(rng.integers(len(row) - self._window + 1))
        return row[start : start + self._window]


@keras.saving.register_keras_serializable(package="rnn_zoo")
class BalancedCrossentropy(keras.losses.Loss):  # type: ignore[misc]
    """Cross-entropy of logits to which `balance * log(prior)` is added (Menon et al. 2020).

    arXiv 2007.07314. A network that learns this way has to bring only what the class frequencies do
    not say; at `balance` 1 its plain logits are those for classes of equal frequency.

    Args:
        priors: Share of each class in the training part.
        balance: 0 is plain cross-entropy.
        label_smoothing: Share of the target that all classes divide among them.
    """

    def __init__(
        self, priors: Sequence[float], balance: float, label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.priors = list(priors)
        self.balance = balance
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of each row: targets int (batch,), logits (batch, classes)."""
        shift = self.balance * np.log(np.asarray(self.priors, np.float32))
        wanted = keras.ops.one_hot(keras.ops.cast(y_true, "int32"), len(self.priors))
        return keras.losses.categorical_crossentropy(
            wanted, y_pred + shift, from_logits=True, label_smoothing=self.label_smoothing
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        own = {"priors": self.priors, "balance": self.balance}
        return {**super().get_config(), **own, "label_smoothing": self.label_smoothing}


def prepare(
    recipe: Recipe,
    data: LabelledTexts,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the vocabulary on the training part and codes the texts.

    Recipe: `processing` has the `kind` of a codec and the settings of its `fit`;
    `training.options` has `unknown_rate` (codes hidden), `made_rate` (texts made up; see
    `zoo.training.made_texts`), `balance`, `label_smoothing`, and may have `window` and
    `pad_to` (see `CodedTexts`). `with_validation` adds the validation part to the training part:
    for the run that ships, after runs without it have chosen the settings; its validation loss then
    tells nothing of unseen texts.

    Raises:
        DataError: A part is empty or a class has no text to learn from.
        RecipeError: A kind or key is unknown, or a group is to be held out.
    """
    options = recipe.training.options
    if unknown := sorted(set(options) - {*_OPTIONS, *_EXTRA}):
        raise RecipeError(
            f"Received the unknown training option {unknown[0]!r}; known: {_OPTIONS + _EXTRA}."
        )
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; these texts have no groups.")
    learned_parts = ["train", *(["validation"] if options.get("with_validation") else [])]
    train, validation = (
        data.where(np.isin(data.splits, parts)) for parts in (learned_parts, ["validation"])
    )
    counts = np.bincount(train.labels, minlength=len(data.label_names))
    if not len(validation) or not counts.all():
        raise DataError(
            f"Received {len(validation)} texts to validate on and {counts.tolist()} texts a class "
            "to learn from; each must be 1 or more."
        )
    task = _task(recipe, train, processing)
    rows_train, rows_validation = (
        [task.codec.codes(text) for text in part.texts] for part in (train, validation)
    )
    window, pad_to = options.get("window", 0), options.get("pad_to", 1)
    learned = CodedTexts(
        rows_train, train.labels, options["unknown_rate"], options["made_rate"], window, pad_to
    )
    return Problem(
        processing=task.processing,
        arguments={"vocabulary_size": len(task.codec), "classes": len(task.labels)},
        train=Batches(
            learned,
            recipe.training.batch_size,
            recipe.training.seed,
            lengths=np.array([min(len(row), window or len(row)) for row in rows_train]),
        ),
        validation=Batches(
            CodedTexts(rows_validation, validation.labels, pad_to=pad_to),
            256,
            shuffle=False,
            lengths=np.array([len(row) for row in rows_validation]),
        ),
        loss=BalancedCrossentropy(
            (counts / counts.sum()).tolist(), options["balance"], options["label_smoothing"]
        ),
        metrics=["accuracy"],
        while_learning={"explained": False},
    )


def _task(
    recipe: Recipe, train: LabelledTexts, processing: Mapping[str, Any] | None
) -> TextClassification:
    """The task with a codec fitted on the training part, or with the one that is given."""
    if processing:
        return from_processing({**processing, "labels": list(train.label_names)})
    if (kind := recipe.processing["kind"]) not in CODECS:
        raise RecipeError(f"Received the processing kind {kind!r}; known: {', '.join(CODECS)}.")
    return TextClassification(CODECS[kind].fit(train.texts, recipe.processing), train.label_names)


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> LabelledTexts:
    """Reads a CSV table (UTF-8) with the columns `text` and `label`; every fifth of a label
    validates.

    Raises:
        DataError: The table cannot be read, there are fewer than two labels, or a label has fewer
            than five texts.
    """
    rows = _read_rows(path)
    names = sorted({str(row["label"]) for row in rows})
    labels = np.array([names.index(str(row["label"])) for row in rows], np.int32)
    counts = np.bincount(labels)
    if len(names) < 2 or counts.min() < 5:
        told = dict(zip(names, counts.tolist(), strict=True))
        raise DataError(
            f"Received {path} with the labels and texts {told}; needed are at least two labels of "
            "five texts each."
        )
    place = np.array([np.sum(labels[:i] == label) for i, label in enumerate(labels)])
    return LabelledTexts(
        texts=tuple(str(row["text"]) for row in rows),
        labels=labels,
        splits=np.where(place % 5 == 4, "validation", "train"),
        label_names=tuple(names),
    )


def _read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a table of texts and labels, none of them empty.

    Raises:
        DataError: The file cannot be read, a column is missing, or a text or label is empty.
    """
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline=""))
        numbered = [(table.line_num, row) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"Received {path}; needed is a CSV table in UTF-8: {error}.") from None
    columns = list(table.fieldnames or [])
    if not {"text", "label"} <= set(columns):
        raise DataError(f"Received {path} with the columns {columns}; needed are text and label.")
    for column in ("text", "label"):
        empty = [line for line, row in numbered if not (row[column] or "").strip()]
        if empty:
            raise DataError(
                f"Received {path} with an empty {column} in line {empty[0]}; remove the line."
            )
    return [row for _, row in numbered]
