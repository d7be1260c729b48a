"""Windows of any series on a scale of their own: nothing is known of the series beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.frontend import Arrays, Frontend, Tensor
from zoo.processing.gaps import last_rows
from zoo.processing.keys import check_keys
from zoo.processing.tables import Table

# A deviation below this share of the mean is rounding: the window is constant.
ROUNDING = 1e-9


@dataclass(frozen=True)
class AnySeries:
    """What a forecaster of any series knows: lengths, the distance of rows, and its quantiles.

    Args:
        look_back: rows that a forecast reads.
        horizon: steps ahead.
        season: steps after which a series may repeat itself; errors are scaled by it.
        cycle: steps after which the naive forecast repeats the series, at least `horizon`.
        step: seconds from one row to the next.
        quantiles: levels in rising order with 0.5 among them.

    Raises:
        RecipeError: values that do not fit together.
    """

    look_back: int
    horizon: int
    season: int
    cycle: int
    step: int
    quantiles: tuple[float, ...]

    def __post_init__(self) -> None:
        levels = self.quantiles
        checks = {
            "look_back": self.look_back >= self.cycle,
            "horizon": self.horizon > 0,
            "season": self.season > 0,
            "cycle": self.cycle >= self.horizon,
            "step": self.step > 0,
            "quantiles": list(levels) == sorted(set(levels))
            and 0.5 in levels
            and levels[0] > 0
            and levels[-1] < 1,
        }
        wrong = [name for name, fits in checks.items() if not fits]
        if wrong:
            raise RecipeError(f"processing: {wrong[0]} cannot be {getattr(self, wrong[0])!r}.")

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> AnySeries:
        """Rebuilds the configuration from JSON-able values.

        Raises:
            RecipeError: a key is unknown or missing, or a value does not fit.
        """
        check_keys(processing, cls)
        values = dict(processing)
        levels = values.pop("quantiles")
        for name, value in values.items():
            if isinstance(value, bool) or not isinstance(value, int):
                raise RecipeError(f"processing: {name} cannot be {value!r}; use a whole number.")
        if not isinstance(levels, list | tuple) or not all(isinstance(q, float) for q in levels):
            raise RecipeError(f"processing: quantiles cannot be {levels!r}; use a list of shares.")
        return cls(**values, quantiles=tuple(levels))

    def to_processing(self) -> dict[str, Any]:
        """The configuration as JSON-able values."""
        return {**asdict(self), "quantiles": list(self.quantiles)}

    def frontend(self) -> Frontend:
        """What stands around the network."""
        return Frontend(OwnScale(self), FromOwnScale(self))

    def window(self, table: Table) -> tuple[Table, int]:
        """The last `look_back` steps of a table, and how many of their cells were filled in.

        Raises:
            InputError: as `zoo.processing.gaps.last_rows`.
        """
        return last_rows(table, self.look_back, self.step)

    def times_ahead(self, last: np.datetime64, horizon: int) -> np.ndarray:
        """datetime64[s] of the `horizon` steps after `last`."""
        return last + np.arange(1, horizon + 1) * np.timedelta64(self.step, "s")


def own_scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each row: float64 (rows, steps) -> twice (rows, 1)."""
    centre = values.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.square(values - centre).mean(axis=1, keepdims=True))
    return centre, np.where(spread > ROUNDING * np.abs(centre), spread, 0.0)


def scaled(values: np.ndarray, centre: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Values on a scale of which `centre` is 0 and `spread` 1, float32; 0 without any spread."""
    found: np.ndarray = (values - centre) / np.where(spread > 0, spread, 1.0)
    return found.astype(np.float32)


@dataclass(frozen=True)
class OwnScale:
    """Windows in units to values of zero mean and unit deviation in each window.

    Source: reversible instance normalisation without weights, Kim et al. 2022.

    Args:
        series: Lengths and step.
    """

    series: AnySeries

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The past values in units."""
        meaning = (
            f"the last {self.series.look_back} values of a series, one every "
            f"{self.series.step} s, in units of its own"
        )
        return (Tensor("history", "float64", ("batch", self.series.look_back), meaning),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The window without its scale, and the scale."""
        shape = ("batch", self.series.look_back)
        return (
            Tensor("history", "float32", shape, "values of zero mean and unit deviation"),
            *_SCALE,
        )

    def __call__(self, arrays: Arrays) -> Arrays:
        """`history` float32 (batch, look_back); `centre` and `spread` float64 (batch, 1)."""
        values = arrays["history"].astype(np.float64)
        centre, spread = own_scale(values)
        return {"history": scaled(values, centre, spread), "centre": centre, "spread": spread}


@dataclass(frozen=True)
class FromOwnScale:
    """A network's quantiles in the units of the window, sorted where they cross.

    Sorting never makes them worse: Chernozhukov, Fernández-Val and Galichon 2010.

    Args:
        series: Horizon and levels.
    """

    series: AnySeries

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The forecast on the scale of its window, and that scale."""
        return (Tensor("forecast", "float32", self._shape, "on the window's scale"), *_SCALE)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The forecast in units."""
        levels = ", ".join(f"{level:g}" for level in self.series.quantiles)
        meaning = f"the {self.series.horizon} steps ahead in the units of the history, "
        told = f"{meaning}quantiles {levels}"
        return (Tensor("forecast", "float64", self._shape, told, (1.0,)),)

    @property
    def _shape(self) -> tuple[int | str, ...]:
        return ("batch", self.series.horizon, len(self.series.quantiles))

    def __call__(self, arrays: Arrays) -> Arrays:
        """`forecast` float64 (batch, horizon, quantiles)."""
        centre, spread = arrays["centre"][..., None], arrays["spread"][..., None]
        values = np.sort(arrays["forecast"].astype(np.float64), axis=-1)
        return {"forecast": centre + spread * values}


_SCALE = (
    Tensor("centre", "float64", ("batch", 1), "mean of the window, in units"),
    Tensor("spread", "float64", ("batch", 1), "standard deviation of the window, in units"),
)
