"""A piano roll: what was given, and how it goes on."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.plots.figure import new_figure, save_figure
from zoo.processing.notes import Frames, note_name
from zoo.tasks.music import Tune

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_piano_roll(tune: Tune, path: Path | None = None) -> Figure:
    """Draws each note as a bar over the quarter notes.

    Args:
        tune: What a model of music answered.
        path: A PNG to write too.

    Returns:
        The figure.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = new_figure(9.0, 3.6)
    axes = figure.subplots()
    quarter, start = tune.frames_per_quarter, len(tune.prompt)
    parts = (("given", "0.45", 0, tune.prompt), ("written", "C0", start, tune.frames))
    for label, colour, first, frames in parts:
        bars = held_notes(frames)
        axes.barh(
            [note for note, _, _ in bars],
            [length / quarter for _, _, length in bars],
            left=[(first + begin) / quarter for _, begin, _ in bars],
            height=0.8,
            color=colour,
            edgecolor="white",
            linewidth=0.5,
            label=label,
        )
    axes.axvline(start / quarter, color="0.2", linewidth=0.8, linestyle=":")
    low, high = axes.get_ylim()
    octaves = [note for note in range(0, 128, 12) if low <= note <= high]
    axes.set_yticks(octaves, [note_name(note) for note in octaves])
    axes.set_xlabel("quarter notes")
    axes.set_xlim(0, (start + len(tune.frames)) / quarter)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper right", fontsize="small")
    if path is not None:
        save_figure(figure, path)
    return figure


def held_notes(frames: Frames) -> list[tuple[int, int, int]]:
    """Number, first frame and frames of each note; one in successive frames is held."""
    begun, found = dict[int, int](), []
    sounding = [set(), *map(set, frames), set()]
    for place, (before, now) in enumerate(pairwise(sounding)):
        for note in sorted(before - now):
            found.append((note, begun[note], place - begun.pop(note)))
        begun |= dict.fromkeys(now - before, place)
    return found
