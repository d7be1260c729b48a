"""Made metrics: seasonal, noisy, bursting, counted, stuck, and with steps from level to level."""

from __future__ import annotations

import numpy as np

_PERIODS = (24, 48, 96, 144, 288)


def made_metric(rows: int, rng: np.random.Generator) -> np.ndarray:
    """A series such as monitored systems give, without any label.

    Args:
        rows: Number of values.
        rng: Draws all of it.

    Returns:
        float64 (rows,).
    """
    values = _season(rows, rng) * rng.uniform(0.5, 5)
    values += _noise(rows, rng) * 10 ** rng.uniform(-1.5, 0.3)
    if rng.random() < 0.2:
        values += rng.normal(0, 3, 4)[np.sort(rng.integers(0, 4, rows))]
    if rng.random() < 0.4:
        values += (rng.random(rows) < 10 ** rng.uniform(-3, -1)) * rng.exponential(5, rows)
    return _shaped(values, rng)


def _season(rows: int, rng: np.random.Generator) -> np.ndarray:
    """A daily course: none, a sine, on and off, plateaus, or a random walk."""
    steps = np.arange(rows)
    phase = 2 * np.pi * steps / rng.choice(_PERIODS) + rng.uniform(0, 2 * np.pi)
    wave: np.ndarray = np.sin(phase)
    kind = rng.integers(5)
    if kind == 0:
        return np.zeros(rows)
    if kind == 1:
        return wave
    if kind == 2:
        return (wave > rng.uniform(-0.8, 0.8)).astype(float)
    if kind == 3:
        plateaus: np.ndarray = np.clip(3 * wave, -1, 1) + 0.3 * np.sin(2 * phase)
        return plateaus
    walk: np.ndarray = np.cumsum(rng.normal(0, 0.05, rows))
    return walk


def _noise(rows: int, rng: np.random.Generator) -> np.ndarray:
    """Noise of unit deviation, whose values follow each other more or less."""
    kept = rng.uniform(0, 0.98)
    fresh = np.sqrt(1 - kept**2) * rng.normal(size=rows)
    values, last = np.empty(rows), 0.0
    for row, one in enumerate(fresh.tolist()):
        values[row] = last = kept * last + one
    return values


def _shaped(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same with long tails, as counts, mostly zero, or rounded; often as it is."""
    even = values / max(values.std(), 0.1)
    if rng.random() < 0.25:
        values = np.exp(even * rng.uniform(0.3, 1))
    if rng.random() < 0.25:
        values = rng.poisson(np.exp(np.clip(0.7 * even + rng.uniform(-2, 3), -5, 8))).astype(float)
    if rng.random() < 0.2:
        values = np.where(rng.random(len(values)) < 0.9, 0.0, 10 * np.abs(values))
    return np.round(values, 1) if rng.random() < 0.3 else values
