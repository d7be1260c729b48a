"""How well a forecaster of prices knows the distribution of returns, beside models of volatility.

Gneiting and Raftery 2007, "Strictly proper scoring rules": the continuous ranked probability score
(CRPS) is the integral over all levels of twice the quantile loss. Here it is the mean over the
model's levels, for model and rivals alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from zoo.errors import DataError
from zoo.evaluation.garch import EVERY, garch_volatility
from zoo.evaluation.rolling_volatility import WINDOWS, rolling_volatility
from zoo.model_card import Metric
from zoo.processing.price_band import PriceBand
from zoo.processing.series_set import SeriesSet
from zoo.tasks import Run
from zoo.tasks.global_forecast import GlobalForecaster

BATCH = 512
SHOWN = (1, 5, 20)  # days ahead whose figures stand in the details
_NORMAL_95 = 1.959964
MODEL, ROLLING, GARCH = "model", "random_walk_rolling_volatility", "garch_1_1"
DRIFT = "random_walk_with_drift"
RIVALS = (ROLLING, DRIFT, GARCH)


@dataclass(frozen=True, eq=False)
class Origins:
    """The days of a part from which it can be forecast.

    Args:
        prices: float64 (steps,), all up to the end of the part.
        steps: int (origins,), number of the first step ahead of each.
    """

    prices: np.ndarray
    steps: np.ndarray

    @property
    def returns(self) -> np.ndarray:
        """Log return that leads to each price; 0 for the first."""
        logs = np.log(self.prices)
        found: np.ndarray = np.diff(logs, prepend=logs[0])
        return found

    def truth(self, horizon: int) -> np.ndarray:
        """Log returns from each origin to the days ahead, float64 (origins, horizon)."""
        logs = np.log(self.prices)
        ahead = logs[self.steps[:, None] + np.arange(horizon)]
        found: np.ndarray = ahead - logs[self.steps - 1][:, None]
        return found


def evaluate(
    task: GlobalForecaster[PriceBand], run: Run, data: SeriesSet, split: str = "test"
) -> list[Metric]:
    """Scores forecasts from every day of the split whose horizon lies in it.

    Walk-forward: each forecast knows all days before it, and the network learned from the
    training part alone. Rivals: a random walk with rolling volatility, its window chosen on the
    validation part; the same with the mean return of the training part as its drift; and GARCH(1,1)
    without drift, refitted every 20 days to all days before.

    Returns:
        "crps" (primary) of the log return from now to 1, 2, … days ahead, in percent; "crps_ratio",
        over that of the random walk; "direction", the share of days of which the sign of the next
        return is that of the median, with its 95 % interval (Wilson 1927), beside always up; and
        "band_error", the distance of the outermost band's coverage from its nominal one.

    Raises:
        DataError: a series is too short.
        MissingExtraError: the library of GARCH is not installed.
    """
    series = task.series
    raw_run = task.frontend.around(run)
    pieces: dict[str, list[np.ndarray]] = {name: [] for name in ("truth", MODEL, *RIVALS)}
    days = []
    for name, (prices, begin) in zip(data.names, data.parts(split), strict=True):
        part = _origins(name, prices, begin, series)
        chosen = _window(data, name, series)
        days.append(chosen)
        growth = np.sqrt(np.arange(1, series.horizon + 1))
        rolling = rolling_volatility(part.returns, part.steps, chosen)[:, None] * growth
        garch = garch_volatility(part.returns, part.steps, series.horizon)
        pieces["truth"].append(part.truth(series.horizon))
        pieces[MODEL].append(_model(raw_run, part, series))
        pieces[ROLLING].append(_normal(rolling, series))
        pieces[DRIFT].append(pieces[ROLLING][-1] + _drift(data, name, series)[:, None])
        pieces[GARCH].append(_normal(garch, series))
    found = {name: np.concatenate(rows) for name, rows in pieces.items()}
    truth = found.pop("truth")
    protocol = (
        f"walk-forward from {len(truth)} days of the {split} part, 1 to {series.horizon} days "
        f"ahead, mean over days and horizons; random walk: volatility of the last "
        f"{', '.join(map(str, days))} days, chosen on validation; GARCH(1,1): refitted every "
        f"{EVERY} days"
    )
    return list(_metrics(series, truth, found, split, protocol))


def crps(quantiles: np.ndarray, truth: np.ndarray, levels: tuple[float, ...]) -> np.ndarray:
    """Mean over levels of twice the quantile loss: (…, levels) and (…) -> (…)."""
    under, shares = truth[..., None] - quantiles, np.array(levels)
    found: np.ndarray = 2 * np.maximum(shares * under, (shares - 1) * under).mean(axis=-1)
    return found


def _origins(name: str, prices: np.ndarray, begin: int, series: PriceBand) -> Origins:
    first = max(begin, series.look_back, max(WINDOWS))
    steps = np.arange(first, len(prices) - series.horizon + 1)
    if not len(steps):
        raise DataError(
            f"The series {name!r} has {len(prices)} days, {len(prices) - begin} of them in the "
            f"part; needed are {max(series.look_back, *WINDOWS)} before and {series.horizon} in it."
        )
    return Origins(prices, steps)


def _window(data: SeriesSet, name: str, series: PriceBand) -> int:
    """Days of the rolling volatility that has the smallest CRPS on the validation part."""
    prices, begin = data.parts("validation")[data.names.index(name)]
    part = _origins(name, prices, begin, series)
    truth, growth = part.truth(series.horizon), np.sqrt(np.arange(1, series.horizon + 1))

    def score(days: int) -> float:
        volatility = rolling_volatility(part.returns, part.steps, days)[:, None] * growth
        return float(crps(_normal(volatility, series), truth, series.quantiles).mean())

    return min(WINDOWS, key=score)


def _drift(data: SeriesSet, name: str, series: PriceBand) -> np.ndarray:
    """Log return to expect 1, 2, … days ahead by the mean of the training part, (horizon,)."""
    prices, begin = data.parts("validation")[data.names.index(name)]
    learned = np.diff(np.log(prices[:begin]))
    found: np.ndarray = learned.mean() * np.arange(1, series.horizon + 1)
    return found


def _model(run: Run, part: Origins, series: PriceBand) -> np.ndarray:
    """The model's quantiles of log returns, float64 (origins, horizon, levels)."""
    before = np.arange(-series.look_back, 0)
    answers = []
    for at in range(0, len(part.steps), BATCH):
        history = part.prices[part.steps[at : at + BATCH, None] + before]
        ahead = run({"history": history})["forecast"]
        answers.append(np.log(ahead) - np.log(history[:, -1])[:, None, None])
    return np.concatenate(answers)


