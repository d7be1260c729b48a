"""Checks of the JSON-able configurations from which processing is rebuilt."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from zoo.errors import RecipeError


def check_keys(processing: Mapping[str, Any], needed: Set[str]) -> None:
    """Refuses a configuration with other keys than those needed.

    Raises:
        RecipeError: A key is unknown or missing.
    """
    if set(processing) != needed:
        raise RecipeError(
            f"Received the processing keys {sorted(processing)}; needed are {sorted(needed)}."
        )
