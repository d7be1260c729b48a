"""How a classifier of sequences learns: features moved, stretched and hidden at random."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.ucr_uea import LabelledSequences, Problems
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.feature_rows import FeatureRows
from zoo.processing.tables import read_rows
from zoo.processing.waveforms import padded
from zoo.training.batches import Batches, Problem

_OPTIONS = ("label_smoothing", "noise", "shift", "stretch", "hidden", "with_validation")
_EVERY = 5  # of a class' training sequences, the one that validates
Inputs = dict[str, np.ndarray]


class Moved:
    """Sequences that are different each time they are taken; with all strengths 0 as they are.

    Args:
        sequences: Standardised features (time, features) each.
        targets: The share of each class, float32 (sequences, classes).
        steps: Length that all are padded or cut to.
        noise: Standard deviation of what is added to each value.
        shift: Standard deviation of what is added to each feature of a whole sequence.
        stretch: Factor on the tempo, log-uniform in [1 / (1 + stretch), 1 + stretch].
        hidden: Longest stretch set to 0, the mean of training, as a share of the sequence.
    """

    def __init__(
        self,
        sequences: Sequence[np.ndarray],
        targets: np.ndarray,
        steps: int,
        noise: float = 0.0,
        shift: float = 0.0,
        stretch: float = 0.0,
        hidden: float = 0.0,
    ) -> None:
        self._sequences = sequences
        self._targets = targets
        self._steps = steps
        self._noise = noise
        self._shift = shift
        self._stretch = stretch
        self._hidden = hidden

    def __len__(self) -> int:
        return len(self._sequences)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """Features and lengths, and targets float32 (batch, classes)."""
        found = padded([self._moved(self._sequences[i], rng) for i in indices])
        missing = self._steps - found["features"].shape[1]
        features = np.pad(found["features"], ((0, 0), (0, missing), (0, 0)))
        return {"features": features, "lengths": found["lengths"]}, self._targets[indices]

    def _moved(self, sequence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        limit = np.log1p(self._stretch)
        steps = round(len(sequence) * float(np.exp(rng.uniform(-limit, limit))))
        places = np.linspace(0, len(sequence) - 1, min(max(1, steps), self._steps))
        left = places.astype(int)
        share = (places - left)[:, None]
        right = np.minimum(left + 1, len(sequence) - 1)
        moved = (1 - share) * sequence[left] + share * sequence[right]
        moved += rng.normal(0, self._shift, moved.shape[1])
        moved += rng.normal(0, self._noise, moved.shape)
        width = int(rng.uniform(0, self._hidden) * len(moved))
        start = int(rng.integers(0, len(moved) - width + 1))
        moved[start : start + width] = 0
        return np.asarray(moved, np.float32)


def split(data: LabelledSequences) -> tuple[np.ndarray, np.ndarray]:
    """Which sequences train and which validate, both bool (sequences,).

    Of data without a validation part every fifth sequence of a class' training part validates.

    Raises:
        DataError: A class would have no sequence on a side.
    """
    if (data.splits == "validation").any():
        training, validating = data.splits == "train", data.splits == "validation"
    else:
        validating = np.zeros(len(data), bool)
        for label in range(len(data.label_names)):
            places = np.flatnonzero((data.splits == "train") & (data.labels == label))
            validating[places[_EVERY - 1 :: _EVERY]] = True
        training = (data.splits == "train") & ~validating
    for side in (training, validating):
        counts = np.bincount(data.labels[side], minlength=len(data.label_names))
        if not counts.all():
            raise DataError(
                f"Received {counts.tolist()} sequences a class to learn from or to validate on; "
                "each must be 1 or more."
            )
    return training, validating


def prepare(
    recipe: Recipe,
    data: Problems | LabelledSequences,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits means and deviations on the training part and standardises the sequences.

    Recipe: `processing` has the `problem`; `training.options` has `label_smoothing` and the
    strengths of `Moved`. `with_validation` adds the validation part to the training part: for the
    run that ships, after runs without it have chosen the settings; its validation loss then tells
    nothing of unseen sequences.

    Raises:
        DataError: The problem is not there, or a class has no sequence to learn from.
        RecipeError: A key is unknown or missing, or a group is to be held out.
    """
    options = dict(recipe.training.options)
    if sorted(options) != sorted(_OPTIONS):
        raise RecipeError(f"Received the training options {sorted(options)}; use {_OPTIONS}.")
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; these sequences have no groups.")
    smoothing, with_validation = options.pop("label_smoothing"), options.pop("with_validation")
    problem = recipe.processing["problem"]
    data = data if isinstance(data, LabelledSequences) else data.get(problem)
    training, validating = split(data)
    learned = data.where(training | validating if with_validation else training)
    validated = data.where(validating)
    rows = _rows(learned, processing)
    known, held = (
        [rows({"values": sequence})["features"] for sequence in part.sequences]
        for part in (learned, validated)
    )
    longest = max(len(sequence) for sequence in (*known, *held))
    steps = int(np.ceil(longest * (1 + options["stretch"])))
    targets = np.eye(len(data.label_names), dtype=np.float32)
    return Problem(
        processing={
            **rows.to_processing(),
            "problem": problem,
            "labels": list(data.label_names),
        },
        arguments={"classes": len(data.label_names), "features": len(rows.names)},
        train=Batches(
            Moved(known, targets[learned.labels], steps, **options),
            recipe.training.batch_size,
            recipe.training.seed,
        ),
        validation=Batches(Moved(held, targets[validated.labels], steps), 64, shuffle=False),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing),
        metrics=["accuracy"],
    )


def _rows(data: LabelledSequences, processing: Mapping[str, Any] | None) -> FeatureRows:
    """The features as training found them, or as the given processing has them."""
    if processing is None:
        return FeatureRows.fit(data.sequences, data.names)
    told = {name: processing[name] for name in ("kind", "names", "means", "stds")}
    return FeatureRows.from_processing(told)


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> LabelledSequences:
    """Reads a folder that holds one folder of CSV tables a label; every fifth table validates.

    Raises:
        DataError: There are fewer than two labels, or a label has fewer than five tables.
        InputError: A file is no table, or lacks a feature.
    """
    names = tuple(processing["names"])
    labels = sorted(folder.name for folder in path.glob("*") if folder.is_dir())
    files = [sorted((path / label).glob("*.csv")) for label in labels]
    counts = {label: len(found) for label, found in zip(labels, files, strict=True)}
    if len(labels) < 2 or min(counts.values()) < _EVERY:
        raise DataError(
            f"Received {path} with the labels and tables {counts}; needed are at least two "
            f"folders, named after their label, of {_EVERY} CSV files each."
        )
    places = np.concatenate([np.arange(len(found)) for found in files])
    return LabelledSequences(
        sequences=tuple(read_rows(file, names) for found in files for file in found),
        labels=np.repeat(np.arange(len(labels)), list(counts.values())).astype(np.int32),
        splits=np.where(places % _EVERY == _EVERY - 1, "validation", "train"),
        names=names,
        label_names=tuple(labels),
    )
