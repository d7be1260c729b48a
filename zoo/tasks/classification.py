"""Classification: one raw input in, its class and the probability of each class out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing import recording
from zoo.processing.audio import LogMel
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import Labels, check_names, checked
from zoo.processing.waveforms import Waveforms, stacked

DOMAIN = "speech"
INPUTS = {
    "features": "log-mel spectrogram, zeros after a row's end",
    "lengths": "how many frames of each row are real",
}
OUTPUTS = {"logits": "one logit a class, in the order of `labels`"}


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
    """Names the class of recordings.

    The network takes right-padded `features` (batch, time, mels) with `lengths` int32 (batch,)
    and gives `logits` float32 (batch, classes).

    Args:
        config: How a waveform becomes features.
        labels: Name of each class.
        threshold: Probability of the second of two classes from which on it is the answer.
    """

    def __init__(
        self, config: LogMel, labels: Sequence[str], threshold: float | None = None
    ) -> None:
        self.config = config
        self.labels = tuple(labels)
        self.frontend = Frontend(Waveforms(config), Labels(self.labels, threshold=threshold))
        self.processing: dict[str, Any] = {
            "kind": "log_mel",
            **asdict(config),
            "labels": list(labels),
            **({} if threshold is None else {"threshold": threshold}),
        }

    def predict(self, run: Run, raw: Any, *, sampling_rate: int | None = None) -> Label:
        """Answers for one raw input.

        Args:
            run: The network with the frontend around it.
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
        return to_labels(run(self.arrays(raws, sampling_rate=sampling_rate)), self.labels)

    def arrays(self, raws: Sequence[Any], *, sampling_rate: int | None = None) -> Arrays:
        """Several raw inputs as raw arrays: `waveform` and `samples`."""
        if not raws:
            raise InputError("Received no input; give at least one.")
        return stacked([self.read(raw, sampling_rate=sampling_rate) for raw in raws])

    def read(self, raw: Any, *, sampling_rate: int | None = None) -> np.ndarray:
        """The waveform that is heard of a raw input, float32 (samples,) at the model's rate."""
        config = self.config
        return recording.read(
            raw, config.sampling_rate, sampling_rate=sampling_rate, longest=config.longest
        )

    def features(self, raw: Any) -> np.ndarray:
        """The features of one raw input, float32 (time, mels)."""
        return self.config(self.read(raw))


def to_labels(outputs: Arrays, labels: Sequence[str]) -> list[Label]:
    """The answer of each row of raw outputs, `probabilities` and `label`.

    Raises:
        InputError: A probability is not finite.
    """
    shares = checked(outputs["probabilities"]).tolist()
    return [
        Label(str(label), dict(zip(labels, row, strict=True)))
        for label, row in zip(outputs["label"], shares, strict=True)
    ]


def from_processing(processing: Mapping[str, Any]) -> Classification:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "log_mel", `labels`, perhaps `threshold`, and the fields of
            `zoo.processing.audio.LogMel`.

    Raises:
        RecipeError: The kind or a key is unknown, or there are no labels.
    """
    labels = check_names(processing.get("labels"), "labels")
    return Classification(log_mel(processing), labels, processing.get("threshold"))


def log_mel(processing: Mapping[str, Any]) -> LogMel:
    """The spectrogram of a configuration of the kind "log_mel".

    Raises:
        RecipeError: It is of another kind, or a key is unknown.
    """
    table = {k: v for k, v in processing.items() if k not in ("labels", "threshold")}
    if (kind := table.pop("kind", None)) != "log_mel":
        raise RecipeError(f"Received the processing kind {kind!r}; needed is 'log_mel'.")
    return LogMel.from_dict(table)
