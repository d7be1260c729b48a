"""How far a value is from what its series does normally, judged from the past alone."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.frontend import Arrays
from zoo.processing.keys import check_keys
from zoo.processing.running import RunningRange, RunningScale

_SETTLED = 20  # values before surprise counts: the scale is not known yet


@dataclass(frozen=True)
class Normality:
    """How a series' own normal is learned, and when it is left.

    Attributes:
        learning: First values, whose score is 0: there the normal is learned.
        horizon: Values of the past that count for its mean and spread.
        limit: Largest scaled value.
        forget: Share by which ranges fall back with each value; see `RunningRange`.
        smooth: Values over which surprise is averaged.
        weight: Of a range of surprise that is left, beside a range of values.
        half: Share of its width by which a range is left where the score is 0.5.
        threshold: The score from which on a value is an alarm.
        rest: Rows after an alarm in which no other one begins, unless its score is higher.

    Raises:
        RecipeError: A setting is out of range.
    """

    learning: int
    horizon: int
    limit: float
    forget: float
    smooth: int
    weight: float
    half: float
    threshold: float
    rest: int

    def __post_init__(self) -> None:
        checks = {
            "learning": self.learning >= 1,
            "horizon": self.horizon >= 1,
            "limit": 0 < self.limit < math.inf,
            "forget": 0 <= self.forget < 1,
            "smooth": self.smooth >= 1,
            "weight": 0 <= self.weight < math.inf,
            "half": 0 < self.half < math.inf,
            "threshold": 0 < self.threshold < 1,
            "rest": self.rest >= 1,
        }
        wrong = [name for name, fits in checks.items() if not fits]
        if wrong:
            raise RecipeError(f"processing: {wrong[0]} cannot be {getattr(self, wrong[0])!r}.")

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> Normality:
        """Rebuilds the settings from JSON-able values.

        Raises:
            RecipeError: A key is unknown or missing, or a value does not fit.
        """
        check_keys(processing, cls)
        known = {field.name: str(field.type) for field in fields(cls)}
        for name, value in processing.items():
            kinds = (int,) if known[name] == "int" else (int, float)
            if isinstance(value, bool) or not isinstance(value, kinds):
                raise RecipeError(f"processing: {name} is {value!r}; needed is {known[name]}.")
        return cls(**processing)

    def to_processing(self) -> dict[str, Any]:
        """The settings as JSON-able values."""
        return asdict(self)

    def scale(self) -> RunningScale:
        """What scales the values of one series."""
        return RunningScale(self.horizon, self.limit)

    def scaled(self, values: Iterable[float]) -> np.ndarray:
        """The values of a whole series, each on the scale of those before it, float32 (values,)."""
        scale = self.scale()
        return np.array([scale(value) for value in values], np.float32)


class Watch:
    """Scores the values of one series, one after the other.

    Two ranges are kept: of the values, and of the surprise, averaged over some values. Surprise is
    the square root of how far a value is from the place at which a network expected it, in units of
    the spread that the network expected. A value scores by how far it leaves either range.

    That a value outside the range of the past is anomalous was Numenta's "spatial anomaly"; that
    errors count in relation to the errors of the past is from Ahmad et al. 2017 (Neurocomputing
    262, "Unsupervised real-time anomaly detection for streaming data").

    Args:
        settings: How the normal is learned.
    """

    def __init__(self, settings: Normality) -> None:
        self._settings = settings
        self._values = RunningRange(settings.horizon, settings.forget)
        self._surprises = RunningRange(settings.horizon, settings.forget)
        self._count = 0
        self._mean = 0.0  # of surprise
        self._expected: tuple[float, float] | None = None

    @property
    def count(self) -> int:
        """Values seen so far."""
        return self._count

    def __call__(self, value: float, scaled: float, location: float, spread: float) -> float:
        """The score of a value, from 0 to 1; it counts as normal from then on.

        Args:
            value: As measured.
            scaled: As the network read it.
            location: Where the network, having read it, expects the next scaled value.
            spread: How far off the network expects to be then; above 0.
        """
        settings = self._settings
        surprise = 0.0
        if self._expected is not None and self._count >= _SETTLED:
            surprise = math.sqrt(abs(scaled - self._expected[0]) / self._expected[1])
        self._mean += (surprise - self._mean) / settings.smooth
        excess = max(self._values(value))
        if self._count >= _SETTLED:
            excess = max(excess, settings.weight * self._surprises(self._mean)[1])
        self._expected = location, spread
        self._count += 1
        return excess / (excess + settings.half) if self._count > settings.learning else 0.0

    def state(self) -> Arrays:
        """All that it remembers."""
        expected = self._expected or (math.nan, math.nan)
        return {
            "values": self._values.state(),
            "surprises": self._surprises.state(),
            "watched": np.array([self._count, self._mean, *expected]),
        }

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave.

        Raises:
            KeyError: A part is missing.
            ValueError: A part is something else.
        """
        count, self._mean, location, spread = arrays["watched"].tolist()
        self._count = int(count)
        self._expected = (location, spread) if self._count else None
        self._values.restore(arrays["values"])
        self._surprises.restore(arrays["surprises"])
