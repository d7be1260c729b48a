"""The one way in which this project makes and saves a figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import MissingExtraError
from zoo.files import replacing

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width: float = 8.0, height: float = 4.0) -> Figure:
    """An empty matplotlib `Figure`, of a width and a height in inches.

    No state is shared and no window opens, so it works in threads and without a screen.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("notebooks", "Drawing a picture") from None
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a figure as PNG, whole or not at all."""
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})


@contextmanager
def saved_figure(path: Path, width: float = 8.0, height: float = 4.0) -> Iterator[Any]:
    """Gives a matplotlib `Figure` and saves it as PNG when the block ends.

    Args:
        path: The PNG to write.
        width: In inches.
        height: In inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = new_figure(width, height)
    yield figure
    save_figure(figure, path)
