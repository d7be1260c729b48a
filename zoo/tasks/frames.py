"""Frames: a recording in, a decision for each of its frames out, as it comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing import recording
from zoo.processing.audio import LogMel
from zoo.processing.frames import LONGEST, Frames, FramesOfChunks
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import Labels, check_names, checked
from zoo.tasks.classification import log_mel

DOMAIN = "speech"
_TOGETHER = 50  # waveforms in a call
INPUTS = {"features": "log-mel spectrogram, a frame a step"}
OUTPUTS = {"logits": "one logit a class for each frame, in the order of `labels`"}


@dataclass(frozen=True)
class Decision:
    """What one frame is.

    Attributes:
        seconds: Where the frame begins, from the start of the recording.
        label: The class decided for.
        probability: Of that class.
    """

    seconds: float
    label: str
    probability: float


@dataclass(frozen=True)
class Decisions:
    """The decisions of successive frames, and how long each is."""

    frames: tuple[Decision, ...]
    step: float

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"frames": [asdict(frame) for frame in self.frames]}

    def __str__(self) -> str:
        lines = []
        for label, group in groupby(self.frames, key=lambda frame: frame.label):
            same = list(group)
            share = sum(frame.probability for frame in same) / len(same)
            end = same[-1].seconds + self.step
            lines.append(f"{same[0].seconds:.2f} to {end:.2f} s: {label} ({share:.1%})")
        return "\n".join(lines)


class FrameDecisions:
    """Names the class of every frame of a recording.

    The network takes `features` float32 (batch, time, mels) and gives `logits` float32
    (batch, time, classes). One that is causal answers while it hears.

    Args:
        config: How a waveform becomes features; its level is "none".
        labels: Name of each class.
        threshold: Probability of the second of two classes from which on it is the answer.
    """

    def __init__(
        self, config: LogMel, labels: Sequence[str], threshold: float | None = None
    ) -> None:
        self.config = config
        self.labels = tuple(labels)
        self.decide = Labels(self.labels, axes=("batch", "time"), threshold=threshold)
        self.frames = Frames(config)
        self.frontend = Frontend(self.frames, self.decide)
        self.streaming = Frontend(FramesOfChunks(config), self.decide)
        self.processing: dict[str, Any] = {
            "kind": "log_mel",
            **asdict(config),
            "labels": list(labels),
            **({} if threshold is None else {"threshold": threshold}),
        }

    def predict(self, run: Run, raw: Any, *, sampling_rate: int | None = None) -> Decisions:
        """Answers for one recording, all of it.

        Args:
            run: The network with the frontend around it.
            raw: A path, a file's bytes or an array of samples.
            sampling_rate: The rate of an array in Hz; files state their own.

        Raises:
            InputError: The raw input or an option cannot be used.
            MissingExtraError: The input needs a package that is not installed.
        """
        return self.decisions(self.outputs(run, raw, sampling_rate), 0)

    def outputs(self, run: Run, raw: Any, sampling_rate: int | None = None) -> Arrays:
        """What the network says of every frame of one recording; see `predict`."""
        rate = self.config.sampling_rate
        # No more than twice the longest is ever held of what is too long.
        waveform = recording.read(raw, rate, sampling_rate=sampling_rate, longest=2 * LONGEST)
        if len(waveform) > LONGEST * rate:
            raise InputError(
                f"Received a recording of more than {LONGEST // 60} minutes; cut it, or feed it in "
                "pieces to a file exported with --streaming (`rnn-zoo stream`, `load(...).stream`)."
            )
        return run({"waveform": self.frames.padded(waveform)[None]})

    def shares(self, run: Run, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Probabilities float32 (frames, classes) of several waveforms float32 (samples,).

        Those of one length are answered together.

        Args:
            run: The network with the frontend around it.
            waveforms: One channel each, at the model's rate.
        """
        alike: dict[int, list[int]] = {}
        for number, waveform in enumerate(waveforms):
            alike.setdefault(len(waveform), []).append(number)
        found = [np.zeros(0)] * len(waveforms)
        for numbers in alike.values():
            for start in range(0, len(numbers), _TOGETHER):
                chosen = numbers[start : start + _TOGETHER]
                rows = np.stack([self.frames.padded(waveforms[number]) for number in chosen])
                answers = run({"waveform": rows})["probabilities"]
                for number, answer in zip(chosen, answers, strict=True):
                    found[number] = answer
        return found

    def predict_many(
        self, run: Run, raws: Sequence[Any], *, sampling_rate: int | None = None
    ) -> list[Decisions]:
        """Answers for several recordings, one after the other; see `predict`."""
        if not raws:
            raise InputError("Received no input; give at least one.")
        return [self.predict(run, raw, sampling_rate=sampling_rate) for raw in raws]

    def reader(self, raw: bool) -> FrameReader:
        """Reads one recording piece by piece; see `zoo.tasks.Reader`."""
        return FrameReader(self, raw)

    def decisions(self, outputs: Arrays, first: int) -> Decisions:
        """What the outputs for successive frames mean.

        Args:
            outputs: `logits`, `probabilities` and `label` of one row.
            first: Number of the first frame.

        Raises:
            InputError: A probability is not finite.
        """
        shares = checked(outputs["probabilities"])[0].max(axis=-1)
        if self.decide.threshold is not None:
            second = outputs["label"][0] == self.labels[1]
            pair = outputs["probabilities"][0]
            shares = np.where(second, pair[:, 1], pair[:, 0])
        found = zip(outputs["label"][0], shares.tolist(), strict=True)
        return Decisions(
            tuple(
                Decision(self.frames.seconds(first + place), str(label), share)
                for place, (label, share) in enumerate(found)
            ),
            self.frames.seconds(1),
        )


