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
from zoo.tasks.text_classification import CODECS, TextClassification, from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.coded_texts import CodedTexts
from zoo.training.linear_teacher import opinions
from zoo.training.options import options_of

_OPTIONS = ("unknown_rate", "made_rate", "balance", "label_smoothing")
_EXTRA = ("pad_to", "window", "with_validation", "teacher")


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
        """Loss of each row: shares of the classes, and logits, both (batch, classes)."""
        shift = self.balance * np.log(np.asarray(self.priors, np.float32))
        return keras.losses.categorical_crossentropy(
            y_true, y_pred + shift, from_logits=True, label_smoothing=self.label_smoothing
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
    `pad_to` (see `CodedTexts`). `teacher` is the part of a target that a linear model's opinion
    takes from the label (see `zoo.training.linear_teacher`); fine-tuning goes without, since a
    user's few rows make no good teacher. `with_validation` adds the validation part to the training
    part: for the run that ships, after runs without it have chosen the settings; its validation
    loss then tells nothing of unseen texts.

    Raises:
        DataError: A part is empty or a class has no text to learn from.
        RecipeError: A kind or key is unknown, or a group is to be held out.
    """
    options = options_of(recipe, (*_OPTIONS, *_EXTRA))
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
    part = 0.0 if processing else options.get("teacher", 0.0)
    learned = CodedTexts(
        rows_train,
        _targets(train, part),
        options["unknown_rate"],
        options["made_rate"],
        window,
        pad_to,
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
            CodedTexts(rows_validation, _targets(validation), pad_to=pad_to),
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
    codec = CODECS[kind].fit(train.texts, recipe.processing, train.labels.tolist())
    return TextClassification(codec, train.label_names)


def _targets(data: LabelledTexts, teacher: float = 0.0) -> np.ndarray:
    """The share of each class in each text's target, float32 (texts, classes)."""
    wanted = np.eye(len(data.label_names), dtype=np.float32)[data.labels]
    if not teacher:
        return np.asarray(wanted)
    return np.asarray((1 - teacher) * wanted + teacher * opinions(data.texts, data.labels))


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
