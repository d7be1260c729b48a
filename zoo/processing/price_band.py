"""Prices to returns on the scale of their recent volatility, and quantiles back to prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Arrays, Frontend, Tensor
from zoo.processing.gaps import last_rows
from zoo.processing.keys import check_keys
from zoo.processing.tables import Table, show_duration, show_time

DAY = 24 * 3600
# A mean daily return below this is rounding of the logarithms: the price did not move.
STILL = 1e-9


@dataclass(frozen=True)
class PriceBand:
    """What a forecaster of prices knows.

    Args:
        look_back: trading days that a forecast reads.
        horizon: trading days ahead.
        decay: factor by which a squared return counts less than the next day's, in (0, 1).
        quantiles: levels in rising order with 0.5 among them.

    Raises:
        RecipeError: values that do not fit together.
    """

    look_back: int
    horizon: int
    decay: float
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        levels = self.quantiles
        checks = {
            "look_back": isinstance(self.look_back, int) and self.look_back > 1,
            "horizon": isinstance(self.horizon, int) and self.horizon > 0,
            "decay": isinstance(self.decay, float) and 0 < self.decay < 1,
            "quantiles": all(isinstance(level, float) and 0 < level < 1 for level in levels)
            and list(levels) == sorted(set(levels))
            and 0.5 in levels,
        }
        wrong = [name for name, fits in checks.items() if not fits]
        if wrong:
            raise RecipeError(f"processing: {wrong[0]} cannot be {getattr(self, wrong[0])!r}.")

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> PriceBand:
        """Rebuilds the configuration from JSON-able values.

        Raises:
            RecipeError: a key is unknown or missing, or a value does not fit.
        """
        check_keys(processing, cls)
        levels = processing["quantiles"]
        if not isinstance(levels, list | tuple):
            raise RecipeError(f"processing: quantiles cannot be {levels!r}; use a list of shares.")
        return cls(**{**processing, "quantiles": tuple(levels)})

    def to_processing(self) -> dict[str, Any]:
        """The configuration as JSON-able values."""
        return {**asdict(self), "quantiles": list(self.quantiles)}

    def weights(self) -> np.ndarray:
        """What each of the window's squared returns counts, float64 (look_back - 1,), sum 1."""
        counts = self.decay ** np.arange(self.look_back - 2, -1, -1.0)
        found: np.ndarray = counts / counts.sum()
        return found

    def frontend(self) -> Frontend:
        """What stands around the network."""
        return Frontend(OwnReturns(self), FromOwnReturns(self))

    def window(self, table: Table) -> tuple[Table, int]:
        """The last `look_back` rows, one a trading day, and how many cells were filled in.

        Raises:
            InputError: too few rows, rows that are not days, too much missing, or a price that is
                not above 0.
        """
        times = table.times
        if times is not None and len(times) > 1:
            usual = int(np.median(np.diff(times[-self.look_back :]).astype(np.int64)))
            if usual != DAY:
                raise InputError(
                    f"Up to {show_time(times[-1])} rows are {show_duration(usual)} apart; needed "
                    "is one row a trading day."
                )
        rows, filled = last_rows(Table(None, table.names, table.values), self.look_back, DAY)
        low = np.argwhere(rows.values <= 0)
        if len(low):
            row, column = low[0]
            raise InputError(
                f"Column {table.names[column]!r}: received {rows.values[row, column]:g} where "
                "prices are above 0; choose the columns of prices, as in columns=close."
            )
        last = None if times is None else times[-self.look_back :]
        return Table(last, table.names, rows.values), filled

    def times_ahead(self, last: np.datetime64, horizon: int) -> np.ndarray:
        """datetime64[s] of the `horizon` weekdays after `last`; holidays are not known."""
        day = last.astype("datetime64[D]")
        ahead = np.busday_offset(day, np.arange(1, horizon + 1), roll="backward")
        return ahead.astype("datetime64[s]")


@dataclass(frozen=True)
class OwnReturns:
    """Prices to daily log returns over the window's volatility.

    The volatility is the root of the exponentially weighted mean of squared returns (RiskMetrics
    1996).

    Args:
        series: Lengths and decay.
    """

    series: PriceBand

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The past prices."""
        meaning = f"the last {self.series.look_back} daily prices, above 0"
        return (Tensor("history", "float64", ("batch", self.series.look_back), meaning),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The returns without their scale, the scale, and where the price stands."""
        shape = ("batch", self.series.look_back - 1)
        return (Tensor("history", "float32", shape, "daily returns over volatility"), *_SCALE)

    def __call__(self, arrays: Arrays) -> Arrays:
        """`history` float32 (batch, look_back - 1); `centre`, `spread` float64 (batch, 1)."""
        logs = np.log(arrays["history"].astype(np.float64))
        returns = np.diff(logs, axis=1)
        spread = np.sqrt(np.square(returns) @ self.series.weights()[:, None])
        spread = np.where(spread > STILL, spread, 0.0)
        scaled = (returns / np.where(spread > 0, spread, 1.0)).astype(np.float32)
        return {"history": scaled, "centre": logs[:, -1:], "spread": spread}


@dataclass(frozen=True)
class FromOwnReturns:
    """Quantiles of the return since the last day, over volatility, to quantiles of the price.

    Args:
        series: Horizon and levels.
    """

    series: PriceBand

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The quantiles on the scale of the window, and that scale."""
        meaning = "cumulated log returns over daily volatility"
        return (Tensor("forecast", "float32", self._shape, meaning), *_SCALE)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The quantiles of the price."""
        levels = ", ".join(f"{level:g}" for level in self.series.quantiles)
        meaning = f"the price 1 to {self.series.horizon} trading days ahead, quantiles {levels}"
        return (Tensor("forecast", "float64", self._shape, meaning, (1.0,)),)

    @property
    def _shape(self) -> tuple[int | str, ...]:
        return ("batch", self.series.horizon, len(self.series.quantiles))

    def __call__(self, arrays: Arrays) -> Arrays:
        """`forecast` float64 (batch, horizon, quantiles), sorted where quantiles cross."""
        centre, spread = arrays["centre"][..., None], arrays["spread"][..., None]
        values = np.sort(arrays["forecast"].astype(np.float64), axis=-1)
        return {"forecast": np.exp(centre + spread * values)}


_SCALE = (
    Tensor("centre", "float64", ("batch", 1), "logarithm of the last price"),
    Tensor("spread", "float64", ("batch", 1), "volatility a day, of log returns"),
)
