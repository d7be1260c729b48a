"""Which pieces of a text each piece of its translation looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.plots.figure import saved_figure
from zoo.tasks.translation import Translated

_STEP = 0.26


def save_attention_map(answer: Translated, path: Path) -> None:
    """Draws the best translation's attention: its pieces downwards, those of the source across.

    Args:
        answer: What a task said whose network gives its attention.
        path: The PNG to write.

    Raises:
        InputError: The answer has no attention.
        MissingExtraError: matplotlib is not installed.
    """
    best = answer.candidates[0]
    if not best.attention:
        raise InputError("Received a translation without attention; its network does not tell it.")
    weights = np.array(best.attention)
    size = 1.6 + _STEP * np.array(weights.shape[::-1])
    with saved_figure(path, float(size[0]), float(size[1])) as figure:
        axes = figure.subplots()
        axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(answer.source)), _shown(answer.source), rotation=90, fontsize=8)
        axes.set_yticks(range(len(best.pieces)), _shown(best.pieces), fontsize=8)
        axes.xaxis.tick_top()


def _shown(pieces: list[str]) -> list[str]:
    """Pieces with their spaces to be seen, and none read as mathematics."""
    return [piece.replace(" ", "\u00b7").replace("$", r"\$") for piece in pieces]
