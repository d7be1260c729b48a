"""rnn-zoo: pretrained recurrent networks, from raw input to an answer.

Importing this package imports nothing but the standard library; Keras comes in with `load`,
`build`, `train`, `evaluate` and what else trains.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.lazy import attribute

if TYPE_CHECKING:
    from zoo.builders import build as build
    from zoo.catalog import card as card
    from zoo.catalog import list_models as list_models
    from zoo.loading import load as load
    from zoo.measuring import evaluate as evaluate
    from zoo.measuring import evaluate_robustness as evaluate_robustness
    from zoo.repeating import cross_validate as cross_validate
    from zoo.repeating import repeat as repeat
    from zoo.training.api import train as train
    from zoo.training.tuning import tune as tune

_HOMES = {
    "list_models": "zoo.catalog",
    "card": "zoo.catalog",
    "load": "zoo.loading",
    "build": "zoo.builders",
    "train": "zoo.training.api",
    "evaluate": "zoo.measuring",
    "evaluate_robustness": "zoo.measuring",
    "cross_validate": "zoo.repeating",
    "repeat": "zoo.repeating",
    "tune": "zoo.training.tuning",
}
__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    value = attribute("zoo", _HOMES, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
