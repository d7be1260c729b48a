"""How a figure falls as recordings get worse, one panel a condition, one line a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo.errors import InputError
from zoo.model_card import Robustness
from zoo.plots.figure import saved_figure

_COLUMNS = 4


def save_robustness(models: Mapping[str, Sequence[Robustness]], path: Path) -> None:
    """Draws what cards say of robustness.

    Args:
        models: What was measured of each model, under its name; all under the same conditions.
        path: The PNG to write.

    Raises:
        InputError: There is nothing to draw, or the conditions differ.
        MissingExtraError: matplotlib is not installed.
    """
    names = [[one.condition for one in found] for found in models.values()]
    if not names or not names[0] or any(other != names[0] for other in names):
        raise InputError(
            f"Received models with the conditions {names}; needed are models that were measured "
            "under the same ones (`rnn-zoo evaluate ID --robustness --write`)."
        )
    lines = -(-len(names[0]) // _COLUMNS)
    with saved_figure(path, 3.1 * min(_COLUMNS, len(names[0])), 2.7 * lines) as figure:
        grid = figure.subplots(lines, min(_COLUMNS, len(names[0])), squeeze=False, sharey=True)
        panels = list(grid.flat)
        for place, axes in enumerate(panels):
            if place >= len(names[0]):
                axes.set_axis_off()
                continue
            for model, found in models.items():
                values = found[place].values
                axes.plot(list(values), list(values.values()), marker="o", label=model)
            axes.set_title(found[place].condition.replace("_", " "), fontsize=9)
            axes.set_xlabel(found[place].setting, fontsize=7)
            axes.tick_params(labelsize=7)
            axes.tick_params(axis="x", rotation=45 if len("".join(values)) > 24 else 0)
            axes.grid(alpha=0.3)
        for row in grid:
            row[0].set_ylabel(found[0].metric)
        panels[0].legend(fontsize=7)
