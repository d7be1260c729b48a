"""How a forecaster learns: windows of a standardised series, later values the targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import RecipeError
from zoo.model_card import Recipe
from zoo.processing.series import SeriesData, SeriesProcessing, Tables
from zoo.training.batches import Batches, Problem
from zoo.training.own_series import OWN_SPLIT, own_series

__all__ = ["OWN_SPLIT", "ForecastLoss", "Windows", "own_series", "prepare", "windows"]

LOSSES = ("mae", "mse", "pinball")


@dataclass(frozen=True)
class Windows:
    """Windows of a series; nothing is copied before a batch is taken.

    Args:
        values: float32 (rows, series), standardised, up to the last target; NaN where unknown.
        starts: first row of each window's look-back.
        look_back: rows of an input.
        horizon: rows of a target; rows after the end of `values` are NaN.
        jitter: deviation of the factor by which a training window is stretched about its last
            row, as exp(jitter * normal); 0 leaves windows as they are.
    """

    values: np.ndarray
    starts: np.ndarray
    look_back: int
    horizon: int
    jitter: float = 0.0

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """History (batch, look_back, series) and target (batch, horizon, series), float32."""
        first = self.starts[indices][:, None] + self.look_back
        history = self.values[first + np.arange(-self.look_back, 0)]
        ahead = first + np.arange(self.horizon)
        end = len(self.values)
        target = self.values[np.minimum(ahead, end - 1)]
        target[ahead >= end] = np.nan
        if self.jitter:
            factor = np.exp(self.jitter * rng.standard_normal((len(indices), 1, 1))).astype("f4")
            last = history[:, -1:]
            history, target = last + factor * (history - last), last + factor * (target - last)
        return history, target


def windows(series: SeriesProcessing, data: SeriesData, split: str, jitter: float = 0.0) -> Windows:
    """All windows of a part whose shortest horizon lies in it and whose look-back is complete.

    The look-back of the first ones reaches into the part before.
    """
    begin, end = data.rows(split)
    values = series.standardise(data.table.values[:end])
    begin = max(begin - series.look_back, 0)
    starts = np.arange(begin, end - series.look_back - min(series.horizons) + 1)
    unknown = np.concatenate([[0], np.cumsum(~np.isfinite(values).all(axis=1))])
    starts = starts[unknown[starts + series.look_back] == unknown[starts]]
    if not len(starts):
        raise RecipeError(
            f"The {split} part has {end - begin} rows and no window of {series.look_back} rows "
            f"back and {min(series.horizons)} ahead; use a shorter look_back or more data."
        )
    return Windows(values, starts, series.look_back, series.horizon, jitter)


def prepare(
    recipe: Recipe,
    data: Tables,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Fits the standardisation on the training part and lays the windows.

    Recipe: `[training.options]` has `loss` ("mae", "mse", or "pinball" where the processing has
    quantiles) and maybe `jitter` (see `Windows`).

    Raises:
        RecipeError: an option that is unknown or does not fit, or a group to hold out.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; a series has no groups to hold out.")
    options = dict(recipe.training.options)
    loss, jitter = options.pop("loss"), float(options.pop("jitter", 0.0))
    if options:
        raise RecipeError(f"training.options: received the unknown key {sorted(options)[0]!r}.")
    fitted = dict(recipe.processing)
    part = data.get(processing["table"] if processing else fitted["table"])
    if processing:
        series = SeriesProcessing.from_processing(processing)
    else:
        series = SeriesProcessing.fit(part, fitted)
    if loss not in LOSSES or (loss == "pinball") != bool(series.quantiles):
        raise RecipeError(
            f"training.options.loss: received {loss!r}; use 'pinball' with quantiles, "
            "'mae' or 'mse' without."
        )
    size = recipe.training.batch_size
    validation = windows(series, part, "validation")
    return Problem(
        processing=series.to_processing(),
        arguments={
            "look_back": series.look_back,
            "horizon": series.horizon,
            "channels": len(series.names),
            "quantiles": len(series.quantiles),
        },
        train=Batches(windows(series, part, "train", jitter), size, recipe.training.seed),
        validation=Batches(validation, size, shuffle=False),
        loss=ForecastLoss(loss, series.horizons, series.quantiles),
    )


@keras.saving.register_keras_serializable(package="rnn_zoo")
class ForecastLoss(keras.losses.Loss):  # type: ignore[misc]
    """Mean error over the horizons that are reported, unknown targets (NaN) left out.

    The error of a horizon is the mean over its steps, so a step counts once for every horizon
    that has it, divided by that horizon's length: what is reported is what is learnt.

    Args:
        kind: "mae", "mse", or "pinball" (Koenker and Bassett 1978), twice the usual, so that the
            median's part is the absolute error.
        horizons: numbers of steps.
        quantiles: levels of the forecast's last axis, for "pinball".
    """

    def __init__(
        self, kind: str, horizons: tuple[int, ...], quantiles: tuple[float, ...] = (), **kwargs: Any
    ) -> None:
        super().__init__(**{"name": "forecast_loss", "reduction": None, **kwargs})
        self.kind, self.horizons, self.quantiles = kind, tuple(horizons), tuple(quantiles)
        steps = np.arange(max(horizons))[:, None] < np.array(self.horizons)
        self._weights = (steps / self.horizons).mean(axis=1, keepdims=True).astype("float32")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss for the whole batch, from (batch, horizon, series) and the forecast."""
        known = ops.isfinite(y_true)
        weights = ops.where(known, ops.convert_to_tensor(self._weights), 0.0)
        target = ops.where(known, y_true, 0.0)
        error = self._error(target, y_pred)
        return ops.sum(weights * error) / ops.maximum(ops.sum(weights), 1e-6)

    def _error(self, target: Any, forecast: Any) -> Any:
        if self.kind == "pinball":
            under = ops.expand_dims(target, -1) - forecast
            levels = ops.convert_to_tensor(np.array(self.quantiles, "float32"))
            return 2 * ops.mean(ops.maximum(levels * under, (levels - 1) * under), axis=-1)
        distance = target - forecast
        return ops.abs(distance) if self.kind == "mae" else ops.square(distance)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        config = {"kind": self.kind, "horizons": self.horizons, "quantiles": self.quantiles}
        return {**super().get_config(), **config}
