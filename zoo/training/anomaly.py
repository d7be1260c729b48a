"""How a network learns to expect the next value: first parts of series, and made ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.datasets.nab import Benchmark
from zoo.errors import DataError, InputError
from zoo.evaluation.expectation import border
from zoo.evaluation.nab_scorer import probation
from zoo.model_card import Recipe
from zoo.processing.measurements import OwnMetrics, read_measurements
from zoo.processing.normality import Normality
from zoo.training.batches import Batches, Problem
from zoo.training.made_metrics import made_metric
from zoo.training.options import options_of

_OPTIONS = ("rows", "series", "made")
_LEAST = 100  # values of a user's series


class Normals:
    """Stretches of series as a network reads them, and the value that follows each of theirs.

    A stretch begins anywhere, upside down half of the time, and is scaled from there on; the rest
    are made series, others each time.

    Args:
        settings: How values are scaled.
        series: float64 (rows,) each.
        rows: Values of a stretch, at most.
        count: Stretches an epoch.
        made: Share of them that is made.
    """

    def __init__(
        self,
        settings: Normality,
        series: list[np.ndarray],
        rows: int,
        count: int,
        made: float,
    ) -> None:
        self._settings = settings
        self._series = series
        self._rows = rows
        self._count = count
        self._made = made

    def __len__(self) -> int:
        return self._count

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Scaled values and those that follow, float32 (batch, rows, 1); NaN where none does."""
        return pairs([self._stretch(rng) for _ in indices], self._rows)

    def _stretch(self, rng: np.random.Generator) -> np.ndarray:
        """The scaled values of one stretch, float32 (values,)."""
        if rng.random() < self._made:
            values = made_metric(self._rows, rng)
        else:
            values = self._series[rng.integers(len(self._series))]
            start = rng.integers(max(1, len(values) // 2))
            values = values[start : start + self._rows]
        return self._settings.scaled((values * rng.choice((-1, 1))).tolist())


class Ends:
    """Each series as a network reads it, and of its end the values that follow; always the same.

    Args:
        settings: How values are scaled.
        series: float64 (rows,) each.
        rows: Values of each that are read, the last ones.
    """

    def __init__(self, settings: Normality, series: list[np.ndarray], rows: int) -> None:
        scaled = [settings.scaled(values[-rows:].tolist()) for values in series]
        self._inputs, self._targets = pairs(scaled, rows)
        for targets, values in zip(self._targets, scaled, strict=True):
            targets[: border(len(values)) - 1] = np.nan

    def __len__(self) -> int:
        return len(self._inputs)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """As `Normals.take`."""
        return self._inputs[indices], self._targets[indices]


def pairs(scaled: list[np.ndarray], rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and those that follow, float32 (series, rows, 1).

    Args:
        scaled: float32 (values,) each, at most `rows`; zeros follow the end, and NaN as targets.
        rows: Length of all.
    """
    inputs = np.zeros((len(scaled), rows, 1), np.float32)
    targets = np.full_like(inputs, np.nan)
    for row, values in enumerate(scaled):
        inputs[row, : len(values), 0] = values
        targets[row, : len(values) - 1, 0] = values[1:]
    return inputs, targets


def prepare(
    recipe: Recipe,
    data: Benchmark | OwnMetrics,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Takes the first part of each series of a benchmark, in which nothing is scored.

    No label is looked at. Recipe: `training.options` has `rows` (of a stretch), `series` (stretches
    an epoch) and `made` (share of these that is made).

    Raises:
        DataError: `hold_out` is given: all series have such a part.
        RecipeError: A key is unknown or missing.
    """
    options = options_of(recipe, _OPTIONS)
    if hold_out is not None:
        raise DataError(
            f"Received hold_out={hold_out!r}; leave it out: no row that is scored is learned from."
        )
    settings = Normality.from_processing(processing or recipe.processing)
    series = learned_from(data)
    training = [values[: border(len(values))] for values in series]
    rows, count, made = int(options["rows"]), int(options["series"]), float(options["made"])
    size = recipe.training.batch_size
    return Problem(
        processing=settings.to_processing(),
        arguments={},
        train=Batches(Normals(settings, training, rows, count, made), size, recipe.training.seed),
        validation=Batches(Ends(settings, series, rows), size, shuffle=False),
        loss=LogisticLoss(),
    )


def learned_from(data: Benchmark | OwnMetrics) -> list[np.ndarray]:
    """The values of each series that may be learned from, float64 (rows,)."""
    if isinstance(data, OwnMetrics):
        return list(data.series.values())
    return [one.values[: probation(len(one.values))] for one in data.series.values()]


@keras.saving.register_keras_serializable(package="rnn_zoo")
class LogisticLoss(keras.losses.Loss):  # type: ignore[misc]
    """Negative logarithm of the density of a logistic distribution; unknown targets (NaN) are out.

    The mean over all known targets of a batch, in nats.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"name": "logistic_loss", "reduction": None, **kwargs})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss for the whole batch, from (batch, rows, 1) and (batch, rows, 2)."""
        known = ops.isfinite(y_true[..., 0])
        target = ops.where(known, y_true[..., 0], 0.0)
        location, scale = y_pred[..., 0], y_pred[..., 1]
        off = ops.abs(target - location) / scale
        nats = off + 2 * ops.log1p(ops.exp(-off)) + ops.log(scale)
        weights = ops.cast(known, nats.dtype)
        return ops.sum(weights * nats) / ops.maximum(ops.sum(weights), 1.0)


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> OwnMetrics:
    """Reads a CSV file, or a folder of such, one metric each; the last fifth of each validates.

    Raises:
        DataError: There is no file, one is no metric, or it has fewer than 100 values.
    """
    files = sorted(path.rglob("*.csv")) if path.is_dir() else [path]
    if not files:
        raise DataError(f"Received the folder {path}, which holds no CSV file.")
    series = {}
    for file in files:
        try:
            values = read_measurements(file).values
        except InputError as error:
            raise DataError(f"Received {file}, which cannot be learned from: {error}") from None
        series[str(file)] = values[~np.isnan(values)]
        if len(series[str(file)]) < _LEAST:
            raise DataError(
                f"Received {file} with {len(series[str(file)])} values; needed are {_LEAST}."
            )
    return OwnMetrics(series)
