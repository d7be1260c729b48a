"""The keys of a configuration that comes from a recipe or a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from zoo.errors import RecipeError


def check_keys(processing: Mapping[str, Any], kind: type[Any]) -> None:
    """Checks that a configuration has the fields of a dataclass and no others.

    Raises:
        RecipeError: a key is unknown or missing.
    """
    known = [field.name for field in fields(kind)]
    odd = sorted(set(processing) ^ set(known))
    if odd:
        state = "unknown" if odd[0] in processing else "missing"
        raise RecipeError(f"processing: the key {odd[0]!r} is {state}; known: {known}.")
