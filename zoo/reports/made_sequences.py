"""Two problems that only memory solves, made on the fly: adding and copying."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from keras import losses, ops

SYMBOLS, RECALLED = 8, 10  # of the copy task: different symbols, and how many are to be kept
_BLANK, _MARKER = 0, SYMBOLS + 1


class Problem(Protocol):
    """A kind of sequences of a length, and what is lost on them."""

    features: int
    outputs: int
    unit: str

    @property
    def steps(self) -> int:
        """Rows of a sequence."""
        ...

    @property
    def chance(self) -> float:
        """The loss of the best answer that remembers nothing."""
        ...

    def make(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows float32 (count, steps, features) and targets."""
        ...

    def loss(self, targets: Any, outputs: Any) -> Any:
        """The loss of each sequence, (batch,)."""
        ...

    def recall(self, targets: Any, outputs: Any) -> Any:
        """The part of the loss that asks for what was read long ago, (batch,)."""
        ...


@dataclass(frozen=True)
class Adding:
    """The sum of two marked numbers, one in each half (Hochreiter and Schmidhuber 1997).

    Rows are a number in [0, 1] and a mark; the last output is the answer. One that is always 1
    has the variance of the sum of two such numbers as its squared error, 1/6.

    Args:
        length: Rows.
    """

    length: int
    features = 2
    outputs = 1
    unit = "mean squared error"

    @property
    def steps(self) -> int:
        """Rows of a sequence."""
        return self.length

    @property
    def chance(self) -> float:
        """The squared error of the answer 1."""
        return 1 / 6

    def make(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows float32 (count, length, 2) and sums float32 (count,)."""
        rows = np.zeros((count, self.length, 2), np.float32)
        rows[..., 0] = rng.random((count, self.length))
        half = self.length // 2
        places = rng.integers(0, half, count), rng.integers(half, self.length, count)
        for place in places:
            rows[np.arange(count), place, 1] = 1
        return rows, (rows[..., 0] * rows[..., 1]).sum(axis=1)

    def loss(self, targets: Any, outputs: Any) -> Any:
        """Squared error of the last output, (batch,)."""
        last = ops.reshape(outputs, (-1, self.length))[:, -1]
        return ops.square(last - ops.reshape(targets, (-1,)))

    recall = loss


@dataclass(frozen=True)
class Copying:
    """Ten symbols of eight, said again `length` steps later (arXiv 1511.06464).

    Rows are one-hot: ten symbols, blanks, a marker, ten blanks; what is answered is blank up to
    the marker, then the ten symbols.

    Args:
        length: Steps between symbol and answer, less the ten.
    """

    length: int
    features = SYMBOLS + 2
    outputs = SYMBOLS + 1
    unit = "nats a step"

    @property
    def steps(self) -> int:
        """Rows of a sequence."""
        return self.length + 2 * RECALLED

    @property
    def chance(self) -> float:
        """Blanks known, every symbol equally likely."""
        return RECALLED * float(np.log(SYMBOLS)) / self.steps

    def make(self, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Rows float32 (count, steps, 10) and codes int32 (count, steps)."""
        symbols = rng.integers(1, SYMBOLS + 1, (count, RECALLED))
        codes = np.full((count, self.steps), _BLANK)
        codes[:, :RECALLED] = symbols
        codes[:, self.length + RECALLED - 1] = _MARKER
        targets = np.full((count, self.steps), _BLANK, np.int32)
        targets[:, -RECALLED:] = symbols
        return np.eye(self.features, dtype=np.float32)[codes], targets

    def loss(self, targets: Any, outputs: Any) -> Any:
        """Mean cross-entropy of all steps, (batch,)."""
        told = losses.sparse_categorical_crossentropy(targets, outputs, from_logits=True)
        return ops.mean(told, axis=-1)

    def recall(self, targets: Any, outputs: Any) -> Any:
        """Mean cross-entropy of the symbols, (batch,)."""
        return self.loss(targets[:, -RECALLED:], outputs[:, -RECALLED:])


PROBLEMS: dict[str, Callable[[int], Problem]] = {"adding": Adding, "copy": Copying}


@dataclass(frozen=True)
class Endless:
    """New sequences whenever some are taken; a `zoo.training.batches.Source`.

    Args:
        problem: Their kind.
        count: How many make an epoch.
    """

    problem: Problem
    count: int

    def __len__(self) -> int:
        return self.count

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """As many sequences as there are indices."""
        return self.problem.make(len(indices), rng)
