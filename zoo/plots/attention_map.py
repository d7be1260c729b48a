"""Which pieces of a text each piece of its translation looked at."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.plots.figure import saved_figure
from zoo.tasks.translation import Translated

_STEP = 0.26
_AROUND = 1.6


def save_attention_map(answers: Sequence[Translated], path: Path) -> None:
    """Draws the attention of best translations: their pieces downwards, those of the source across.

    Args:
        answers: What a task said whose network gives its attention, a panel each.
        path: The PNG to write.

    Raises:
        InputError: There is no answer, or one has no attention.
        MissingExtraError: matplotlib is not installed.
    """
    maps = [np.array(answer.candidates[0].attention) for answer in answers]
    if not maps or not all(weights.size for weights in maps):
        raise InputError("Received translations without attention; give at least one with it.")
    heights = [_AROUND + _STEP * len(weights) for weights in maps]
    width = _AROUND + _STEP * max(weights.shape[1] for weights in maps)
    with saved_figure(path, width, sum(heights)) as figure:
        panels = np.atleast_1d(figure.subplots(len(maps), height_ratios=heights))
        for axes, answer, weights in zip(panels, answers, maps, strict=True):
            pieces = answer.candidates[0].pieces
            axes.imshow(weights, cmap="Blues", vmin=0, vmax=1, aspect="auto")
            axes.set_xticks(range(len(answer.source)), _shown(answer.source), rotation=90)
            axes.set_yticks(range(len(pieces)), _shown(pieces))
            axes.tick_params(labelsize=8)
            axes.xaxis.tick_top()


def _shown(pieces: list[str]) -> list[str]:
    """Pieces with their spaces to be seen, and none read as mathematics."""
    return [piece.replace(" ", "\u00b7").replace("$", r"\$") for piece in pieces]
