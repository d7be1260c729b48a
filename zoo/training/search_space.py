"""What a tuner may change of a recipe: ranges and choices by the keys of `recipe.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from zoo.errors import InputError
from zoo.model_card import Recipe, recipe_from

Value = float | int | str | bool


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole ones where both are.

    Args:
        low: The smallest.
        high: The largest.
        log: Whether equal factors are equally likely, not equal differences.
    """

    low: float
    high: float
    log: bool = False

    @property
    def whole(self) -> bool:
        """Whether the numbers are whole."""
        return isinstance(self.low, int) and isinstance(self.high, int)


Space = dict[str, Range | list[Value]]


def usual_space(recipe: Recipe) -> Space:
    """What is worth trying first: the learning rate, batch size, units and dropout of a recipe."""
    training, arguments = recipe.training, recipe.model.arguments
    size = training.batch_size
    space: Space = {
        "training.learning_rate": Range(
            training.learning_rate / 10, training.learning_rate * 10, log=True
        ),
        "training.batch_size": [max(1, size // 2), size, 2 * size],
    }
    units = arguments.get("units")
    if isinstance(units, int):
        space["model.arguments.units"] = [max(1, units // 2), units, 2 * units]
    if isinstance(arguments.get("dropout"), float | int):
        space["model.arguments.dropout"] = Range(0.0, 0.6)
    return space


def read_space(path: Path, recipe: Recipe) -> Space:
    """Reads a TOML file of keys like `"training.learning_rate"`.

    A value is a list of choices, or a table with low, high and maybe log.

    Raises:
        InputError: The file is missing or no such table, or the recipe has no place for a key.
    """
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"Received {path}, which is no TOML file: {error}.") from None
    return checked_space(told, recipe)


def checked_space(told: Mapping[str, Any], recipe: Recipe) -> Space:
    """A space from plain values; see `read_space`.

    Raises:
        InputError: A value is neither, or the recipe has no place for a key.
    """
    space = {key: _dimension(key, value) for key, value in told.items()}
    if not space:
        raise InputError("The space is empty; name a key of the recipe and what it may be.")
    for key, dimension in space.items():
        changed(recipe, {key: dimension[0] if isinstance(dimension, list) else dimension.low})
    return space


def _dimension(key: str, value: Any) -> Range | list[Value]:
    if isinstance(value, Range):
        return value
    if isinstance(value, list) and value and all(isinstance(v, Value) for v in value):
        return value
    if isinstance(value, Mapping) and {"low", "high"} <= set(value) <= {"low", "high", "log"}:
        found = Range(**value)
        if found.low < found.high and (found.low > 0 or not found.log):
            return found
    raise InputError(
        f"Received {key} = {value!r}; use a list of choices, or a table with low below high and "
        "maybe log = true, which needs low above 0."
    )


def changed(recipe: Recipe, values: Mapping[str, Any]) -> Recipe:
    """A recipe with other values, by keys with dots.

    Raises:
        InputError: The recipe has no such table, or the value is of the wrong type.
    """
    plain = asdict(recipe)
    for key, value in values.items():
        *tables, name = key.split(".")
        place = plain
        for table in tables:
            if not isinstance(place.get(table), dict):
                raise InputError(f"Received the key {key!r}; the recipe has no table {table!r}.")
            place = place[table]
        place[name] = value
    return recipe_from(plain, "the recipe, changed")
