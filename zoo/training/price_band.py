"""How a forecaster of prices learns: returns over volatility, later returns the targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.model_card import Recipe
from zoo.processing.price_band import OwnReturns, PriceBand
from zoo.processing.series_set import SeriesSet
from zoo.training.batches import Batches, Problem
from zoo.training.global_forecast import QuantileLoss
from zoo.training.options import options_of
from zoo.training.own_series_set import OWN_SPLIT
from zoo.training.own_series_set import own_prices as own_series

__all__ = ["OWN_SPLIT", "PriceWindows", "own_series", "prepare"]


@dataclass(frozen=True)
class PriceWindows:
    """All windows of a part whose targets lie in it.

    Args:
        prices: up to the end of the part, one array a series.
        ends: which series, and where in it the look-back ends: int (windows, 2).
        series: look-back, horizon and volatility.
    """

    prices: Sequence[np.ndarray]
    ends: np.ndarray
    series: PriceBand

    def __len__(self) -> int:
        return len(self.ends)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Any, ...]:
        """`history` (batch, look_back - 1) and target (batch, horizon), float32.

        The target is the log return from the last price to each day ahead, over volatility; a
        window in which the price did not move has targets of 0.
        """
        back, ahead = self.series.look_back, self.series.horizon
        rows = np.stack([self.prices[i][end - back : end + ahead] for i, end in self.ends[indices]])
        made = OwnReturns(self.series)({"history": rows[:, :back]})
        returns = np.log(rows[:, back:]) - made["centre"]
        spread = made["spread"]
        target = np.divide(returns, spread, out=np.zeros_like(returns), where=spread > 0)
        return made["history"], target.astype(np.float32)


def prepare(
    recipe: Recipe,
    data: SeriesSet,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Lays the windows; there is nothing to fit.

    Recipe: `[processing]` is that of `zoo.processing.price_band.PriceBand`; `[training.options]`
    is empty.

    Raises:
        RecipeError: an option, a group to hold out, or a part without a window.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; series have no groups to hold out.")
    options_of(recipe, ())
    series = PriceBand.from_processing(processing or recipe.processing)
    parts = {split: _windows(data, split, series) for split in ("train", "validation")}
    size = recipe.training.batch_size
    return Problem(
        processing=series.to_processing(),
        arguments={
            "look_back": series.look_back,
            "horizon": series.horizon,
            "levels": list(series.quantiles),
        },
        train=Batches(parts["train"], size, recipe.training.seed),
        validation=Batches(parts["validation"], size, shuffle=False),
        loss=QuantileLoss(series.quantiles),
    )


def _windows(data: SeriesSet, split: str, series: PriceBand) -> PriceWindows:
    parts = data.parts(split)
    ends = [
        (place, end)
        for place, (prices, begin) in enumerate(parts)
        for end in range(max(begin, series.look_back), len(prices) - series.horizon + 1)
    ]
    if not ends:
        raise RecipeError(
            f"The {split} part has no window of {series.look_back} days back and "
            f"{series.horizon} ahead; use more data."
        )
    return PriceWindows([prices for prices, _ in parts], np.array(ends), series)
