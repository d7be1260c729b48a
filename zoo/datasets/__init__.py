"""Data sets: one reader a file; `load` finds the folder and reads it."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import numpy as np

from zoo.errors import DataError

Rows = TypeVar("Rows", bound=Sequence[Any] | np.ndarray)


def dataset_names() -> list[str]:
    """Names of the data sets that have a reader."""
    names = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))


def cache_folder() -> Path:
    """The user's own data folder: `$XDG_CACHE_HOME/rnn-zoo/data` or `~/.cache/rnn-zoo/data`."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "rnn-zoo" / "data"


def locate(name: str) -> Path:
    """The folder of a data set: under `$RNN_ZOO_DATA` first, then in the user's cache.

    Raises:
        DataError: The name is unknown, or no folder of it is found.
    """
    _reader(name)
    bases = [Path(os.environ["RNN_ZOO_DATA"])] if os.environ.get("RNN_ZOO_DATA") else []
    bases.append(cache_folder())
    for base in bases:
        if (base / name).is_dir():
            return base / name
    raise DataError(
        f"The data set {name!r} is not here: put its files into {bases[0] / name}, "
        "or set RNN_ZOO_DATA to the folder that holds it."
    )


def load(name: str, folder: Path | None = None) -> Any:
    """Reads a data set by name, from `folder` if given, else from where `locate` finds it.

    One that is made of others, or of none where an environment makes it, has a file with their
    names, SOURCES, and a function `join` in place of `read`; a `folder` given holds theirs.

    Raises:
        DataError: The data set is unknown, missing or damaged.
    """
    module = _reader(name)
    if hasattr(module, "SOURCES"):
        return module.join({x: load(x, folder and folder / x) for x in module.SOURCES})
    return module.read(folder if folder is not None else locate(name))


def _reader(name: str) -> ModuleType:
    if name not in dataset_names():
        raise DataError(f"Received the data set {name!r}; known: {', '.join(dataset_names())}.")
    return importlib.import_module(f"{__name__}.{name.replace('-', '_')}")


def few(data: Any) -> Any | None:
    """The fixed small part of a data set whose figures stand on cards too; None where it is small.

    Args:
        data: What a reader gives. One that takes long to score has a method `few`.
    """
    return data.few() if hasattr(data, "few") else None


def spread(rows: Rows, most: int) -> Rows:
    """At most so many of the rows, as evenly spaced as whole steps allow, the first among them."""
    step = -(-len(rows) // most) or 1
    return rows[::step]  # type: ignore[return-value]
