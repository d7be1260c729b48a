"""Where in a recording each word of a transcript was heard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zoo.plots.figure import saved_figure
from zoo.plots.listening import draw_waveform, heard
from zoo.tasks import Run
from zoo.tasks.transcription import Transcript, Transcription


def save_alignment(task: Transcription, run: Run, raw: Any, path: Path) -> None:
    """Draws a recording with the words at their times, and what each frame was named.

    Args:
        task: What writes down what is said.
        run: Its network.
        raw: A path, a file's bytes, or an array at the task's sampling rate.
        path: The PNG to write.

    Raises:
        InputError: The recording cannot be read, or is too long.
        MissingExtraError: matplotlib is not installed.
    """
    waveform, shares = heard(task, run, raw)
    answer = task.transcript(shares)
    with saved_figure(path, 9.0, 4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        draw_waveform(above, waveform, task.config.sampling_rate)
        above.set_title(f"{answer.text} ({answer.probability:.1%})", pad=16)
        _shade(above, answer)
        step = task.config.hop
        below.imshow(
            shares.T,
            origin="lower",
            aspect="auto",
            extent=(0, len(shares) * step, -0.5, len(task.labels) - 0.5),
            cmap="Blues",
            vmin=0,
            vmax=1,
        )
        below.set_yticks(range(len(task.labels)), task.labels, fontsize="small")
        below.set_xlabel("time (s)")
        below.set_xlim(0, len(waveform) / task.config.sampling_rate)


def _shade(axes: Any, answer: Transcript) -> None:
    """Each word's stretch of time, and the word above it."""
    for place, word in enumerate(answer.words):
        colour = f"C{place % 2}"
        axes.axvspan(word.start, word.end, color=colour, alpha=0.2, linewidth=0)
        middle = ((word.start + word.end) / 2, 1.02)
        axes.annotate(word.word, middle, xycoords=axes.get_xaxis_transform(), ha="center")
