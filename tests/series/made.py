"""Small made series and recipes for the tests of this folder."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.model_card import Data, Model, Recipe, Training
from zoo.processing.series import SeriesData, Tables
from zoo.processing.tables import Table

HOUR = 3600


def hourly(rows: int = 260, series: int = 2, seed: int = 0) -> SeriesData:
    """Noisy waves of period 12 with a drift, all above 0, split 60/20/20 %."""
    rng = np.random.default_rng(seed)
    t = np.arange(rows)[:, None]
    waves = np.sin(2 * np.pi * t / 12 + np.arange(series)) + 0.002 * t
    values = np.exp(0.5 * waves + 0.1 * rng.standard_normal((rows, series)))
    times = np.datetime64("2024-01-01", "s") + np.arange(rows) * np.timedelta64(HOUR, "s")
    names = tuple(f"s{i}" for i in range(series))
    borders = (int(rows * 0.6), int(rows * 0.8), rows)
    return SeriesData(Table(times, names, values), "time", ("kW",) * series, HOUR, borders)


def tables(data: SeriesData) -> Tables:
    """A data set with this one table."""
    return Tables({"made": lambda: data})


def recipe(
    processing: dict[str, Any] | None = None,
    arguments: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    **training: Any,
) -> Recipe:
    """A recipe for `tables`."""
    return Recipe(
        format=1,
        title="made",
        description="made",
        domain="series",
        task="forecast",
        license="Apache-2.0",
        source="made",
        streaming=False,
        data=Data("made", "public domain", True, "in time order"),
        processing={
            "table": "made",
            "look_back": 24,
            "horizons": [6, 12],
            "season": 12,
            **(processing or {}),
        },
        model=Model("series.segrnn", {"units": 8, "segment": 6, **(arguments or {})}),
        training=Training(
            **{"seed": 1, "epochs": 2, "batch_size": 32, "learning_rate": 0.01, **training},
            options=options or {"loss": "mae"},
        ),
        targets={"mse": 1.0},
    )
