"""Builders: functions that return a `keras.Model`, named "domain.function"."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import keras

from zoo.errors import RecipeError


def builder_names() -> list[str]:
    """Names that `build` takes: every public function of the modules of this folder."""
    names = []
    for module in pkgutil.iter_modules(__path__):
        if module.name.startswith("_"):
            continue
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        names += [
            f"{module.name}.{name}"
            for name, value in vars(loaded).items()
            if inspect.isfunction(value)
            and value.__module__ == loaded.__name__
            and not name.startswith("_")
        ]
    return sorted(names)


def build(builder: str, **arguments: Any) -> keras.Model:
    """Builds an untrained model.

    Args:
        builder: Such as "text.language_model"; see `builder_names`.
        **arguments: The builder's own; each builder documents them.

    Raises:
        RecipeError: No such builder, or arguments that it does not take.
    """
    function = _function(builder)
    try:
        inspect.signature(function).bind(**arguments)
    except TypeError as error:
        raise RecipeError(f"{builder}: {error}; it takes {inspect.signature(function)}.") from None
    return function(**arguments)


def has_parts(builder: str) -> bool:
    """Whether a builder also makes the encoder and the step of its model, by `part`.

    Raises:
        RecipeError: No such builder.
    """
    return "part" in inspect.signature(_function(builder)).parameters


def has_states(builder: str) -> bool:
    """Whether a builder also makes a form whose states are inputs and outputs, by `streaming`.

    Raises:
        RecipeError: No such builder.
    """
    return "streaming" in inspect.signature(_function(builder)).parameters


def _function(builder: str) -> Callable[..., keras.Model]:
    if builder not in builder_names():
        raise RecipeError(f"Received the builder {builder!r}; known: {', '.join(builder_names())}.")
    module, name = builder.split(".")
    function: Callable[..., keras.Model] = getattr(
        importlib.import_module(f"{__name__}.{module}"), name
    )
    return function
