"""A text whose words are shaded by how much the network looked at them."""

from __future__ import annotations

from pathlib import Path

from zoo.plots.figure import saved_figure
from zoo.tasks.text_classification import ExplainedLabel

_WIDTH, _LINE = 92, 0.28


def save_attention(answer: ExplainedLabel, path: Path) -> None:
    """Draws the words that were read, line by line, the darker the more weight.

    Args:
        answer: What a task said whose network gives its attention.
        path: The PNG to write.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    lines = _lines(answer)
    most = max(answer.weights)
    with saved_figure(path, 8.0, _LINE * (len(lines) + 2)) as figure:
        axes = figure.subplots()
        axes.set_xlim(0, _WIDTH)
        axes.set_ylim(len(lines), -0.5)
        axes.axis("off")
        axes.set_title(f"{answer.label} ({answer.probability:.1%})", fontsize="medium")
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
