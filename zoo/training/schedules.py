"""How the learning rate moves over a training: warm-up, then one of a few falls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import keras
from keras import ops

from zoo.errors import RecipeError
from zoo.model_card import Schedule, Training

Fall = Callable[[Any, Schedule], Any]


def _cosine(passed: Any, schedule: Schedule) -> Any:
    """Half a wave, arXiv 1608.03983."""
    wave = 0.5 * (1.0 + ops.cos(3.141592653589793 * passed))
    return schedule.final + (1.0 - schedule.final) * wave


def _linear(passed: Any, schedule: Schedule) -> Any:
    return 1.0 + (schedule.final - 1.0) * passed


def _exponential(passed: Any, schedule: Schedule) -> Any:
    return ops.power(schedule.final, passed)


def _step(passed: Any, schedule: Schedule) -> Any:
    """Equal falls, after equal parts of the training."""
    fallen = ops.minimum(ops.floor(passed * (schedule.drops + 1)), schedule.drops)
    return ops.power(schedule.final, fallen / schedule.drops)


def _constant(passed: Any, schedule: Schedule) -> Any:
    return ops.ones_like(passed)


FALLS: dict[str, Fall] = {
    "cosine": _cosine,
    "linear": _linear,
    "exponential": _exponential,
    "step": _step,
    "constant": _constant,
}


@keras.saving.register_keras_serializable("rnn_zoo")
class LearningRate(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """A learning rate that rises linearly from 0, then falls.

    Args:
        rate: The highest, at the end of the warm-up.
        steps: Batches in all.
        warmup: Batches of the rise; 0 starts at the highest.
        schedule: The fall.

    Raises:
        RecipeError: The schedule is unknown, or its numbers do not fit it.
    """

    def __init__(self, rate: float, steps: int, warmup: int, schedule: Schedule) -> None:
        super().__init__()
        _check(schedule)
        self.rate = rate
        self.steps = steps
        self.warmup = warmup
        self.schedule = schedule

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step, counted from 0."""
        step = ops.cast(step, "float32")
        falling = max(1, self.steps - self.warmup)
        passed = ops.clip((step - self.warmup) / falling, 0.0, 1.0)
        share = FALLS[self.schedule.kind](passed, self.schedule)
        return self.rate * ops.where(step < self.warmup, step / max(1, self.warmup), share)

    def get_config(self) -> dict[str, Any]:
        """What makes it again, JSON-able."""
        sizes = {"rate": self.rate, "steps": self.steps, "warmup": self.warmup}
        return {**sizes, "schedule": asdict(self.schedule)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRate:
        """Makes it again."""
        return cls(**{**config, "schedule": Schedule(**config["schedule"])})


def learning_rate(training: Training, batches: int) -> LearningRate:
    """The schedule of a recipe.

    Args:
        training: The recipe's settings.
        batches: Of an epoch.

    Raises:
        RecipeError: The schedule is unknown, or its numbers do not fit it.
    """
    steps, warmup = training.epochs * batches, round(training.warmup_epochs * batches)
    return LearningRate(training.learning_rate, steps, warmup, training.schedule)


def _check(schedule: Schedule) -> None:
    if schedule.kind not in FALLS:
        raise RecipeError(
            f"Received the schedule {schedule.kind!r}; use one of {', '.join(FALLS)}."
        )
    least = 1e-12 if schedule.kind in ("exponential", "step") else 0.0
    if not least <= schedule.final <= 1 or schedule.drops < 1:
        raise RecipeError(
            f"Received {schedule}; final is the share of the learning rate that is left at the "
            "end, 0 to 1 (exponential, step: above 0), and drops is 1 or more."
        )
