"""How well the next value of a metric is expected, where nothing says what is an anomaly."""

from __future__ import annotations

import math

import numpy as np

from zoo.model_card import Metric
from zoo.processing.measurements import OwnMetrics
from zoo.processing.normality import Normality
from zoo.tasks import Run
from zoo.tasks.anomaly import AnomalyDetection

_VALIDATION = 0.2  # last share of the values of each series
_LEAST_STEP = 0.05  # of scaled values


def evaluate_expectation(
    task: AnomalyDetection, run: Run, data: OwnMetrics, split: str
) -> list[Metric]:
    """Scores the distribution of the next value over the last fifth of each series.

    Beside it stands a logistic distribution at the last value, as wide as the steps so far.

    Args:
        task: What scales values.
        run: The network.
        data: The series.
        split: What that part is called.

    Returns:
        One metric, `nats_per_value`, of scaled values; less is better.
    """
    values = list(data.series.values())
    model, naive = [], []
    for one, expected in zip(values, task.expectations(run, values), strict=True):
        rows = slice(border(len(one)) - 1, -1)
        following = task.normality.scaled(one.tolist())[1:][rows.start :]
        steps = last_value(task.normality, one)
        steps[:, 1] /= 2 * math.log(2)  # the mean distance of a logistic distribution of scale 1
        model.append(nats(following, expected[rows]))
        naive.append(nats(following, steps[rows]))
    return [
        Metric(
            name="nats_per_value",
            value=float(np.concatenate(model).mean()),
            unit="nats",
            direction="lower",
            split=split,
            protocol=f"the last fifth of each of {len(values)} series, scaled by its past",
            seeds=[],
            primary=True,
            baselines={"last_value": float(np.concatenate(naive).mean())},
        )
    ]


def border(values: int) -> int:
    """Of so many values that may be learned from, the number of those that train."""
    return values - int(_VALIDATION * values)


def nats(targets: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Negative logarithm of the density of logistic distributions, float64 (values,).

    Args:
        targets: float (values,).
        expected: Location and scale of each, float (values, 2).
    """
    off = np.abs(targets - expected[:, 0]) / expected[:, 1]
    found: np.ndarray = off + 2 * np.log1p(np.exp(-off)) + np.log(expected[:, 1])
    return found


def last_value(settings: Normality, values: np.ndarray) -> np.ndarray:
    """Each scaled value, and the mean distance between two of those so far, float64 (rows, 2)."""
    scaled = settings.scaled(values.tolist()).astype(float)
    steps = np.abs(np.diff(scaled, prepend=scaled[:1]))
    means = np.cumsum(steps) / np.arange(1, len(steps) + 1)
    return np.stack([scaled, means + _LEAST_STEP], axis=1)
