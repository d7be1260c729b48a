"""What a voice says: waveforms over their log-mel frames, with the digits where they are said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from zoo.plots.figure import saved_figure
from zoo.processing.audio import LogMel
from zoo.tasks.digit_speech import Speech


def save_speech(config: LogMel, speeches: Sequence[Speech], path: Path) -> None:
    """Draws a row for each text.

    Args:
        config: What the frames are of.
        speeches: Answers of the task, one or more.
        path: The PNG to write.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    hertz = np.array([500, 1000, 2000, 3000])
    with saved_figure(path, 9.0, 2.4 * len(speeches)) as figure:
        rows = figure.subplots(len(speeches), 1, squeeze=False)[:, 0]
        for axes, speech in zip(rows, speeches, strict=True):
            extent = (0, speech.seconds, -0.5, config.mels - 0.5)
            axes.imshow(
                10 * speech.log_mel.T, origin="lower", aspect="auto", extent=extent, cmap="magma"
            )
            seconds = np.arange(len(speech.waveform)) / speech.sampling_rate
            peak = max(float(np.abs(speech.waveform).max(initial=0)), 1e-6)
            drawn = config.mels * (1.1 + 0.1 * speech.waveform / peak)
            axes.plot(seconds, drawn, color="tab:blue", linewidth=0.3)
            axes.set_ylim(-0.5, 1.2 * config.mels)
            for digit in speech.digits:
                middle = (digit.start + digit.end) / 2
                axes.text(middle, config.mels - 2, digit.digit, ha="center", va="top", color="w")
            axes.set_yticks([config.band_of(one) for one in hertz], [str(one) for one in hertz])
            axes.set_ylabel("frequency (Hz)")
            axes.set_title(f"{speech.text} by {speech.speaker}", fontsize=9)
        rows[-1].set_xlabel("time (s)")
