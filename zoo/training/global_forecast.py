"""How one forecaster learns many series: windows drawn from all of them, each on its own scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import RecipeError
from zoo.model_card import Recipe
from zoo.processing.own_scale import AnySeries, own_scale, scaled
from zoo.processing.series_set import SeriesSet
from zoo.training.batches import Batches, Problem
from zoo.training.options import options_of
from zoo.training.own_series_set import OWN_SPLIT, own_series

__all__ = ["OWN_SPLIT", "AnyWindows", "DrawnWindows", "QuantileLoss", "own_series", "prepare"]


@dataclass(frozen=True)
class AnyWindows:
    """The windows of a part whose targets lie in it.

    Args:
        series: values up to the end of the part, one array a series.
        ends: which series, and where in it the look-back ends: int (windows, 2).
        lengths: look-back and horizon.
    """

    series: Sequence[np.ndarray]
    ends: np.ndarray
    lengths: AnySeries

    def __len__(self) -> int:
        return len(self.ends)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Any, ...]:
        """`history` (batch, look_back), target (batch, horizon), float32, and weights (batch,).

        Target and history are on the scale of the history. A window weighs its deviation over its
        mean size: errors that are large beside the level are those that sMAPE counts.
        """
        return self.at(self.ends[indices])

    def at(self, ends: np.ndarray) -> tuple[Any, ...]:
        """Windows by series and end, int (batch, 2); see `take`."""
        back, ahead = self.lengths.look_back, self.lengths.horizon
        rows = np.stack([self.series[i][end - back : end + ahead] for i, end in ends])
        history, target = rows[:, :back], rows[:, back:]
        centre, spread = own_scale(history)
        level = np.maximum(np.abs(history).mean(axis=1, keepdims=True), 1e-9)
        weights = np.minimum(spread / level, 1.0)[:, 0].astype(np.float32)
        return scaled(history, centre, spread), scaled(target, centre, spread), weights


@dataclass(frozen=True)
class DrawnWindows(AnyWindows):
    """Windows drawn anew each time: a series, all alike likely, then a place in it.

    Args:
        count: how many make an epoch.
    """

    count: int

    def __len__(self) -> int:
        return self.count

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Any, ...]:
        """As `AnyWindows.take`, of as many windows as there are indices."""
        chosen = rng.integers(len(self.series), size=len(indices))
        lengths = np.array([len(self.series[i]) for i in chosen])
        back, ahead = self.lengths.look_back, self.lengths.horizon
        return self.at(np.stack([chosen, rng.integers(back, lengths - ahead + 1)], axis=1))


def prepare(
    recipe: Recipe,
    data: SeriesSet,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Lays the windows; there is nothing to fit.

    Recipe: `[processing]` is that of `zoo.processing.own_scale.AnySeries` without `step`;
    `[training.options]` has `windows` (drawn in an epoch) and `with_validation`, which lets the
    training part go on to the end of the validation part: for the run that ships, after runs
    without it have chosen the settings; its validation loss then tells nothing of unseen steps.
    Where training goes on from a model (`processing` is given), the validation part only validates.

    Raises:
        RecipeError: an option that is unknown or does not fit, a group to hold out, or a series
            that is too short.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; series have no groups to hold out.")
    options = options_of(recipe, ("windows", "with_validation"))
    lengths = AnySeries.from_processing(processing or {**recipe.processing, "step": data.step})
    with_validation = options["with_validation"] and processing is None
    learned = data.parts("validation" if with_validation else "train")
    needed = lengths.look_back + lengths.horizon
    for name, (values, _) in zip(data.names, learned, strict=True):
        if len(values) < needed:
            raise RecipeError(
                f"The series {name!r} has {len(values)} values to learn from; needed are {needed}."
            )
    train = DrawnWindows(
        [values for values, _ in learned], np.zeros((0, 2), int), lengths, int(options["windows"])
    )
    validating = data.parts("validation")
    ends = [(i, end) for i, part in enumerate(validating) for end in window_ends(*part, lengths)]
    validation = AnyWindows([values for values, _ in validating], np.array(ends), lengths)
    size = recipe.training.batch_size
    return Problem(
        processing=lengths.to_processing(),
        arguments={
            "look_back": lengths.look_back,
            "horizon": lengths.horizon,
            "season": lengths.season,
            "cycle": lengths.cycle,
            "quantiles": len(lengths.quantiles),
        },
        train=Batches(train, size, recipe.training.seed),
        validation=Batches(validation, size, shuffle=False),
        loss=QuantileLoss(lengths.quantiles),
    )


def window_ends(values: np.ndarray, begin: int, lengths: AnySeries) -> range:
    """Where look-backs end whose targets lie from `begin` to the end of the values."""
    return range(max(begin, lengths.look_back), len(values) - lengths.horizon + 1)


@keras.saving.register_keras_serializable(package="rnn_zoo")
class QuantileLoss(keras.losses.Loss):  # type: ignore[misc]
    """Twice the pinball loss (Koenker and Bassett 1978), so that the median's part is |error|.

    Args:
        quantiles: levels of the forecast's last axis.
    """

    def __init__(self, quantiles: tuple[float, ...], **kwargs: Any) -> None:
        super().__init__(**{"name": "quantile_loss", **kwargs})
        self.quantiles = tuple(quantiles)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A loss a window, from (batch, horizon) and (batch, horizon, quantiles)."""
        under = ops.expand_dims(y_true, -1) - y_pred
        levels = ops.convert_to_tensor(np.array(self.quantiles, "float32"))
        loss = ops.maximum(levels * under, (levels - 1) * under)
        return 2 * ops.mean(loss, axis=(-2, -1))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {**super().get_config(), "quantiles": self.quantiles}
