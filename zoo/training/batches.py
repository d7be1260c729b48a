"""Batches that depend on seed, epoch and position only, so that a resumed run sees the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np


class Source(Protocol):
    """Examples by number."""

    def __len__(self) -> int:
        """How many examples there are."""
        ...

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Any, Any]:
        """Inputs and targets of some examples; `rng` is for augmentation."""
        ...


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Batches of a source, in an order drawn anew for each epoch.

    Args:
        source: The examples.
        batch_size: Examples a batch; the last batch may be smaller.
        seed: With the epoch and the batch's position it decides order and augmentation.
        shuffle: Whether to draw an order; otherwise every epoch is the same, first to last.
    """

    def __init__(
        self, source: Source, batch_size: int, seed: int = 0, shuffle: bool = True
    ) -> None:
        super().__init__()
        self.source = source
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.epoch = 0

    def __len__(self) -> int:
        return math.ceil(len(self.source) / self.batch_size)

    def __getitem__(self, position: int) -> tuple[Any, Any]:
        epoch = self.epoch if self.shuffle else 0
        order = np.arange(len(self.source))
        if self.shuffle:
            np.random.default_rng([self.seed, epoch]).shuffle(order)
        chosen = order[position * self.batch_size : (position + 1) * self.batch_size]
        return self.source.take(chosen, np.random.default_rng([self.seed, epoch, position, 1]))


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
    """

    processing: dict[str, Any]
    arguments: dict[str, Any]
    train: Batches
    validation: Batches
    loss: Any
    metrics: list[Any] = field(default_factory=list)
