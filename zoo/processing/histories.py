"""Series in their own units to what a network reads, and its forecasts back to those units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.processing.frontend import Arrays, Tensor
from zoo.processing.series import SeriesProcessing

# float32 rounds a value by 6e-8 of it; more than this share of a deviation would be lost.
_LOST = 1e-4


def dtype_of(series: SeriesProcessing) -> str:
    """The type of values in units: "float32", or "float64" where that would round too much."""
    size = 1.0 if series.transform == "log" else np.abs(series.means)
    lost = np.finfo(np.float32).eps / 2 * size / np.array(series.stds)
    return "float64" if np.max(lost) > _LOST else "float32"


@dataclass(frozen=True)
class Standardised:
    """Values in units to values of zero mean and unit deviation.

    Args:
        series: Means, deviations and transform.
    """

    series: SeriesProcessing

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The past values in units."""
        series = self.series
        named = ", ".join(f"{n} [{u}]" for n, u in zip(series.names, series.units, strict=True))
        meaning = f"the last {series.look_back} rows, one every {series.step} s: {named}"
        return (Tensor("history", dtype_of(series), self._shape, meaning),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The standardised values."""
        return (Tensor("history", "float32", self._shape, "standardised values"),)

    @property
    def _shape(self) -> tuple[int | str, ...]:
        return ("batch", self.series.look_back, len(self.series.names))

    def __call__(self, arrays: Arrays) -> Arrays:
        """`history` float32 (batch, look_back, series), computed in float64.

        Raises:
            InputError: A value is not above 0 under a logarithm.
        """
        return {"history": self.series.standardise(arrays["history"])}


@dataclass(frozen=True)
class InUnits:
    """A network's forecast in units; quantiles that cross are sorted, which never makes them worse.

    Chernozhukov, Fernández-Val and Galichon 2010, "Quantile and probability curves without
    crossing".

    Args:
        series: Means, deviations, transform and levels.
    """

    series: SeriesProcessing

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The standardised forecast."""
        return (Tensor("forecast", "float32", self._shape, "standardised values"),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The forecast in units."""
        levels = ", ".join(f"{level:g}" for level in self.series.quantiles)
        meaning = f"the {self.series.horizon} steps ahead in the units of the history"
        meaning += f", quantiles {levels}" if levels else ""
        scale = np.repeat(self.series.stds, max(1, len(self.series.quantiles)))
        # What a logarithm is taken of is restored by its exponential: rounding is relative there.
        sizes = () if self.series.transform == "log" else tuple(scale.tolist())
        return (Tensor("forecast", dtype_of(self.series), self._shape, meaning, sizes),)

    @property
    def _shape(self) -> tuple[int | str, ...]:
        series = self.series
        levels = (len(series.quantiles),) if series.quantiles else ()
        return ("batch", series.horizon, len(series.names), *levels)

    def __call__(self, arrays: Arrays) -> Arrays:
        """`forecast` (batch, horizon, series[, quantiles]), computed in float64."""
        values, levels = arrays["forecast"], bool(self.series.quantiles)
        restored = self.series.restore(values, axis=-2 if levels else -1)
        ordered = np.sort(restored, axis=-1) if levels else restored
        return {"forecast": ordered.astype(dtype_of(self.series))}
