"""A metric read piece by piece: numbers or lines in, scores and alarms out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.frontend import Arrays
from zoo.processing.labels import checked
from zoo.processing.measurements import (
    Measurements,
    is_header,
    read_line,
    read_measurements,
)
from zoo.processing.normality import Normality, Watch
from zoo.processing.tables import show_time
from zoo.tasks._alarms import Alarm, Rows


class AnomalyReader:
    """Values in, scores out; see `zoo.tasks.Reader`.

    A piece is a number, an array of numbers (values,), or text: lines "value" or "time,value". A
    first line of text that names columns is passed over. NaN, or a line without a value, says that
    nothing was measured.

    Args:
        settings: How the normal of the series is learned, and when it is left.
    """

    def __init__(self, settings: Normality) -> None:
        self._settings = settings
        self.reset()

    def reset(self) -> None:
        """Starts another series."""
        self._scale = self._settings.scale()
        self._watch = Watch(self._settings)
        self._rows = 0
        self._quiet_until = 0
        self._told = 0.0  # score of the last alarm
        self._time: np.datetime64 | None = None
        self._pieces: list[tuple[Measurements, np.ndarray]] = []  # without an answer yet

    def arrays(self, chunk: Any) -> Arrays | None:
        """The scaled values of a piece; None where nothing was measured.

        Raises:
            InputError: It is no number, no array of numbers and no such text.
        """
        measured = self._measured(chunk)
        if measured is None:
            return None
        if measured.times is not None:
            self._time = measured.times[-1]
        scaled = np.array([self._scale(value) for value in present(measured)], np.float32)
        self._pieces.append((measured, scaled))
        return {"scaled": scaled[None, :, None]} if len(scaled) else None

    def rest(self) -> Arrays | None:
        """Nothing is held back."""
        return None

    def answer(self, outputs: Arrays | None) -> Rows:
        """The scores of the oldest piece that has none yet."""
        if not self._pieces:
            nothing = Measurements(None, np.zeros(0))
            return Rows(self._rows, nothing, np.zeros(0), 0, (), self._settings.threshold)
        expected = np.zeros((0, 2)) if outputs is None else checked(outputs["next"])[0]
        return self.told(*self._pieces.pop(0), expected)

    def told(self, measured: Measurements, scaled: np.ndarray, expected: np.ndarray) -> Rows:
        """Scores rows.

        Args:
            measured: The rows.
            scaled: Their values, without rows that have none, float32 (values,).
            expected: What the network expects after each of them, float32 (values, 2).
        """
        settings, first = self._settings, self._rows
        scores, alarms, learning = np.zeros(len(measured.values)), list[Alarm](), 0
        pairs = iter(zip(scaled.tolist(), expected.tolist(), strict=True))
        for place, value in enumerate(measured.values.tolist()):
            learning += self._watch.count < settings.learning
            if value == value:  # a number
                one, (location, spread) = next(pairs)
                scores[place] = score = self._watch(value, one, location, spread)
                if score >= settings.threshold:
                    alarms += self._alarm(measured, place, score)
        self._rows += len(scores)
        return Rows(first, measured, scores, learning, tuple(alarms), settings.threshold)

    def state(self) -> Arrays:
        """All that it remembers."""
        time = np.datetime64("NaT", "s") if self._time is None else self._time
        counts = [self._rows, self._quiet_until, int(time.astype(np.int64))]
        return {
            **self._watch.state(),
            "scale": self._scale.state(),
            "counts": np.array(counts, np.int64),
            "told": np.array([self._told]),
        }

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        watch, scale = Watch(self._settings), self._settings.scale()
        watch.restore(arrays)
        scale.restore(arrays["scale"])
        rows, quiet, seconds = arrays["counts"].tolist()
        time = np.datetime64(seconds, "s")
        self._watch, self._scale, self._pieces = watch, scale, []
        self._rows, self._quiet_until, self._told = rows, quiet, float(arrays["told"][0])
        self._time = None if np.isnat(time) else time

    def _alarm(self, measured: Measurements, place: int, score: float) -> list[Alarm]:
        """The alarm that begins at a row, if none of such a score is too near before it."""
        row = self._rows + place
        if row < self._quiet_until and score <= self._told:
            return []
        self._quiet_until, self._told = row + self._settings.rest, score
        time = "" if measured.times is None else show_time(measured.times[place])
        return [Alarm(row, time, float(measured.values[place]), score)]

    def _measured(self, chunk: Any) -> Measurements | None:
        """The rows of a piece; None where there is none."""
        if not isinstance(chunk, str):
            if np.ndim(chunk) == 1 and not len(chunk):
                return None
            return read_measurements([chunk] if np.ndim(chunk) == 0 else chunk)
        lines = [line for line in chunk.splitlines() if line.strip()]
        if lines and not self._rows and not self._pieces and is_header(lines[0]):
            lines = lines[1:]
        rows, before = list[Measurements](), self._time
        for line in lines:
            rows.append(read_line(line, before))
            before = before if (times := rows[-1].times) is None else times[-1]
        return joined(rows) if rows else None


def joined(rows: Sequence[Measurements]) -> Measurements:
    """Several rows as one piece.

    Raises:
        InputError: Some have times and some have none.
    """
    timed = [row.times for row in rows if row.times is not None]
    if len(timed) not in (0, len(rows)):
        raise InputError("Received lines with and without a time; give all of them one, or none.")
    values = np.concatenate([row.values for row in rows])
    return Measurements(np.concatenate(timed) if timed else None, values)


def present(measured: Measurements) -> list[float]:
    """The values of the rows that have one."""
    values: list[float] = measured.values[~np.isnan(measured.values)].tolist()
    return values
