"""A recording's spectrogram beside what was recognised in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from zoo.plots.figure import saved_figure
from zoo.processing.audio import LogMel
from zoo.tasks.classification import Classification, Label

_SHOWN = 10


def save_spectrogram(task: Classification, raw: Any, answer: Label, path: Path) -> None:
    """Draws the log-mel spectrogram that the network hears and the probabilities it gives.

    Args:
        task: A classifier of recordings.
        raw: The recording: a path, a file's bytes, or an array at the task's sampling rate.
        answer: What the task said of it.
        path: The PNG to write.

    Raises:
        InputError: The recording cannot be read.
        MissingExtraError: matplotlib is not installed.
    """
    config, features = task.config, task.features(raw)
    with saved_figure(path, 8.0, 3.6) as figure:
        picture, bars = figure.subplots(1, 2, width_ratios=(3, 1))
        _draw_features(figure, picture, features, config)
        _draw_answer(bars, answer)


def _draw_features(figure: Any, axes: Any, features: np.ndarray, config: LogMel) -> None:
    seconds = len(features) * config.hop
    image = axes.imshow(
        10 * features.T,
        origin="lower",
        aspect="auto",
        extent=(0, seconds, -0.5, config.mels - 0.5),
        cmap="magma",
    )
    wanted = np.arange(500, config.fmax, 500 if config.fmax < 5000 else 1000)
    axes.set_yticks([config.band_of(hertz) for hertz in wanted], [f"{h:.0f}" for h in wanted])
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")
    figure.colorbar(image, ax=axes, label="level (dB)")


def _draw_answer(axes: Any, answer: Label) -> None:
    ranked = sorted(answer.probabilities.items(), key=lambda item: item[1])[-_SHOWN:]
    names, shares = [name for name, _ in ranked], [share for _, share in ranked]
    colours = ["tab:orange" if name == answer.label else "tab:gray" for name in names]
    axes.barh(names, shares, color=colours)
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability")
    axes.set_title(f"{answer.label} ({answer.probability:.1%})")
