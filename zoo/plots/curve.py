"""The training curve: loss on training and validation data over epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from zoo.plots.figure import saved_figure


def save_training_curve(history: Sequence[Mapping[str, float]], path: Path) -> None:
    """Draws `loss` and `val_loss` over epochs and marks the epoch that was kept.

    Args:
        history: One mapping of names to values an epoch.
        path: The PNG to write.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    epochs = range(1, len(history) + 1)
    validation = [row["val_loss"] for row in history]
    best = min(range(len(history)), key=validation.__getitem__)
    with saved_figure(path, 6.0, 3.6) as figure:
        axes = figure.subplots()
        axes.plot(epochs, [row["loss"] for row in history], label="training")
        axes.plot(epochs, validation, label="validation")
        axes.scatter(
            [best + 1],
            [validation[best]],
            color="C1",
            zorder=3,
            label=f"kept: {validation[best]:.4f}",
        )
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.grid(alpha=0.3)
        axes.legend()