class FrameReader:
    """Samples in, decisions out as frames are complete; see `zoo.tasks.Reader`.

    A piece is samples (samples,) of one channel at the model's rate, floats in [-1, 1] or integers
    at full scale.

    Args:
        task: What the frames mean.
        raw: Whether the network takes samples and holds those of incomplete frames itself.
    """

    def __init__(self, task: FrameDecisions, raw: bool) -> None:
        self._task = task
        self._raw = raw
        self._part = FramesOfChunks(task.config)
        self.reset()

    def reset(self) -> None:
        """Starts another recording."""
        self._samples = 0  # heard so far
        self._begun = 0  # frames given to the network
        self._fed = 0  # samples given to a raw network
        self._answered = 0
        self._held = np.zeros((1, 0), np.float32)  # here: not given to the network yet

    def arrays(self, chunk: Any) -> Arrays | None:
        """Frames that the samples complete.

        Raises:
            InputError: They are no samples, or not finite.
        """
        samples = recording.mono(chunk)
        self._samples += len(samples)
        return self._next(samples)

    def rest(self) -> Arrays | None:
        """The last frames, padded with zeros as those of a whole recording are."""
        if not self._samples:
            return None
        frames = self._part.count(self._samples)
        if frames == self._begun:
            return None
        return self._next(np.zeros(self._part.reach(frames) - self._samples, np.float32))

    def answer(self, outputs: Arrays | None) -> Decisions:
        """The decisions for the frames of one call."""
        if outputs is None:
            return Decisions((), self._part.seconds(1))
        full = outputs if self._raw else self._task.frontend.restore(outputs)
        found = self._task.decisions(full, self._answered)
        self._answered += len(found.frames)
        return found

    def state(self) -> Arrays:
        """Samples not given to the network yet, and how far the recording is."""
        counts = [self._samples, self._begun, self._fed, self._answered]
        return {"held": self._held, "counts": np.array(counts, np.int64)}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        held, counts = arrays["held"], arrays["counts"].tolist()
        if held.dtype != np.float32 or held.ndim != 2 or len(held) != 1 or min(counts) < 0:
            raise ValueError(f"held samples are {held.dtype} {held.shape}")
        self._samples, self._begun, self._fed, self._answered = counts
        self._held = held

    def _next(self, samples: np.ndarray) -> Arrays | None:
        total = np.concatenate([self._held, samples[None]], axis=1)
        hop = self._task.config.hop_length
        inside = self._fed - self._begun * hop if self._raw else 0  # what the network holds
        frames = self._part.complete(inside + total.shape[1])
        if not frames:
            self._held = total
            return None
        self._begun += frames
        if self._raw:
            self._fed += total.shape[1]
            self._held = total[:, :0]
            return {"waveform": total}
        part = self._part({"held": total[:, :0], "waveform": total})
        self._held = part["next_held"]
        return {"features": part["features"]}


def from_processing(processing: Mapping[str, Any]) -> FrameDecisions:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "log_mel", `level` "none", `labels`, perhaps `threshold`, and the other
            fields of `zoo.processing.audio.LogMel`.

    Raises:
        RecipeError: The kind or a key is unknown, or there are no labels.
    """
    labels = check_names(processing.get("labels"), "labels")
    return FrameDecisions(log_mel(processing), labels, processing.get("threshold"))
