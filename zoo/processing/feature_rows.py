"""Sequences of given features, of unequal lengths, to what a network reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import DataError, RecipeError
from zoo.processing.frontend import Arrays, Tensor
from zoo.processing.labels import check_names

KIND = "features"


@dataclass(frozen=True)
class FeatureRows:
    """Features in their own units to features of zero mean and unit deviation.

    Args:
        names: The features, in the network's order.
        means: Of the training part, one a feature.
        stds: Likewise, above 0.

    Raises:
        RecipeError: Values that do not fit together.
    """

    names: tuple[str, ...]
    means: tuple[float, ...]
    stds: tuple[float, ...]

    def __post_init__(self) -> None:
        numbers = (*self.means, *self.stds)
        sized = len(self.names) == len(self.means) == len(self.stds)
        if not sized or not np.isfinite(numbers).all() or min(self.stds) <= 0:
            raise RecipeError(f"Received {self}; needed is a mean and a deviation for each name.")

    @classmethod
    def fit(cls, sequences: Sequence[np.ndarray], names: Sequence[str]) -> FeatureRows:
        """Means and deviations over all steps of float sequences (time, features).

        Raises:
            DataError: A feature is constant.
        """
        rows = np.concatenate(sequences)
        means, stds = rows.mean(axis=0), rows.std(axis=0)
        for name, std in zip(names, stds, strict=True):
            if not std > 1e-12:
                raise DataError(f"The feature {name!r} is constant in the training part.")
        return cls(tuple(names), tuple(means.tolist()), tuple(stds.tolist()))

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> FeatureRows:
        """Rebuilds the configuration from JSON-able values.

        Raises:
            RecipeError: The kind is another, or a key is unknown or missing.
        """
        wanted = {"kind", "names", "means", "stds"}
        if processing.get("kind") != KIND or set(processing) != wanted:
            raise RecipeError(
                f"Received the processing {sorted(processing)} of kind {processing.get('kind')!r}; "
                f"needed is {sorted(wanted)} of kind {KIND!r}."
            )
        names = check_names(processing["names"], "names")
        return cls(names, tuple(processing["means"]), tuple(processing["stds"]))

    def to_processing(self) -> dict[str, Any]:
        """The configuration as JSON-able values."""
        plain = {"names": list(self.names), "means": list(self.means), "stds": list(self.stds)}
        return {"kind": KIND, **plain}

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The features in their own units."""
        meaning = f"{', '.join(self.names)}; any values after a row's end"
        return (Tensor("values", "float32", self._shape, meaning),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The standardised features."""
        return (Tensor("features", "float32", self._shape, "standardised features"),)

    @property
    def _shape(self) -> tuple[int | str, ...]:
        return ("batch", "time", len(self.names))

    def __call__(self, arrays: Arrays) -> Arrays:
        """`features` float32 (batch, time, features), computed in float64."""
        standardised = (arrays["values"].astype(np.float64) - self.means) / self.stds
        return {"features": standardised.astype(np.float32)}
