"""Price band: daily prices in, the distribution of the price on the next trading days out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.processing.price_band import PriceBand
from zoo.tasks.global_forecast import GlobalForecaster

DOMAIN = "series"
INPUTS = {"history": "the last daily returns, over their volatility"}
OUTPUTS = {"forecast": "quantiles of the return from now to each day ahead, over volatility"}


def from_processing(processing: Mapping[str, Any]) -> GlobalForecaster[PriceBand]:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: a key is unknown or missing, or a value does not fit.
    """
    return GlobalForecaster(PriceBand.from_processing(processing))
