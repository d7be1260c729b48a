"""Frames whose decisions are told as events: what begins, what ends, which word was said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.audio import LogMel
from zoo.processing.events import Event, Events, Rule
from zoo.processing.frontend import Arrays, Run
from zoo.processing.labels import checked
from zoo.tasks.frames import FrameDecisions, FrameReader


class EventTask:
    """Tells the events of a recording from a network that decides at every frame.

    The network is that of `zoo.tasks.frames`: `features` float32 (batch, time, mels) to `logits`
    float32 (batch, time, classes).

    Args:
        config: How a waveform becomes features; its level is "none".
        labels: Name of each class.
        rule: Makes what tells events of one recording.
        settings: Of the rule, for the configuration.
    """

    def __init__(
        self,
        config: LogMel,
        labels: Sequence[str],
        rule: Callable[[], Rule],
        settings: Mapping[str, Any],
    ) -> None:
        self.decisions = FrameDecisions(config, labels)
        self.config = config
        self.labels = self.decisions.labels
        self.frontend = self.decisions.frontend
        self.streaming = self.decisions.streaming
        self.rule = rule
        self.processing: dict[str, Any] = {**self.decisions.processing, "events": dict(settings)}
        rule()  # says what is wrong with its settings

    def predict(self, run: Run, raw: Any, *, sampling_rate: int | None = None) -> Events:
        """The events of one recording, all of it.

        Args:
            run: The network with the frontend around it.
            raw: A path, a file's bytes or an array of samples.
            sampling_rate: The rate of an array in Hz; files state their own.

        Raises:
            InputError: The raw input or an option cannot be used.
            MissingExtraError: The input needs a package that is not installed.
        """
        shares = checked(self.decisions.outputs(run, raw, sampling_rate)["probabilities"])[0]
        rule = self.rule()
        return self.told([*rule.found(shares, 0), *rule.at_end(len(shares))])

    def predict_many(
        self, run: Run, raws: Sequence[Any], *, sampling_rate: int | None = None
    ) -> list[Events]:
        """The events of several recordings, one after the other; see `predict`."""
        if not raws:
            raise InputError("Received no input; give at least one.")
        return [self.predict(run, raw, sampling_rate=sampling_rate) for raw in raws]

    def reader(self, raw: bool) -> EventReader:
        """Reads one recording piece by piece; see `zoo.tasks.Reader`."""
        return EventReader(self, raw)

    def told(self, found: Sequence[tuple[int, str, float]]) -> Events:
        """What a rule found, with its times."""
        seconds = self.decisions.frames.seconds
        return Events(tuple(Event(seconds(frame), name, share) for frame, name, share in found))


class EventReader:
    """Samples in, events out as they become known; see `zoo.tasks.Reader`.

    A piece is samples (samples,) of one channel at the model's rate, floats in [-1, 1] or integers
    at full scale.

    Args:
        task: What the events are.
        raw: Whether the network takes samples and holds those of incomplete frames itself.
    """

    def __init__(self, task: EventTask, raw: bool) -> None:
        self._task = task
        self._raw = raw
        self._frames = FrameReader(task.decisions, raw)
        self.reset()

    def reset(self) -> None:
        """Starts another recording."""
        self._frames.reset()
        self._rule = self._task.rule()
        self._count = 0  # frames answered
        self._ending = False

    def arrays(self, chunk: Any) -> Arrays | None:
        """Frames that the samples complete.

        Raises:
            InputError: They are no samples, or not finite.
        """
        return self._frames.arrays(chunk)

    def rest(self) -> Arrays | None:
        """The last frames, padded with zeros as those of a whole recording are."""
        self._ending = True
        return self._frames.rest()

    def answer(self, outputs: Arrays | None) -> Events:
        """The events of the frames of one call, and after `rest` those of the end."""
        found: list[tuple[int, str, float]] = []
        if outputs is not None:
            full = outputs if self._raw else self._task.frontend.restore(outputs)
            shares = checked(full["probabilities"])[0]
            found = self._rule.found(shares, self._count)
            self._count += len(shares)
        if self._ending:
            found += self._rule.at_end(self._count)
        return self._task.told(found)

    def state(self) -> Arrays:
        """What the frames and the rule remember."""
        told = {f"rule/{name}": array for name, array in self._rule.state().items()}
        return {**self._frames.state(), **told, "heard": np.array([self._count], np.int64)}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        prefix = "rule/"
        rule = self._task.rule()
        rule.restore({k.removeprefix(prefix): a for k, a in arrays.items() if prefix in k})
        self._frames.restore(arrays)
        self._rule, self._count = rule, int(arrays["heard"][0])
