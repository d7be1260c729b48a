"""What happens in a stream, told from probabilities frame by frame: one rule a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.frontend import Arrays

_GONE = 0.8  # share of the threshold below which a word that was told is over


@dataclass(frozen=True)
class Event:
    """One thing that was heard.

    Attributes:
        seconds: When it is known to happen, from the start of the recording; of speech where it
            starts or ends.
        event: What it is: a word, or "speech starts", "speech ends".
        probability: Of the word or of speech, smoothed.
    """

    seconds: float
    event: str
    probability: float


@dataclass(frozen=True)
class Events:
    """The events of a recording or of a piece of one, in the order in which they became known."""

    events: tuple[Event, ...]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"events": [asdict(event) for event in self.events]}

    def __str__(self) -> str:
        return "\n".join(f"{e.seconds:.2f} s: {e.event} ({e.probability:.1%})" for e in self.events)


class Rule(Protocol):
    """Tells events from probabilities as they come; it remembers what it needs."""

    def found(self, shares: np.ndarray, first: int) -> list[tuple[int, str, float]]:
        """What successive frames bring: the frame that ends each event, its name, probability.

        Args:
            shares: Probabilities (frames, classes).
            first: Number of the first frame.
        """
        ...

    def at_end(self, frames: int) -> list[tuple[int, str, float]]:
        """What the end of a recording of so many frames brings."""
        ...

    def state(self) -> Arrays:
        """All that it remembers."""
        ...

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave.

        Raises:
            KeyError: A part is missing.
            ValueError: A part is not of this rule.
        """
        ...


class WordRule:
    """A word is heard where its probability, as a mean over some frames, reaches a threshold.

    It is told once: the same word is heard again only after its mean has fallen well below the
    threshold, and no other for a while. A threshold that is not reached by the mean of the first
    frames of a recording counts the missing frames as zero.

    Args:
        labels: The classes; the last two, anything else and silence, are no events.
        threshold: The least mean probability.
        smooth: Frames of the mean: this one and those before it.
        rest: Frames after an event in which there is no other.

    Raises:
        RecipeError: A setting is out of range.
    """

    def __init__(self, labels: Sequence[str], threshold: float, smooth: int, rest: int) -> None:
        if not 0 < threshold < 1 or smooth < 1 or rest < 1 or len(labels) < 3:
            raise RecipeError(
                f"Received threshold={threshold}, smooth={smooth}, rest={rest} for {len(labels)} "
                "classes; needed are a threshold between 0 and 1, frames from 1 on, and a word "
                "beside the two classes that are none."
            )
        self._words = tuple(labels[:-2])
        self._threshold = threshold
        self._smooth = smooth
        self._rest = rest
        self._before = np.zeros((smooth - 1, len(self._words)), np.float64)
        self._quiet_until = 0
        self._told = -1  # the word told last, until it has gone

    def found(self, shares: np.ndarray, first: int) -> list[tuple[int, str, float]]:
        """See `Rule`; the frame is the one that reaches the threshold."""
        if not len(shares):
            return []
        joined = np.concatenate([self._before, shares[:, : len(self._words)]])
        self._before = joined[len(joined) - self._smooth + 1 :]
        events = []
        for frame, mean in enumerate(means(joined, self._smooth), first):
            if self._told >= 0 and mean[self._told] < _GONE * self._threshold:
                self._told = -1
            word = int(mean.argmax())
            if mean[word] >= self._threshold and word != self._told and frame >= self._quiet_until:
                events.append((frame, self._words[word], float(mean[word])))
                self._told, self._quiet_until = word, frame + self._rest
        return events

    def at_end(self, frames: int) -> list[tuple[int, str, float]]:
        """Nothing: a word that has not reached the threshold is none."""
        return []

    def state(self) -> Arrays:
        """The last probabilities, the word told last, and until when there is no event."""
        return {"before": self._before, "told": np.array([self._quiet_until, self._told], np.int64)}

    def restore(self, arrays: Arrays) -> None:
        """See `Rule`."""
        until, told = arrays["told"].tolist()
        if arrays["before"].shape != self._before.shape or not -1 <= told < len(self._words):
            raise ValueError(f"probabilities are {arrays['before'].shape}, the word is {told}")
        self._before = arrays["before"].astype(np.float64)
        self._quiet_until, self._told = until, told


def means(values: np.ndarray, length: int) -> np.ndarray:
    """Means over `length` successive rows, ending at each row from the `length`-th on."""
    windows = np.lib.stride_tricks.sliding_window_view(values, length, axis=0)
    return np.asarray(windows.mean(axis=-1))


class SpeechRule:
    """Speech starts where its probability rises to a threshold, and ends after a pause below it.

    Args:
        labels: Two classes; the second is speech.
        threshold: The probability from which on a frame is speech.
        rest: Frames in a row that are no speech and end it.

    Raises:
        RecipeError: A setting is out of range.
    """

    def __init__(self, labels: Sequence[str], threshold: float, rest: int) -> None:
        if not 0 < threshold < 1 or rest < 1 or len(labels) != 2:
            raise RecipeError(
                f"Received threshold={threshold} and rest={rest} for {len(labels)} classes; needed "
                "are a threshold between 0 and 1, frames from 1 on, and two classes."
            )
        self._threshold = threshold
        self._rest = rest
        self._last = -1  # the last frame of the speech that goes on
        self._share = 0.0

    def found(self, shares: np.ndarray, first: int) -> list[tuple[int, str, float]]:
        """See `Rule`; the frame of an end is the first one after the speech."""
        events = []
        for step, share in enumerate(shares[:, 1].tolist(), first):
            if share >= self._threshold:
                if self._last < 0:
                    events.append((step, "speech starts", share))
                self._last, self._share = step, share
            elif self._last >= 0 and step - self._last >= self._rest:
                events += self.at_end(step)
        return events

    def at_end(self, frames: int) -> list[tuple[int, str, float]]:
        """Speech that goes on ends with the recording."""
        if self._last < 0:
            return []
        end = self._last + 1
        self._last = -1
        return [(end, "speech ends", self._share)]

    def state(self) -> Arrays:
        """The last frame of speech that goes on, if it does, and its probability."""
        return {"last": np.array([self._last]), "share": np.array([self._share])}

    def restore(self, arrays: Arrays) -> None:
        """See `Rule`."""
        self._last, self._share = int(arrays["last"][0]), float(arrays["share"][0])


def settings_of(processing: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The table `events` of a processing.

    Args:
        processing: The configuration of a task.
        names: The settings that the table must have, each a number.

    Raises:
        RecipeError: The table is missing, or has other settings.
    """
    table = processing.get("events")
    if not isinstance(table, Mapping) or sorted(table) != sorted(names):
        raise RecipeError(f"Received events={table!r}; needed is a table of {', '.join(names)}.")
    if any(isinstance(x, bool) or not isinstance(x, int | float) for x in table.values()):
        raise RecipeError(f"Received events={table!r}; each of them is a number.")
    return dict(table)
