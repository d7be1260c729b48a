"""Classification: one raw input in, its class and the probability of each class out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.audio import LogMel
from zoo.tasks import Arrays, Run

DOMAIN = "speech"
INPUTS = ("features", "lengths")
OUTPUTS = ("logits",)


@dataclass(frozen=True)
class Label:
    """The most likely class and the probability of every class."""

    label: str
    probabilities: dict[str, float]

    @property
    def probability(self) -> float:
        """Probability of the most likely class."""
        return self.probabilities[self.label]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"label": self.label, "probabilities": self.probabilities}

    def __str__(self) -> str:
        ranked = sorted(self.probabilities.items(), key=lambda item: -item[1])
        others = ", ".join(f"{name} {share:.1%}" for name, share in ranked[1:3])
        return f"{self.label} ({self.probability:.1%}" + (f"; {others})" if others else ")")


class Classification:
    """Names the class of raw inputs.

    The network takes right-padded `features` (batch, time, ...) with `lengths` int32 (batch,)
    and gives `logits` float32 (batch, classes).

    Args:
        reader: One raw input, with the user's options, to its features (time, ...).
        labels: Name of each class.
        processing: The configuration that made both.
    """

    def __init__(
        self,
        reader: Callable[..., np.ndarray],
        labels: Sequence[str],
        processing: dict[str, Any],
    ) -> None:
        self.reader = reader
        self.labels = tuple(labels)
        self.processing = processing

    def predict(self, run: Run, raw: Any, *, sampling_rate: int | None = None) -> Label:
        """Answers for one raw input.

        Args:
            run: The network.
            raw: A path, a file's bytes or an array of samples.
            sampling_rate: The rate of an array in Hz; files state their own.

        Raises:
            InputError: The raw input or an option cannot be used.
            MissingExtraError: The input needs a package that is not installed.
        """
        return self.predict_many(run, [raw], sampling_rate=sampling_rate)[0]

    def predict_many(
        self, run: Run, raws: Sequence[Any], *, sampling_rate: int | None = None
    ) -> list[Label]:
        """Answers for several raw inputs in one batch; see `predict`."""
        logits = run(self.arrays(raws, sampling_rate=sampling_rate))["logits"]
        return to_labels(logits, self.labels)

    def arrays(self, raws: Sequence[Any], *, sampling_rate: int | None = None) -> Arrays:
        """The network's inputs for several raw inputs: `features` and `lengths`."""
        if not raws:
            raise InputError("Received no input; give at least one.")
        return padded([self.reader(raw, sampling_rate=sampling_rate) for raw in raws])


def to_labels(logits: np.ndarray, labels: Sequence[str]) -> list[Label]:
    """The answer of each row of logits (batch, classes).

    Raises:
        InputError: A logit is not finite.
    """
    scores = logits.astype(np.float64)
    if not np.isfinite(scores).all():
        raise InputError("The network answered NaN; its file is damaged or of another task.")
    shares = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    return [
        Label(labels[int(row.argmax())], dict(zip(labels, row.tolist(), strict=True)))
        for row in shares
    ]


def padded(features: Sequence[np.ndarray]) -> Arrays:
    """Stacks sequences (time, ...) as `features` (batch, time, ...), with their `lengths`.

    Zeros fill the time axis up to the longest; lengths are int32 (batch,).
    """
    lengths = np.array([len(sequence) for sequence in features], np.int32)
    stacked = np.zeros(
        (len(features), int(lengths.max()), *features[0].shape[1:]), features[0].dtype
    )
    for row, sequence in zip(stacked, features, strict=True):
        row[: len(sequence)] = sequence
    return {"features": stacked, "lengths": lengths}


def from_processing(processing: Mapping[str, Any]) -> Classification:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind`, `labels`, and what the kind needs: "log_mel" takes the fields of
            `zoo.processing.audio.LogMel`.

    Raises:
        RecipeError: The kind or a key is unknown, or there are no labels.
    """
    kind, labels = processing.get("kind"), processing.get("labels")
    if kind not in _READERS:
        raise RecipeError(f"Received the processing kind {kind!r}; known: {', '.join(_READERS)}.")
    if not labels or len(set(labels)) != len(labels):
        raise RecipeError(f"Received the labels {labels!r}; needed is one name for each class.")
    return Classification(_READERS[kind](processing), labels, dict(processing))


def log_mel(processing: Mapping[str, Any]) -> LogMel:
    """The spectrogram of a configuration of the kind "log_mel".

    Raises:
        RecipeError: It is of another kind, or a key is unknown.
    """
    table = dict(processing)
    table.pop("labels", None)
    if (kind := table.pop("kind", None)) != "log_mel":
        raise RecipeError(f"Received the processing kind {kind!r}; needed is 'log_mel'.")
    return LogMel.from_dict(table)


def _log_mel_reader(processing: Mapping[str, Any]) -> Callable[..., np.ndarray]:
    config = log_mel(processing)

    def read(raw: Any, sampling_rate: int | None = None) -> np.ndarray:
        from zoo.processing import recording

        return config(
            recording.read(
                raw, config.sampling_rate, sampling_rate=sampling_rate, longest=config.longest
            )
        )

    return read


_READERS = {"log_mel": _log_mel_reader}
