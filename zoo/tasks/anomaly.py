"""Anomaly: the values of any metric in, how anomalous each is out, as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import checked
from zoo.processing.measurements import (
    Measurements,
    is_header,
    read_line,
    read_measurements,
)
from zoo.processing.normality import Normality, Watch
from zoo.processing.tables import show_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOMAIN = "series"
INPUTS = {"scaled": "the values, each on the scale of those before it"}
OUTPUTS = {"next": "where the next scaled value is expected, and how far off it may be"}
LONGEST = 100_000  # rows in one call
_STEPS = 1024  # lengths of rows are brought to a multiple of it, to be answered together


@dataclass(frozen=True)
class Alarm:
    """Where something begins that the series does not do normally.

    Attributes:
        row: Number of the row, from 0.
        time: Of the row, as ISO 8601; "" where the input has no times.
        value: As measured.
        score: Of the row, from 0 to 1.
    """

    row: int
    time: str
    value: float
    score: float

    def __str__(self) -> str:
        return f"{self.time or f'row {self.row}'}: {self.value:g} (score {self.score:.2f})"


@dataclass(frozen=True, eq=False)
class Anomalies:
    """How anomalous the rows of a series are.

    Attributes:
        first: Number of the first of these rows, from 0.
        measured: The rows.
        scores: From 0 to 1, float64 (rows,); 0 of a row without a value, and while the normal of
            the series is learned.
        learning: How many of the rows passed while that was learned.
        alarms: Where anomalies begin, in order.
        threshold: Score from which on a row is an alarm.
    """

    first: int
    measured: Measurements
    scores: np.ndarray
    learning: int
    alarms: tuple[Alarm, ...]
    threshold: float

    @property
    def times(self) -> tuple[str, ...]:
        """ISO 8601, a row each; empty where the input has no times."""
        return times_of(self.measured)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        values = [None if np.isnan(value) else value for value in self.measured.values.tolist()]
        return {
            "first": self.first,
            "times": list(self.times),
            "values": values,
            "scores": self.scores.tolist(),
            "learning": self.learning,
            "alarms": [asdict(alarm) for alarm in self.alarms],
            "threshold": self.threshold,
        }

    def plot(
        self, path: str | Path | None = None, windows: Sequence[tuple[int, int]] = ()
    ) -> Figure:
        """Draws the series over its scores, with the alarms.

        Args:
            path: A PNG to write too.
            windows: First and last row of stretches to shade, such as known anomalies.

        Returns:
            A matplotlib figure, which a notebook shows.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        from zoo.plots.anomaly import draw_anomalies

        return draw_anomalies(self, None if path is None else Path(path), windows)

    def __str__(self) -> str:
        rows, count = len(self.scores), len(self.alarms)
        head = f"{rows} rows, the first {self.learning} to learn from: "
        lines = [head + (f"{count} alarm{'s' * (count != 1)}" if count else "no alarm")]
        return "\n".join([*lines, *map(str, self.alarms)])


class Rows(Anomalies):
    """The same of a piece of a stream, told row by row."""

    def __str__(self) -> str:
        alarms = {alarm.row for alarm in self.alarms}
        names = self.times or [str(self.first + place) for place in range(len(self.scores))]
        lines = []
        for place, (name, value, score) in enumerate(
            zip(names, self.measured.values, self.scores, strict=True)
        ):
            told = " learning" * (place < self.learning) + " missing" * bool(np.isnan(value))
            told += " ALARM" * (self.first + place in alarms)
            lines.append(f"{name} {value:g} {score:.3f}{told}")
        return "\n".join(lines)


