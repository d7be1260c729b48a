"""Which pieces of the source a translator looked at while it wrote each piece."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.plots.figure import saved_figure
from zoo.tasks.translation import Translated


def save_alignment(answers: Sequence[Translated], path: Path) -> None:
    """Draws for each translation a map: a row a piece written, a column a piece of the source.

    Args:
        answers: What a task said whose network gives its attention; the best candidate is drawn.
        path: The PNG to write.

    Raises:
        InputError: There is no answer, or one has no attention.
        MissingExtraError: matplotlib is not installed.
    """
    if not answers or not all(answer.candidates[0].attention for answer in answers):
        raise InputError("Received translations without attention; give at least one with it.")
    heights = [len(answer.candidates[0].pieces) + 4 for answer in answers]
    width = max(len(answer.source) for answer in answers)
    with saved_figure(path, 2.0 + 0.26 * width, 0.22 * sum(heights) + 0.6) as figure:
        panels = np.atleast_1d(figure.subplots(len(answers), height_ratios=heights))
        for axes, answer in zip(panels, answers, strict=True):
            best = answer.candidates[0]
            axes.imshow(best.attention, cmap="Blues", vmin=0, vmax=1, aspect="auto")
            axes.set_xticks(range(len(answer.source)), _plain(answer.source), rotation=90)
            axes.set_yticks(range(len(best.pieces)), _plain(best.pieces))
            axes.tick_params(labelsize=7)
            axes.set_title(_plain([answer.text])[0], fontsize="small")


def _plain(pieces: Sequence[str]) -> list[str]:
    """Pieces as they stand, not as formulas."""
    return [piece.replace("$", r"\$") for piece in pieces]
