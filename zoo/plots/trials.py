"""What a search of settings tried: the loss of each trial over each setting."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from zoo.plots.figure import saved_figure

COLOURS = {"complete": "C0", "stopped": "0.6"}


def save_trials(
    trials: Sequence[tuple[str, float, Mapping[str, Any]]], factors: Collection[str], path: Path
) -> None:
    """Draws one panel of losses a setting, and one of them in their order.

    Args:
        trials: State ("complete", "stopped", "failed"), loss and settings of each.
        factors: Settings that stand on a logarithmic axis.
        path: The PNG to write.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    shown = [(i, *one) for i, one in enumerate(trials) if one[0] in COLOURS and one[1] < math.inf]
    keys = list(dict.fromkeys(key for *_, settings in shown for key in settings))
    with saved_figure(path, 2.6 * (1 + len(keys)), 3.0) as figure:
        panels = figure.subplots(1, 1 + len(keys), sharey=True, squeeze=False)[0]
        for state, colour in COLOURS.items():
            of_state = [one for one in shown if one[1] == state]
            losses = [loss for _, _, loss, _ in of_state]
            panels[0].scatter([one[0] for one in of_state], losses, s=14, color=colour, label=state)
            for axes, key in zip(panels[1:], keys, strict=True):
                axes.scatter([one[3].get(key) for one in of_state], losses, s=14, color=colour)
        panels[0].set_ylabel("validation loss, smallest")
        panels[0].set_xlabel("trial")
        panels[0].legend(fontsize="small")
        for axes, key in zip(panels[1:], keys, strict=True):
            axes.set_xlabel(key.rpartition(".")[2])
            if key in factors:
                axes.set_xscale("log")
                axes.xaxis.set_tick_params(which="minor", labelbottom=False)
        for axes in panels:
            axes.grid(alpha=0.3)
