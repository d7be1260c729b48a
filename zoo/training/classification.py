"""How a classifier of recordings learns: bent spectrograms in, smoothed classes out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.fsdd import Recordings
from zoo.errors import DataError
from zoo.model_card import Recipe
from zoo.processing.audio import power_spectrogram
from zoo.processing.recording import read as read_recording
from zoo.processing.waveforms import padded
from zoo.tasks.classification import log_mel
from zoo.training.audio_augmentation import AudioAugmenter, Strength
from zoo.training.batches import Batches, Problem
from zoo.training.options import options_of

_MULTIPLE = 32  # of the time axis
_OPTIONS = ("validation_takes", "label_smoothing", "augment")
Inputs = dict[str, np.ndarray]


class Bent:
    """Clips that are different each time they are taken."""

    def __init__(self, augmenter: AudioAugmenter, targets: np.ndarray, steps: int) -> None:
        self._augmenter = augmenter
        self._targets = targets
        self._steps = steps

    def __len__(self) -> int:
        return len(self._targets)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """Features and lengths, and targets float32 (batch, classes)."""
        features, lengths = self._augmenter.take(indices, rng)
        return fitted(features, lengths, self._steps), self._targets[indices]


class Plain:
    """Clips as the task will hear them, the same each time."""

    def __init__(self, features: Sequence[np.ndarray], targets: np.ndarray, steps: int) -> None:
        self._features = features
        self._targets = targets
        self._steps = steps

    def __len__(self) -> int:
        return len(self._targets)

    def take(self, indices: np.ndarray, rng: Any) -> tuple[Inputs, np.ndarray]:
        """Features and lengths, and targets float32 (batch, classes)."""
        chosen = padded([self._features[i] for i in indices])
        return fitted(**chosen, steps=self._steps), self._targets[indices]


def fitted(features: np.ndarray, lengths: np.ndarray, steps: int) -> Inputs:
    """Pads or cuts the time axis to `steps`.

    All batches have one shape: Keras takes that of TensorFlow's from the first two, and JAX
    compiles anew for each.
    """
    kept = features[:, :steps]
    missing = steps - kept.shape[1]
    return {
        "features": np.pad(kept, ((0, 0), (0, missing), (0, 0))),
        "lengths": np.minimum(lengths, steps).astype(np.int32),
    }


def folds(recipe: Recipe, data: Recordings) -> list[str]:
    """What can be held out, one after the other: the speakers."""
    return sorted(set(data.speakers.tolist()))


def split(
    data: Recordings, hold_out: str | None, validation_takes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which clips train and which validate, both bool (clips,).

    Without `hold_out` both come from the data's training part; with it, from all clips of the
    other speakers. The lowest takes validate, so no take is on both sides; but where the data has
    a validation part of its own, that part does.

    Raises:
        DataError: The held-out speaker is unknown, or a side would be empty.
    """
    if hold_out is not None and hold_out not in data.speakers:
        known = ", ".join(sorted(set(data.speakers.tolist())))
        raise DataError(f"Received hold_out={hold_out!r}; the data has the speakers {known}.")
    if hold_out is None and (data.splits == "validation").any():
        return data.splits == "train", data.splits == "validation"
    pool = data.splits == "train" if hold_out is None else data.speakers != hold_out
    takes = np.unique(data.takes[pool])
    validating = pool & np.isin(data.takes, takes[:validation_takes])
    training = pool & ~validating
    if not training.any() or not validating.any():
        raise DataError(
            f"{len(takes)} takes of {pool.sum()} clips cannot be split into {validation_takes} "
            "for validation and at least one for training; add recordings."
        )
    return training, validating


def prepare(
    recipe: Recipe,
    data: Recordings,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Makes spectrograms and splits off validation takes.

    Recipe: `processing` is the task's without labels; `training.options` has `validation_takes`,
    `label_smoothing` and the table `augment` (see `zoo.training.audio_augmentation.Strength`).

    Raises:
        DataError: `hold_out` is no speaker, the data has another rate, or a side would be empty.
        RecipeError: A key is unknown.
    """
    options = options_of(recipe, _OPTIONS)
    kept = {**(processing or recipe.processing), "labels": list(data.label_names)}
    config = log_mel(kept)
    if data.sampling_rate != config.sampling_rate:
        raise DataError(f"Received {data.sampling_rate} Hz; needed is {config.sampling_rate} Hz.")
    training, validating = split(data, hold_out, options["validation_takes"])
    targets = np.eye(len(data.label_names), dtype=np.float32)[data.labels]
    powers = [power_spectrogram(waveform, config) for waveform in data.where(training).waveforms]
    strength = Strength.from_dict(options["augment"])
    # Room for 99 % of the clips at their slowest.
    slowest = np.quantile([len(power) for power in powers], 0.99) * (1 + strength.speed)
    steps = math.ceil(slowest / _MULTIPLE) * _MULTIPLE
    plain = [config(waveform) for waveform in data.where(validating).waveforms]
    return Problem(
        processing=kept,
        arguments={"classes": len(data.label_names), "features": config.mels},
        train=Batches(
            Bent(AudioAugmenter(powers, config, strength), targets[training], steps),
            recipe.training.batch_size,
            recipe.training.seed,
        ),
        validation=Batches(Plain(plain, targets[validating], steps), 64, shuffle=False),
        loss=keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=options["label_smoothing"]
        ),
        metrics=["accuracy"],
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> Recordings:
    """Reads a folder that holds one folder of sound files a label; every fifth clip validates.

    Raises:
        DataError: There are fewer than two labels, or a label has fewer than five clips.
        InputError: A file is no recording.
    """
    rate = int(processing["sampling_rate"])
    labels = sorted(folder.name for folder in path.glob("*") if folder.is_dir())
    clips = [sorted(file for file in (path / x).iterdir() if file.is_file()) for x in labels]
    counts = {label: len(files) for label, files in zip(labels, clips, strict=True)}
    if len(labels) < 2 or min(counts.values()) < 5:
        raise DataError(
            f"Received {path} with the labels and clips {counts}; needed are at least two folders, "
            "named after their label, of five sound files each."
        )
    takes = np.concatenate([np.arange(len(files)) for files in clips])
    return Recordings(
        waveforms=tuple(read_recording(file, rate) for files in clips for file in files),
        labels=np.repeat(np.arange(len(labels)), list(counts.values())).astype(np.int32),
        speakers=np.full(len(takes), "unknown"),
        takes=takes.astype(np.int32),
        splits=np.where(takes % 5 == 0, "validation", "train"),
        label_names=tuple(labels),
        sampling_rate=rate,
    )
