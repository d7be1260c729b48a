"""What is said of the values of a metric: a score for each, and alarms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.processing.measurements import Measurements
from zoo.processing.tables import show_time

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
        times = self.measured.times
        return () if times is None else tuple(show_time(time) for time in times)

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