def _normal(volatility: np.ndarray, series: PriceBand) -> np.ndarray:
    """Quantiles of normal returns without drift: (origins, horizon) -> (…, levels)."""
    normal = np.array([NormalDist().inv_cdf(level) for level in series.quantiles])
    found: np.ndarray = volatility[..., None] * normal
    return found


def _metrics(
    series: PriceBand, truth: np.ndarray, found: dict[str, np.ndarray], split: str, protocol: str
) -> Iterator[Metric]:
    scores = {k: 100 * crps(x, truth, series.quantiles).mean(axis=0) for k, x in found.items()}
    means = {name: float(score.mean()) for name, score in scores.items()}
    days = [day for day in SHOWN if day <= series.horizon]
    yield Metric(
        "crps",
        value=means[MODEL],
        unit="%, of log returns",
        direction="lower",
        split=split,
        protocol=f"{protocol}; mean of twice the quantile loss over {len(series.quantiles)} levels",
        seeds=[],
        primary=True,
        baselines={name: means[name] for name in RIVALS},
        details={f"{name}_{d}": float(scores[name][d - 1]) for name in scores for d in days},
    )
    yield Metric(
        "crps_ratio",
        value=means[MODEL] / means[ROLLING],
        unit="of the random walk's",
        direction="lower",
        split=split,
        protocol=protocol,
        seeds=[],
        baselines={name: means[name] / means[ROLLING] for name in (DRIFT, GARCH)},
    )
    yield _direction(series, truth[:, 0], found[MODEL][:, 0], split)
    yield _band(series, truth, found, split, protocol)


def _band(
    series: PriceBand, truth: np.ndarray, found: dict[str, np.ndarray], split: str, protocol: str
) -> Metric:
    """How far the share of outcomes inside the outermost band is from what it should be."""
    answer = found[MODEL]
    inside = _inside(answer, truth)
    nominal = series.quantiles[-1] - series.quantiles[0]
    days = [day for day in SHOWN if day <= series.horizon]
    below = {
        f"below_{level:g}": float((truth < answer[..., place]).mean())
        for place, level in enumerate(series.quantiles)
    }
    covered = {f"coverage_{day}": float(inside[:, day - 1].mean()) for day in days}
    return Metric(
        "band_error",
        value=abs(float(inside.mean()) - nominal),
        unit="share",
        direction="lower",
        split=split,
        protocol=protocol,
        seeds=[],
        baselines={
            name: abs(float(_inside(found[name], truth).mean()) - nominal) for name in RIVALS
        },
        details={"coverage": float(inside.mean()), "nominal": nominal, **covered, **below},
    )


def _inside(answer: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Whether outcomes lie in the outermost band: (…, levels) and (…) -> bool (…)."""
    found: np.ndarray = (answer[..., 0] <= truth) & (truth <= answer[..., -1])
    return found


def _direction(series: PriceBand, truth: np.ndarray, answer: np.ndarray, split: str) -> Metric:
    """How often the sign of the median was right the next day; days without a change are out."""
    moved = truth != 0
    medians = answer[moved, series.quantiles.index(0.5)]
    right = float((np.sign(medians) == np.sign(truth[moved])).mean())
    low, high = _wilson(right, int(moved.sum()))
    up = float((truth[moved] > 0).mean())
    return Metric(
        "direction",
        value=right,
        unit="share",
        direction="higher",
        split=split,
        protocol=f"sign of the next day's median, {int(moved.sum())} days of the {split} part",
        seeds=[],
        baselines={"always_up": up},
        details={"low_95": low, "high_95": high, "said_up": float((medians > 0).mean())},
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % interval of a binomial share (Wilson 1927)."""
    z2 = _NORMAL_95**2 / count
    middle, half = share + z2 / 2, np.sqrt(z2 * (share * (1 - share) + z2 / 4))
    return float((middle - half) / (1 + z2)), float((middle + half) / (1 + z2))
