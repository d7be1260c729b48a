"""Whether a model still has the figures of its card, on this machine and with this code."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from zoo import datasets
from zoo.errors import RecipeError
from zoo.loading import load
from zoo.measuring import plain_figures, score, score_few
from zoo.model_card import Few

_WHOLE, _FEW, _NAIVE = 2e-3, 1e-2, 1e-3  # relative; one example of a small part may flip


def check(model: str | Path, *, whole: bool = True, data: Any = None) -> list[str]:
    """Measures a model again and compares.

    Args:
        model: An id of the zoo, or the folder of a model.
        whole: Score the whole test part; False scores the fixed small part of the data whose
            figures the card has, where scoring all takes long.
        data: The data set, if not the one of the recipe found by name.

    Returns:
        A sentence for each figure that differs: of the network by more than 0.2 percent, on a small
        part by more than 1; of a baseline by more than 0.1. Empty if none does.

    Raises:
        DataError: The data set is missing.
        RecipeError: The card has no such figures yet.
    """
    pretrained = load(model)
    card = pretrained.card
    data = datasets.load(card.recipe.data.name) if data is None else data
    part = not whole and datasets.few(data) is not None
    if card.measured is None or (part and not card.measured.few.metrics):
        raise RecipeError(
            f"The card of {card.id} has no figures to compare with; run `rnn-zoo evaluate "
            f"{card.id} --write`."
        )
    if part:
        wanted, found = card.measured.few, score_few(pretrained, data)
    else:
        metrics = score(pretrained, pretrained.run, data=data, split="test")
        wanted, found = plain_figures(card.measured.metrics), plain_figures(metrics)
    return differences(wanted, found, _FEW if part else _WHOLE)


def differences(wanted: Few, found: Few, tolerance: float) -> list[str]:
    """A sentence for each figure found that is not as wanted.

    Args:
        wanted: Of a card; it may have more.
        found: Measured again.
        tolerance: Of the network's own figures, relative.
    """
    return [
        *_differences(wanted.metrics, found.metrics, tolerance),
        *_differences(wanted.baselines, found.baselines, _NAIVE),
    ]


def _differences(
    wanted: Mapping[str, float], found: Mapping[str, float], tolerance: float
) -> list[str]:
    return [
        f"{name} is {value:.6g} and stands as {wanted.get(name, math.nan):.6g} on the card."
        for name, value in found.items()
        if not math.isclose(value, wanted.get(name, math.nan), rel_tol=tolerance, abs_tol=1e-9)
    ]
