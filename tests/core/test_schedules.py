"""The learning rate over a training."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import keras
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import RecipeError
from zoo.model_card import Schedule
from zoo.training.schedules import FALLS, LearningRate


def rates(schedule: Schedule, steps: int = 12, warmup: int = 2) -> list[float]:
    made = LearningRate(0.5, steps, warmup, schedule)
    return [float(made(step)) for step in range(steps + 3)]


@pytest.mark.parametrize("warmup", [0, 5])
def test_the_default_is_the_cosine_of_keras(warmup: int) -> None:
    options: dict[str, Any] = {"warmup_target": 0.5, "warmup_steps": warmup} if warmup else {}
    stock = keras.optimizers.schedules.CosineDecay(0.0 if warmup else 0.5, 30 - warmup, **options)
    found = rates(Schedule(), 30, warmup)
    assert found == pytest.approx([float(stock(step)) for step in range(33)], abs=1e-7)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(sorted(FALLS)), st.floats(0.001, 1), st.integers(1, 5))
def test_it_rises_to_the_rate_and_falls_to_what_is_left(
    kind: str, final: float, drops: int
) -> None:
    found = rates(Schedule(kind, final, drops))
    assert found[:3] == pytest.approx([0, 0.25, 0.5])
    assert all(a >= b - 1e-6 for a, b in pairwise(found[2:]))
    assert found[-1] == pytest.approx(0.5 * (1 if kind == "constant" else final), rel=1e-4)


def test_steps_are_equal_falls() -> None:
    found = rates(Schedule("step", 0.01, 2), 9, 0)
    expected = [0.5] * 3 + [0.05] * 3 + [0.005] * 6
    assert found == pytest.approx(expected, rel=1e-4)


def test_it_is_made_again_from_its_configuration() -> None:
    made = LearningRate(0.5, 10, 3, Schedule("linear", 0.1))
    again = LearningRate.from_config(made.get_config())
    assert [float(again(step)) for step in range(12)] == [float(made(step)) for step in range(12)]


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        (Schedule("saw"), "'saw'; use one of cosine"),
        (Schedule("exponential"), "above 0"),
        (Schedule("cosine", 1.5), "0 to 1"),
        (Schedule("step", 0.1, 0), "1 or more"),
    ],
)
def test_what_is_no_schedule_is_refused(schedule: Schedule, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        LearningRate(0.1, 10, 0, schedule)
