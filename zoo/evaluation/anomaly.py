"""Anomaly scores on the Numenta Anomaly Benchmark, by its rules, beside simpler detectors."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zoo.datasets.nab import Benchmark
from zoo.errors import DataError
from zoo.evaluation.expectation import evaluate_expectation, last_value
from zoo.evaluation.nab_scorer import PROFILES, Points, points
from zoo.model_card import Metric
from zoo.processing.measurements import OwnMetrics
from zoo.processing.normality import Normality, Watch
from zoo.tasks import Run
from zoo.tasks.anomaly import AnomalyDetection

_NAMES = {
    "standard": "standard",
    "reward_low_FP_rate": "low_false_positives",
    "reward_low_FN_rate": "low_false_negatives",
}
_HELD_OUT = "standard_held_out"
MODEL = "model"

Scores = Mapping[str, np.ndarray]


def evaluate(
    task: AnomalyDetection, run: Run, data: Benchmark | OwnMetrics, split: str = "test"
) -> list[Metric]:
    """Scores every series.

    Settings were chosen on half of the series, every other name in order ("validation"). "test" is
    the whole benchmark, as detectors of its board are scored: all series, and for each profile the
    threshold that is best for the labels. Held out is the other half, with the threshold of the
    first.

    Args:
        task: What turns values into scores.
        run: The network.
        data: The benchmark; or metrics of which no anomaly is known, see `evaluate_expectation`.
        split: "validation" or "test".

    Returns:
        The scores of the three profiles, on a scale of 0, which no detection has, to 100;
        "standard" is primary. For "test" also the standard score held out.

    Raises:
        DataError: No series has a window to find.
    """
    if isinstance(data, OwnMetrics):
        return evaluate_expectation(task, run, data, split)
    names = halves(data)[0] if split == "validation" else sorted(data.series)
    if not any(data.series[name].windows for name in names):
        raise DataError("No series has a window around an anomaly, so nothing can be scored.")
    scored = detectors(task, run, data)
    own = task.normality.threshold
    found = [_profile(data, scored, names, profile, split, own) for profile in PROFILES]
    return found if split == "validation" else [*found, _held_out(data, scored, split)]


def halves(data: Benchmark) -> tuple[list[str], list[str]]:
    """The names of the series by which settings were chosen, and of those held out.

    Names in alphabetical order, which go by groups, are dealt to the halves in turn.
    """
    names = sorted(data.series)
    return names[::2], names[1::2]


def detectors(task: AnomalyDetection, run: Run, data: Benchmark) -> dict[str, Scores]:
    """Detector -> series -> scores, float (rows,).

    Beside the model: the published scores of Windowed Gaussian; the model's rule about the range of
    values without its network; and its rules with the last value as what is expected, whose error
    is judged in units of the mean error so far.
    """
    names = sorted(data.series)
    values = [data.series[name].values for name in names]
    expected = task.expectations(run, values)
    settings = task.normality
    pairs = list(zip(names, values, expected, strict=True))
    return {
        MODEL: {name: scores(settings, one, ahead) for name, one, ahead in pairs},
        "windowed_gaussian": data.gaussian,
        "range_alone": {name: scores(settings, one, None) for name, one, _ in pairs},
        "last_value": {
            name: scores(settings, one, last_value(settings, one)) for name, one, _ in pairs
        },
    }


def scores(settings: Normality, values: np.ndarray, expected: np.ndarray | None) -> np.ndarray:
    """The scores of a series, float64 (rows,).

    Args:
        settings: How its normal is learned.
        values: float64 (rows,).
        expected: What is expected after each value, (rows, 2); None for nothing surprising.
    """
    watch, scaled = Watch(settings), settings.scaled(values.tolist())
    if expected is None:  # what comes is what was expected
        expected = np.stack([np.append(scaled[1:], 0), np.ones(len(scaled))], axis=1)
    rows = zip(values.tolist(), scaled.tolist(), expected.tolist(), strict=True)
    return np.array([watch(value, one, *pair) for value, one, pair in rows])


def _profile(
    data: Benchmark,
    scored: Mapping[str, Scores],
    names: list[str],
    profile: str,
    split: str,
    own: float,
) -> Metric:
    """The score of one profile, each detector at its best threshold; `own` is the model's own."""
    made = {key: _points(data, found, names, profile) for key, found in scored.items()}
    best = {key: found.best() for key, found in made.items()}
    threshold, value = best[MODEL]
    part = "all series" if len(names) == len(data.series) else "the half that chose settings"
    return Metric(
        name=_NAMES[profile],
        value=value,
        unit="points",
        direction="higher",
        split=split,
        protocol=(
            f"NAB 1.1, profile {profile}, {part} ({len(names)}, {made[MODEL].count} windows), one "
            "threshold for all, tuned on the labels by NAB's optimiser, as on its board"
        ),
        seeds=[],
        primary=profile == "standard",
        baselines={key: found for key, (_, found) in best.items() if key != MODEL},
        details={
            "threshold": threshold,
            "at_own_threshold": made[MODEL].at(own),
            **_by_group(data, scored[MODEL], names, threshold, profile),
        },
    )


def _by_group(
    data: Benchmark, found: Scores, names: list[str], threshold: float, profile: str
) -> dict[str, float]:
    """The score of each group that has windows; windows found and rows falsely detected of all."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(name.partition("/")[0], []).append(name)
    details = {}
    for group, members in groups.items():
        made = _points(data, found, members, profile)
        if made.count:
            details[group] = made.at(threshold)
    made = _points(data, found, names, profile)
    detected = made.windows[made.scores >= threshold]
    details["windows_found"] = float(len(set(detected[detected >= 0].tolist())))
    details["false_detections"] = float((detected < 0).sum())
    return details


def _held_out(data: Benchmark, scored: Mapping[str, Scores], split: str) -> Metric:
    """The standard score of one half at the threshold that is best for the other."""
    chosen, others = halves(data)
    values, thresholds = {}, {}
    for key, found in scored.items():
        thresholds[key] = _points(data, found, chosen, "standard").best()[0]
        values[key] = _points(data, found, others, "standard").at(thresholds[key])
    count = _points(data, scored[MODEL], others, "standard").count
    return Metric(
        name=_HELD_OUT,
        value=values[MODEL],
        unit="points",
        direction="higher",
        split=split,
        protocol=(
            f"NAB 1.1, profile standard, every other series ({len(others)}, {count} windows), at "
            "the threshold that is best for the other half, which also chose settings"
        ),
        seeds=[],
        baselines={key: value for key, value in values.items() if key != MODEL},
        details={
            "threshold": thresholds[MODEL],
            **_by_group(data, scored[MODEL], others, thresholds[MODEL], "standard"),
        },
    )


def _points(data: Benchmark, found: Scores, names: list[str], profile: str) -> Points:
    """What detections in some series would be worth."""
    windows = {name: data.series[name].windows for name in names}
    return points({name: found[name] for name in names}, windows, PROFILES[profile])
