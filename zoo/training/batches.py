"""Batches that depend on seed, epoch and position only, so that a resumed run sees the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np


class Source(Protocol):
    """Examples by number."""

    def __len__(self) -> int:
        """How many examples there are."""
        ...

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Any, ...]:
        """Inputs, targets and maybe weights of some examples; `rng` is for augmentation."""
        ...


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of a source, in an order drawn anew for each epoch.

    Args:
        source: The examples.
        batch_size: Examples a batch; the last batch may be smaller.
        seed: With the epoch and the batch's position it decides order and augmentation.
        shuffle: Whether to draw an order; otherwise every epoch is the same, first to last.
        lengths: Number of time steps of each example; then a batch holds examples of nearly the
            same length, so that little of it is padding.
    """

    def __init__(
        self,
        source: Source,
        batch_size: int,
        seed: int = 0,
        shuffle: bool = True,
        lengths: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.source = source
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.lengths = lengths
        self.epoch = 0
        self._order: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return math.ceil(len(self.source) / self.batch_size)

    def __getitem__(self, position: int) -> tuple[Any, ...]:
        epoch = self.epoch if self.shuffle else 0
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, self._drawn(np.random.default_rng([self.seed, epoch]))
        order = self._order[1]
        chosen = order[position * self.batch_size : (position + 1) * self.batch_size]
        taken = self.source.take(chosen, np.random.default_rng([self.seed, epoch, position, 1]))
        # Keras takes an axis that is equal in the first two batches for one of fixed size, and a
        # source that makes up texts may bring both to one length.
        if position == 1 and self.lengths is not None:
            widths = _widths(taken[0])
            if widths and widths == _widths(self[0][0]):
                taken = keras.tree.map_structure(_widened, taken)
        return taken

    def _drawn(self, rng: np.random.Generator) -> np.ndarray:
        """The order of one epoch, int (examples,)."""
        order = np.arange(len(self.source))
        if self.shuffle:
            rng.shuffle(order)
        size, over = self.batch_size, len(order) % self.batch_size
        if self.lengths is None or len(order) < 2 * size:
            return order
        order = order[np.argsort(self.lengths[order], kind="stable")]
        # The smaller last batch is of middling lengths: Keras takes the shape of all batches from
        # the first two, so these have to be the longest and the shortest.
        start = int(rng.integers(size, len(order) - size - over + 1))
        rest, order = order[start : start + over], np.delete(order, slice(start, start + over))
        batches = np.split(order, len(order) // size)
        middle = batches[1:-1]
        if self.shuffle:
            rng.shuffle(middle)
        return np.concatenate([batches[-1], batches[0], *middle, rest])


def _widths(inputs: Any) -> list[int]:
    """Time steps of each input that has such an axis."""
    return [array.shape[1] for array in keras.tree.flatten(inputs) if array.ndim > 1]


def _widened(array: np.ndarray) -> np.ndarray:
    """The array with one more step of padding, if it holds codes in time; shares are no codes."""
    pads = [(0, int(axis == 1)) for axis in range(array.ndim)]
    return np.pad(array, pads) if array.ndim > 1 and array.dtype.kind == "i" else array


@dataclass(frozen=True)
class Problem:
    """What a recipe and its data come to: everything that `fit` needs.

    Args:
        processing: The task's fitted, JSON-able configuration.
        arguments: Builder arguments that the data decide.
        train: Training batches.
        validation: Validation batches; their loss chooses the weights.
        loss: A Keras loss.
        metrics: Keras metrics to watch.
        while_learning: Builder arguments for the training alone, such as one output less.
        start: What the first weight of a layer, by its name, starts from.
        learner: Gives the model that is trained in place of the network that it is given, and
            around it.
    """

    processing: dict[str, Any]
    arguments: dict[str, Any]
    train: Batches
    validation: Batches
    loss: Any
    metrics: list[Any] = field(default_factory=list)
    while_learning: dict[str, Any] = field(default_factory=dict)
    start: dict[str, np.ndarray] = field(default_factory=dict)
    learner: Callable[[keras.Model], keras.Model] | None = None
