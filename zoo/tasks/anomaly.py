"""Anomaly: the values of any metric in, how anomalous each is out, as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Frontend, Run
from zoo.processing.labels import checked
from zoo.processing.measurements import Measurements, read_measurements
from zoo.processing.normality import Normality
from zoo.tasks._alarms import Anomalies
from zoo.tasks._watching import AnomalyReader, present

DOMAIN = "series"
INPUTS = {"scaled": "the values, each on the scale of those before it"}
OUTPUTS = {"next": "where the next scaled value is expected, and how far off it may be"}
LONGEST = 100_000  # rows in one call
_STEPS = 1024  # lengths of rows are brought to a multiple of it, to be answered together


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


def _whole(settings: Normality, measured: Measurements, expected: np.ndarray) -> Anomalies:
    """The answer for a whole series; see `AnomalyReader.told`."""
    rows = AnomalyReader(settings).told(measured, settings.scaled(present(measured)), expected)
    return Anomalies(**vars(rows))


def from_processing(processing: Mapping[str, Any]) -> AnomalyDetection:
    """Rebuilds the task from its configuration: the fields of `Normality`.

    Raises:
        RecipeError: A key is unknown or missing, or a value does not fit.
    """
    return AnomalyDetection(Normality.from_processing(processing))
