"""Texts whose words are shaded by how much the network looked at them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.plots.figure import saved_figure
from zoo.tasks.text_classification import ExplainedLabel

_WIDTH, _LINE = 92, 0.28


def save_attention(answers: Sequence[ExplainedLabel], path: Path) -> None:
    """Draws the words that were read of each text, line by line, the darker the more weight.

    Args:
        answers: What a task said whose network gives its attention.
        path: The PNG to write.

    Raises:
        InputError: There is no answer.
        MissingExtraError: matplotlib is not installed.
    """
    if not answers:
        raise InputError("Received no answer; give at least one.")
    texts = [_lines(answer) for answer in answers]
    heights = [len(lines) + 2 for lines in texts]
    with saved_figure(path, 8.0, _LINE * sum(heights)) as figure:
        panels = np.atleast_1d(figure.subplots(len(texts), height_ratios=heights))
        for axes, answer, lines in zip(panels, answers, texts, strict=True):
            axes.set_xlim(0, _WIDTH)
            axes.set_ylim(len(lines), -0.5)
            axes.axis("off")
            axes.set_title(f"{answer.label} ({answer.probability:.1%})", fontsize="medium")
            _draw(axes, lines, max(answer.weights))


def _draw(axes: Any, lines: list[list[tuple[str, float]]], most: float) -> None:
    for number, line in enumerate(lines):
        place = 0
        for word, weight in line:
            axes.text(
                place,
                number,
                word.replace("$", r"\$"),
                family="monospace",
                fontsize=7.5,
                va="center",
                bbox={"color": "tab:orange", "alpha": weight / most, "pad": 1, "lw": 0},
            )
            place += len(word) + 1


def _lines(answer: ExplainedLabel) -> list[list[tuple[str, float]]]:
    """Words with their weights, broken into lines."""
    lines: list[list[tuple[str, float]]] = [[]]
    room = _WIDTH
    for word, weight in zip(answer.words, answer.weights, strict=True):
        if len(word) > room and lines[-1]:
            lines.append([])
            room = _WIDTH
        lines[-1].append((word, weight))
        room -= len(word) + 1
    return lines
