"""How much the loss depends on each step's state, over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.plots.figure import saved_figure

_FLOOR = 1e-12  # what is less is not drawn


@dataclass(frozen=True)
class Panel:
    """Lines that belong beside each other.

    Args:
        title: What they have in common.
        lines: Label to the length of the gradient at some steps.
        places: Label to those steps; left out, every one from the first.
    """

    title: str
    lines: Mapping[str, Sequence[float]]
    places: Mapping[str, Sequence[int]]


def save_gradient_flow(panels: Sequence[Panel], path: Path, columns: int = 1) -> None:
    """Draws the length of the gradient by h_t over t, on a logarithmic axis; c_t is dotted.

    Args:
        panels: Row by row.
        path: The PNG to write.
        columns: Panels in a row.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    rows = -(-len(panels) // columns)
    with saved_figure(path, 5.5 * columns, 2.7 * rows) as figure:
        grid = figure.subplots(rows, columns, squeeze=False, sharey="row")
        for axes, panel in zip(grid.flat, panels, strict=False):
            _draw(axes, panel)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)


def _draw(axes: Any, panel: Panel) -> None:
    colours: dict[str, str] = {}
    for label, values in panel.lines.items():
        name, _, part = label.rpartition(".")
        colour = colours.setdefault(name, f"C{len(colours)}")
        steps = panel.places.get(label, range(len(values)))
        style = ":" if part == "c" else "-"
        shown = None if part == "c" else name or label
        drawn = np.where(np.asarray(values) > _FLOOR, values, np.nan)
        axes.semilogy(steps, drawn, style, color=colour, label=shown, linewidth=1.2)
    axes.set_title(panel.title, fontsize="medium")
    axes.set_xlabel("time step t")
    dotted = any(label.endswith(".c") for label in panel.lines)
    axes.set_ylabel("‖∂loss/∂h_t‖" + ("\ndotted: by c_t" if dotted else ""))
    axes.grid(alpha=0.3)
    axes.legend(fontsize="x-small", ncols=2)
