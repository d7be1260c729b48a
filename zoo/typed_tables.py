"""Tables as TOML has them to dataclasses, every key and type checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from zoo.errors import RecipeError

T = TypeVar("T")


def typed(kind: type[T], table: Any, where: str) -> T:
    """Builds a dataclass from a table, refusing unknown, missing and mistyped keys.

    Args:
        kind: A dataclass whose fields are plain, dataclasses, or lists of such.
        table: What was read.
        where: It stood there; the message begins with it.

    Raises:
        RecipeError: A key is missing, unknown or of the wrong type.
    """
    if not isinstance(table, Mapping):
        raise RecipeError(f"{where}: received {table!r} where a table is needed.")
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise RecipeError(
            f"{where}: received the unknown key {unknown[0]!r}; known: {list(known)}."
        )
    missing = [
        name
        for name, f in known.items()
        if name not in table and f.default is MISSING and f.default_factory is MISSING
    ]
    if missing:
        raise RecipeError(f"{where}: the key {missing[0]!r} is missing.")
    hints = get_type_hints(kind)
    return kind(**{n: typed_value(hints[n], v, f"{where}: {n}") for n, v in table.items()})


def typed_value(hint: Any, value: Any, where: str) -> Any:
    """One value of a table; a whole number serves as a float.

    Raises:
        RecipeError: It is of the wrong type.
    """
    if isinstance(hint, type) and is_dataclass(hint):
        return typed(hint, value, where)
    if get_origin(hint) is list and is_dataclass(get_args(hint)[0]) and isinstance(value, list):
        return [typed(get_args(hint)[0], item, where) for item in value]
    plain = getattr(hint, "__origin__", hint)
    if plain is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, plain) or (plain is int and isinstance(value, bool)):
        raise RecipeError(f"{where}: received {value!r}; needed is a value of {plain.__name__}.")
    return value
