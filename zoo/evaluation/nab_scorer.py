"""The score of the Numenta Anomaly Benchmark, version 1.1 (Lavin & Ahmad 2015, arXiv 1510.03336).

A detector gives each row of a series a score; rows at or above one threshold, the same for all
series, are detections. The first detection in a window around an anomaly earns the more the earlier
it is; a missed window costs, and each detection outside, the more the farther it is behind one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_PROBATION, _MOST_PROBATION = 0.15, 750  # share of the rows, and rows, that are not scored
_FAR = 3.0  # window widths after which a false alarm costs all


@dataclass(frozen=True)
class Profile:
    """What counts how much.

    Attributes:
        hit: Of a window that is found at once.
        false_alarm: Of a detection far from any window.
        miss: Of a window that is not found.
    """

    hit: float
    false_alarm: float
    miss: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP_rate": Profile(1.0, 0.22, 1.0),
    "reward_low_FN_rate": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True)
class Points:
    """What a detection at each scored row of all series is worth.

    Attributes:
        scores: Of the detector, float (rows,).
        worth: Of a detection there, float (rows,).
        windows: Number of the row's window over all series, -1 outside, int (rows,).
        profile: What counts how much.
        count: Windows of all series, also those that lie in rows that are not scored.
    """

    scores: np.ndarray
    worth: np.ndarray
    windows: np.ndarray
    profile: Profile
    count: int

    def normalised(self, total: float) -> float:
        """A total on the scale of 0, no detection at all, to 100, each window found at once."""
        nothing = -self.profile.miss * self.count
        return 100 * (total - nothing) / (self.profile.hit * self.count - nothing)

    def at(self, threshold: float) -> float:
        """The normalised score at a threshold."""
        found = self.scores >= threshold
        outside = self.worth[found & (self.windows < 0)].sum()
        return self.normalised(float(outside + self._earned(found).sum()))

    def best(self) -> tuple[float, float]:
        """The threshold with the highest normalised score on these very rows, and that score.

        The thresholds of the benchmark's board were chosen so.
        """
        order = np.argsort(-self.scores, kind="stable")
        scores, worth, windows = self.scores[order], self.worth[order], self.windows[order]
        gains = np.where(windows < 0, worth, 0.0)
        for window in range(self.count):
            rows = np.flatnonzero(windows == window)
            if len(rows):
                highest = np.maximum.accumulate(worth[rows])
                gains[rows] = np.diff(highest, prepend=-self.profile.miss)
        totals = -self.profile.miss * self.count + np.cumsum(gains)
        last = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # of equal scores
        place = int(last[totals[last].argmax()])
        return float(scores[place]), self.normalised(float(totals[place]))

    def _earned(self, found: np.ndarray) -> np.ndarray:
        """What each window comes to, float (windows,)."""
        earned = np.full(self.count, -self.profile.miss)
        inside = found & (self.windows >= 0)
        hit = np.full(self.count, -np.inf)
        np.maximum.at(hit, self.windows[inside], self.worth[inside])
        return np.where(np.isfinite(hit), hit, earned)


def points(
    scores: Mapping[str, np.ndarray],
    windows: Mapping[str, Sequence[tuple[int, int]]],
    profile: Profile,
) -> Points:
    """What detections of a detector would be worth.

    Args:
        scores: Series -> score of each row, float (rows,).
        windows: Series -> first and last row of each window, in their order.
        profile: What counts how much.
    """
    kept: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    count = 0
    for name, series in scores.items():
        start = probation(len(series))
        worth, numbers = _worth(len(series), windows[name], profile)
        kept.append(
            (series[start:], worth[start:], np.where(numbers < 0, -1, numbers + count)[start:])
        )
        count += len(windows[name])
    joined = [np.concatenate(part) for part in zip(*kept, strict=True)]
    return Points(joined[0], joined[1], joined[2], profile, count)


def probation(rows: int) -> int:
    """How many first rows of a series are not scored: a detector may learn the series there."""
    return min(int(_PROBATION * rows), _MOST_PROBATION)


def _worth(
    rows: int, windows: Sequence[tuple[int, int]], profile: Profile
) -> tuple[np.ndarray, np.ndarray]:
    """What a detection at each row is worth, and the row's window or -1."""
    worth, numbers = np.full(rows, -profile.false_alarm), np.full(rows, -1)
    for number, (first, last) in enumerate(windows):
        width = last - first + 1
        after = np.arange(last + 1, rows)
        worth[after] = profile.false_alarm * _sigmoid((after - last) / (width - 1))
        inside = np.arange(first, last + 1)
        worth[inside] = profile.hit * _sigmoid((inside - last - 1) / width) / _sigmoid(-1.0)
        numbers[inside] = number
    return worth, numbers


def _sigmoid(place: np.ndarray | float) -> np.ndarray:
    """Worth over the place relative to a window's end, in widths: from nearly 1 down to -1."""
    place = np.asarray(place, float)
    return np.where(place > _FAR, -1.0, 2 / (1 + np.exp(5 * np.minimum(place, _FAR))) - 1)
