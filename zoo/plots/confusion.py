"""Which classes a classifier takes for which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.plots.figure import saved_figure


def save_confusion(wanted: Sequence[str], answered: Sequence[str], path: Path) -> None:
    """Draws how often each true class was answered with each class, as shares of the true one.

    Args:
        wanted: The true class of each example.
        answered: The class that was named for it.
        path: The PNG to write.

    Raises:
        InputError: There is no example, or not one answer for each.
        MissingExtraError: matplotlib is not installed.
    """
    if not wanted or len(wanted) != len(answered):
        raise InputError(
            f"Received {len(wanted)} classes and {len(answered)} answers; give one answer for each "
            "of at least one example."
        )
    names = sorted({*wanted, *answered})
    counts = np.zeros((len(names), len(names)), int)
    for one, other in zip(wanted, answered, strict=True):
        counts[names.index(one), names.index(other)] += 1
    size = 2.0 + 0.32 * len(names)
    with saved_figure(path, size + 0.6, size) as figure:
        axes = figure.subplots()
        shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row, column in np.argwhere(counts):
            colour = "white" if shares[row, column] > 0.5 else "black"
            label = str(counts[row, column])
            axes.text(column, row, label, ha="center", va="center", color=colour, fontsize=7)
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=8)
        axes.set_yticks(range(len(names)), names, fontsize=8)
        axes.set_xlabel("answered")
        axes.set_ylabel("true")
        figure.colorbar(image, ax=axes, label="share of the true class")
