"""What a network hears, frame by frame, under the waveform."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.plots.figure import saved_figure
from zoo.processing.recording import read
from zoo.tasks import Run
from zoo.tasks._events import EventTask

_HIDDEN = 0.1  # a class that is never as likely as that is left out


def save_listening(task: EventTask, run: Run, raw: Any, path: Path) -> None:
    """Draws a recording, the probability of each class at each frame, and the events told.

    Args:
        task: What decides frame by frame.
        run: Its network.
        raw: A path, a file's bytes, or an array at the task's sampling rate.
        path: The PNG to write.

    Raises:
        InputError: The recording cannot be read, or is too long.
        MissingExtraError: matplotlib is not installed.
    """
    rate = task.config.sampling_rate
    waveform, shares = heard(task, run, raw)
    rule = task.rule()
    told = task.told([*rule.found(shares, 0), *rule.at_end(len(shares))]).events
    with saved_figure(path, 9.0, 4.2) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        draw_waveform(above, waveform, rate)
        _draw_shares(below, shares, task.labels, task.config.hop)
        below.set_xlim(0, len(waveform) / rate)
        for event in told:
            for axes in (above, below):
                axes.axvline(event.seconds, color="black", linewidth=0.8, linestyle=":")
            place = (event.seconds, 1.02)
            above.annotate(event.event, place, xycoords=above.get_xaxis_transform(), rotation=30)


def heard(task: EventTask, run: Run, raw: Any) -> tuple[np.ndarray, np.ndarray]:
    """A recording float32 (samples,), and the probabilities of its frames (frames, classes).

    Raises:
        InputError: The recording cannot be read, or is too long.
    """
    waveform = read(raw, task.config.sampling_rate, longest=np.inf)
    outputs = task.decisions.outputs(task.frontend.around(run), waveform)
    return waveform, outputs["probabilities"][0]


def draw_waveform(axes: Any, waveform: np.ndarray, rate: int) -> None:
    """The samples (samples,) over the seconds."""
    axes.plot(np.arange(len(waveform)) / rate, waveform, color="tab:gray", linewidth=0.5)
    axes.set_ylabel("waveform")


def _draw_shares(axes: Any, shares: np.ndarray, labels: Sequence[str], hop: float) -> None:
    """A line a class that is heard at all, where each frame begins."""
    seconds = np.arange(len(shares)) * hop
    for place, label in enumerate(labels):
        if shares[:, place].max(initial=0) >= _HIDDEN:
            axes.plot(seconds, shares[:, place], label=label)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("probability")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), fontsize="small")