class AnomalyDetection:
    """Scores the values of a series, each from the past alone.

    The network takes `scaled` float32 (batch, time, 1) and gives `next` float32 (batch, time, 2),
    location and scale of a distribution of the next value, above 0. It is causal.

    Args:
        normality: How a series' own normal is learned, and when it is left.
    """

    def __init__(self, normality: Normality) -> None:
        self.normality = normality
        self.frontend = Frontend(None, None)
        self.processing = normality.to_processing()

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        column: str | None = None,
        learning: int | None = None,
        threshold: float | None = None,
    ) -> Anomalies:
        """Scores a whole series.

        Args:
            run: The network.
            raw: See `zoo.processing.measurements.read_measurements`.
            column: Of a table, the column to watch.
            learning: First values to learn from, if not the model's own number.
            threshold: Score from which on a value is an alarm, if not the model's own.

        Raises:
            InputError: The raw input or an option cannot be used.
        """
        options = {"column": column, "learning": learning, "threshold": threshold}
        return self.predict_many(run, [raw], **options)[0]  # type: ignore[arg-type]

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        column: str | None = None,
        learning: int | None = None,
        threshold: float | None = None,
    ) -> list[Anomalies]:
        """Scores several series; see `predict`."""
        if not raws:
            raise InputError("Received no series; give at least one.")
        normality = self._normality(learning, threshold)
        series = [read_measurements(raw, column) for raw in raws]
        longest = max(len(one.values) for one in series)
        if longest > LONGEST:
            raise InputError(
                f"Received {longest} rows; at most {LONGEST} go into one call: feed more to a file "
                "exported with --streaming (`rnn-zoo stream`, `load(...).stream`)."
            )
        expected = self.expectations(run, [one.values for one in series])
        return [_whole(normality, *pair) for pair in zip(series, expected, strict=True)]

    def expectations(self, run: Run, series: Sequence[np.ndarray]) -> list[np.ndarray]:
        """What the network expects after each measured value, float32 (values, 2) a series.

        Args:
            run: The network.
            series: float64 (rows,) each; rows without a value (NaN) are left out.
        """
        scaled = [self.normality.scaled(one[~np.isnan(one)].tolist()) for one in series]
        alike: dict[int, list[int]] = {}
        for number, one in enumerate(scaled):
            alike.setdefault(-(-max(len(one), 1) // _STEPS) * _STEPS, []).append(number)
        found = [np.zeros((0, 2))] * len(scaled)
        for steps, numbers in alike.items():
            rows = np.zeros((len(numbers), steps, 1), np.float32)  # nothing looks at what follows
            for row, number in zip(rows, numbers, strict=True):
                row[: len(scaled[number]), 0] = scaled[number]
            answers = checked(run({"scaled": rows})["next"])
            for number, answer in zip(numbers, answers, strict=True):
                found[number] = answer[: len(scaled[number])]
        return found

    def reader(
        self, _raw: bool, *, learning: int | None = None, threshold: float | None = None
    ) -> AnomalyReader:
        """Reads one series piece by piece; see `zoo.tasks.Reader` and `predict`.

        Raises:
            InputError: An option cannot be used.
        """
        return AnomalyReader(self._normality(learning, threshold))

    def _normality(self, learning: int | None, threshold: float | None) -> Normality:
        """The settings with a user's own."""
        own = {"learning": learning, "threshold": threshold}
        changes = {name: value for name, value in own.items() if value is not None}
        try:
            return Normality.from_processing({**self.processing, **changes})
        except RecipeError:
            raise InputError(
                f"Received {changes}; learning is a whole number of values from 1 on, threshold a "
                "score between 0 and 1."
            ) from None


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


def _whole(settings: Normality, measured: Measurements, expected: np.ndarray) -> Anomalies:
    """The answer for a whole series; see `AnomalyReader.told`."""
    rows = AnomalyReader(settings).told(measured, settings.scaled(present(measured)), expected)
    return Anomalies(**vars(rows))


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


def times_of(measured: Measurements) -> tuple[str, ...]:
    """Times as ISO 8601."""
    return () if measured.times is None else tuple(show_time(time) for time in measured.times)


def from_processing(processing: Mapping[str, Any]) -> AnomalyDetection:
    """Rebuilds the task from its configuration: the fields of `Normality`.

    Raises:
        RecipeError: A key is unknown or missing, or a value does not fit.
    """
    return AnomalyDetection(Normality.from_processing(processing))
