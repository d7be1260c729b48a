"""How far apart two equal answers may be: one tolerance a type, in the scale of the output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

# A float16 is rounded to 1 part in 1024. Never raised to make a model pass.
TOLERANCES = {"float16": 1e-3, "float32": 1e-5, "float64": 1e-10}


@dataclass(frozen=True)
class Allowed:
    """The t and s of |a - b| <= t * (s + |b|), for one output.

    Attributes:
        tolerance: t; 0 where answers must be the same.
        scale: s of each feature, in C order of the last axes. 1 for what a network gives; where
            that is restored to units, one deviation in them, since rounding grows with it.
    """

    tolerance: float
    scale: tuple[float, ...] = (1.0,)

    def around(self, values: np.ndarray, share: float = 1.0) -> np.ndarray:
        """The largest difference from each value, times a share; none from what is infinite."""
        scale = np.resize(np.array(self.scale), values.shape)
        sizes = np.where(np.isfinite(values), np.abs(values.astype(np.float64)), -scale)
        return np.asarray(share * self.tolerance * (scale + sizes))

    def __str__(self) -> str:
        unit = "" if self.scale == (1.0,) else " x a deviation"
        return f"{self.tolerance:g}{unit} + {self.tolerance:g} x |value|"


def facts_of(outputs: Mapping[str, Allowed]) -> dict[str, Any]:
    """What a file tells of it: `tolerance`, and `scale` of the outputs where that is not 1."""
    facts: dict[str, Any] = {"tolerance": {name: one.tolerance for name, one in outputs.items()}}
    scales = {n: list(one.scale) for n, one in outputs.items() if one.scale != (1.0,)}
    return {**facts, "scale": scales} if scales else facts


def read_facts(facts: Mapping[str, Any]) -> dict[str, Allowed]:
    """What `facts_of` told."""
    scales = facts.get("scale", {})
    return {n: Allowed(t, tuple(scales.get(n, (1.0,)))) for n, t in facts["tolerance"].items()}
