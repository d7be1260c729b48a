"""The one way in which this project makes and saves a figure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import MissingExtraError
from zoo.files import replacing


@contextmanager
def saved_figure(path: Path, width: float = 8.0, height: float = 4.0) -> Iterator[Any]:
    """Gives a matplotlib `Figure` and saves it as PNG when the block ends.

    No state is shared and no window opens, so it works in threads and without a screen.

    Args:
        path: The PNG to write.
        width: In inches.
        height: In inches.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("notebooks", "Drawing a picture") from None
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    yield figure
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", metadata={"Software": None})
