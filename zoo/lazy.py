"""Facades whose public names are imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from zoo.errors import MissingExtraError


def attribute(package: str, homes: Mapping[str, str], name: str) -> Any:
    """Finds a public name of a facade; for its module's `__getattr__` (PEP 562).

    Args:
        package: The facade's name.
        homes: Public name to the module that defines it.
        name: What was asked for.

    Raises:
        AttributeError: The facade has no such name.
        MissingExtraError: Its module needs a package that the light install does not bring.
    """
    if name not in homes:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(homes[name]), name)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("zoo", "export"):
            raise
        raise MissingExtraError("tensorflow", f"{package}.{name}") from None
