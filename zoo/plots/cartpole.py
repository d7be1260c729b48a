"""A policy's run: where the cart is, how the pole leans, and what was done, over time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.plots.figure import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SECONDS = 0.02  # a step of CartPole-v1
_EDGES = {"cart_position": 2.4, "pole_angle": np.radians(12.0)}  # where an episode ends
_SHOWN = {"cart_position": ("cart position in m", 1.0), "pole_angle": ("pole angle in °", 57.29578)}


def draw_run(observations: np.ndarray, actions: np.ndarray, path: Path | None = None) -> Figure:
    """Draws one episode of the cart that balances a pole.

    Args:
        observations: Cart position in m and pole angle in radians, (steps, 2).
        actions: 0 left, 1 right, (steps,).
        path: A PNG to write too.

    Returns:
        A matplotlib figure, which a notebook shows.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = new_figure(8.0, 5.0)
    seconds = _SECONDS * np.arange(len(observations))
    top, middle, bottom = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.4))
    for axes, name, values in zip((top, middle), _EDGES, observations.T, strict=True):
        label, factor = _SHOWN[name]
        axes.plot(seconds, factor * values, linewidth=1)
        for side in (-1, 1):
            axes.axhline(side * factor * _EDGES[name], color="C3", linestyle="--", linewidth=1)
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    top.set_title(f"{len(observations)} steps; beyond the dashed lines an episode ends")
    bottom.step(seconds, np.where(np.asarray(actions) > 0, 1, -1), where="post", linewidth=0.7)
    bottom.set_yticks([-1, 1], ["left", "right"])
    bottom.set_ylim(-1.5, 1.5)
    bottom.set_xlabel("seconds")
    if path is not None:
        save_figure(figure, path)
    return figure
