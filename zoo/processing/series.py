"""Series to standardised windows and back: one configuration for training and production."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from zoo.errors import DataError, InputError, RecipeError
from zoo.processing.gaps import last_rows
from zoo.processing.keys import check_keys
from zoo.processing.tables import Table

TRANSFORMS = ("none", "log")
ERRORS = ("standardised", "raw")


@dataclass(frozen=True, eq=False)
class SeriesData:
    """A table with its units and its split in time.

    Args:
        table: the numbers; NaN where nothing was measured.
        time: name of the time column.
        units: one a series.
        step: seconds from one row to the next.
        borders: rows at which training, validation and test part end; rows after the last are
            not used.
        published_stds: deviations that published results divide the errors of each series by,
            where they are not those of the training part.
    """

    table: Table
    time: str
    units: tuple[str, ...]
    step: int
    borders: tuple[int, int, int]
    published_stds: tuple[float, ...] | None = None

    def rows(self, split: str) -> tuple[int, int]:
        """First row and end of the part "train", "validation" or "test"."""
        starts = dict(zip(("train", "validation", "test"), (0, *self.borders), strict=False))
        ends = dict(zip(starts, self.borders, strict=True))
        if split not in starts:
            raise RecipeError(f"Received the split {split!r}; use one of {', '.join(starts)}.")
        return starts[split], ends[split]


@dataclass(frozen=True, eq=False)
class Tables:
    """A data set of series, by the name of their table; each is read when asked for."""

    readers: Mapping[str, Callable[[], SeriesData]]

    def get(self, name: str) -> SeriesData:
        """One table.

        Raises:
            DataError: it is not there, or damaged.
        """
        if name not in self.readers:
            here = ", ".join(self.readers) or "none"
            raise DataError(f"Received the table {name!r}; here: {here}.")
        return self.readers[name]()


@dataclass(frozen=True)
class SeriesProcessing:
    """How raw values become a network's input, and its output a forecast.

    Args:
        table: which table of the data set.
        time: name of the time column.
        names: the series, in the network's order.
        units: one a series.
        means: of the transformed training values, one a series.
        stds: likewise, above 0.
        transform: "none" or "log" (for values above 0), before standardising.
        look_back: rows that a forecast reads.
        horizons: numbers of steps that errors are reported for; the longest is the forecast's.
        season: steps after which the naive forecast repeats itself.
        step: seconds from one row to the next.
        quantiles: levels in rising order with 0.5 among them; empty for a plain forecast.
        errors: whether errors are reported on "standardised" or "raw" values.

    Raises:
        RecipeError: values that do not fit together.
    """

    table: str
    time: str
    names: tuple[str, ...]
    units: tuple[str, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]
    transform: str
    look_back: int
    horizons: tuple[int, ...]
    season: int
    step: int
    quantiles: tuple[float, ...]
    errors: str

    def __post_init__(self) -> None:
        checks = {
            "names": 0 < len(self.names) == len(set(self.names)),
            "units": len(self.units) == len(self.names),
            "means": len(self.means) == len(self.names) and bool(np.isfinite(self.means).all()),
            "stds": len(self.stds) == len(self.names)
            and all(np.isfinite(std) and std > 0 for std in self.stds),
            "transform": self.transform in TRANSFORMS,
            "look_back": self.look_back > 0,
            "horizons": len(self.horizons) > 0 and min(self.horizons) > 0,
            "season": self.season > 0,
            "step": self.step > 0,
            "quantiles": not self.quantiles
            or (
                list(self.quantiles) == sorted(set(self.quantiles))
                and 0.5 in self.quantiles
                and self.quantiles[0] > 0
                and self.quantiles[-1] < 1
            ),
            "errors": self.errors in ERRORS,
        }
        wrong = [name for name, fits in checks.items() if not fits]
        if wrong:
            raise RecipeError(f"processing: {wrong[0]} cannot be {getattr(self, wrong[0])!r}.")

    @property
    def horizon(self) -> int:
        """Steps of the longest forecast."""
        return max(self.horizons)

    @classmethod
    def fit(cls, data: SeriesData, options: Mapping[str, Any]) -> SeriesProcessing:
        """Fits means and deviations on the training part.

        Args:
            data: the series; the other parts are not looked at.
            options: a recipe's `[processing]`: table, look_back, horizons, season, and maybe
                transform, quantiles, errors.

        Raises:
            InputError: a series that is constant, unmeasured or not above 0 under a logarithm.
            RecipeError: an option that is unknown or missing.
        """
        transform = options.get("transform", "none")
        values = _transformed(data.table.values[: data.borders[0]], transform, data.table.names)
        if not np.isfinite(values).any(axis=0).all():
            raise InputError("A series has no value in the training part; leave it out.")
        means, stds = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        for name, std in zip(data.table.names, stds, strict=True):
            if not std > 1e-12:
                raise InputError(f"The column {name!r} is constant in the training part.")
        defaults = {"transform": "none", "quantiles": [], "errors": "standardised"}
        return cls.from_processing(
            {
                **defaults,
                **options,
                "time": data.time,
                "names": list(data.table.names),
                "units": list(data.units),
                "means": means.tolist(),
                "stds": stds.tolist(),
                "step": data.step,
            }
        )

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> SeriesProcessing:
        """Rebuilds the configuration from JSON-able values.

        Raises:
            RecipeError: a key is unknown or missing, or a value does not fit.
        """
        check_keys(processing, cls)
        known = {field.name: str(field.type) for field in fields(cls)}
        return cls(**{name: _plain(processing[name], kind, name) for name, kind in known.items()})

    def to_processing(self) -> dict[str, Any]:
        """The configuration as JSON-able values."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def standardise(self, values: np.ndarray) -> np.ndarray:
        """Raw values (..., series) to float32 of zero mean and unit deviation in training.

        Raises:
            InputError: a value that is not above 0 under a logarithm.
        """
        transformed = _transformed(values, self.transform, self.names)
        standardised = (transformed - np.array(self.means)) / np.array(self.stds)
        return np.asarray(standardised, dtype=np.float32)

    def check(self, values: np.ndarray) -> None:
        """Checks raw values (..., series) before they are standardised.

        Raises:
            InputError: a value is not above 0 under a logarithm.
        """
        _transformed(values, self.transform, self.names)

    def restore(self, values: np.ndarray, axis: int = -1) -> np.ndarray:
        """Standardised values, whose `axis` is that of the series, in raw units, as float64."""
        shape = [1] * values.ndim
        shape[axis] = len(self.names)
        means, stds = np.reshape(self.means, shape), np.reshape(self.stds, shape)
        restored: np.ndarray = values * stds + means
        return np.exp(restored) if self.transform == "log" else restored

    def window(self, table: Table) -> tuple[Table, int]:
        """The last `look_back` steps of a table, and how many of their cells were filled in.

        Raises:
            InputError: as `zoo.processing.gaps.last_rows`.
        """
        return last_rows(table, self.look_back, self.step)

    def times_ahead(self, last: np.datetime64, horizon: int) -> np.ndarray:
        """datetime64[s] of the `horizon` steps after `last`."""
        return last + np.arange(1, horizon + 1) * np.timedelta64(self.step, "s")


def _transformed(values: np.ndarray, transform: str, names: Sequence[str]) -> np.ndarray:
    if transform != "log":
        return np.asarray(values, dtype=np.float64)
    low = np.argwhere(values <= 0)
    if len(low):
        value, name = values[tuple(low[0])], names[low[0][-1]]
        raise InputError(
            f"Column {name!r}: received {value:g} where values are above 0 (its logarithm is "
            "taken); a 0 that stands for a missing report must be filled in."
        )
    return np.log(np.asarray(values, dtype=np.float64))


def _plain(value: Any, kind: str, name: str) -> Any:
    """A JSON value as the dataclass holds it: str, int, or a tuple of one type."""
    item = {"tuple[str, ...]": str, "tuple[float, ...]": float, "tuple[int, ...]": int}.get(kind)
    try:
        if item is not None and not isinstance(value, str):
            return tuple(_exact(v, item) for v in value)
        return _exact(value, {"str": str, "int": int}[kind])
    except (TypeError, ValueError, KeyError):
        raise RecipeError(f"processing: {name} is {value!r}; needed is {kind}.") from None


def _exact(value: Any, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float) if kind is float else kind):
        raise TypeError
    return kind(value)
