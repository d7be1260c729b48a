"""Logits to probabilities and to the names that they decide for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.frontend import Arrays, Tensor


@dataclass(frozen=True)
class Labels:
    """The probability of each class and the name of the class decided for, along the last axis.

    The decision is the largest logit, the first one of equal ones. Where there is a threshold, it
    is the second of two classes if its probability is at least that, else the first.

    Args:
        names: One a class.
        source: The output with the logits.
        probabilities: Name of the output with probabilities.
        label: Name of the output with decisions.
        axes: The axes of the logits before the last.
        threshold: Probability of the second of two classes from which on it is the answer.

    Raises:
        RecipeError: There is a threshold for other than two classes, or it is not within 0 and 1.
    """

    names: tuple[str, ...]
    source: str = "logits"
    probabilities: str = "probabilities"
    label: str = "label"
    axes: tuple[str, ...] = ("batch",)
    threshold: float | None = None

    def __post_init__(self) -> None:
        if self.threshold is not None and (len(self.names) != 2 or not 0 < self.threshold < 1):
            raise RecipeError(
                f"Received the threshold {self.threshold} for {len(self.names)} classes; "
                "it is a number between 0 and 1, and for two classes only."
            )

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The logits."""
        return (Tensor(self.source, "float32", self._shape, "one logit a class"),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """Probabilities and labels."""
        rule = "the class of the largest logit"
        if self.threshold is not None:
            first, second = self.names
            rule = f"{second} if its probability is at least {self.threshold:g}, else {first}"
        meaning = f"softmax of {self.source}, one a class in the order of its names"
        return (
            Tensor(self.probabilities, "float32", self._shape, meaning),
            Tensor(self.label, "str", self.axes, rule),
        )

    @property
    def _shape(self) -> tuple[int | str, ...]:
        return (*self.axes, len(self.names))

    def __call__(self, arrays: Arrays) -> Arrays:
        """Probabilities float32 of the logits' shape, and labels of the shape before the last axis.

        NaN among the logits makes all probabilities of its row NaN.
        """
        shares = softmax(arrays[self.source]).astype(np.float32)
        known = {self.source: arrays[self.source], self.probabilities: shares}
        return {self.probabilities: shares, self.label: self.decided(known)}

    def decided(self, arrays: Arrays) -> np.ndarray:
        """The labels that follow from logits and probabilities, without any rounding."""
        if self.threshold is None:
            places = arrays[self.source].argmax(axis=-1)
        else:
            shares = arrays[self.probabilities][..., 1]
            places = (shares >= np.float32(self.threshold)).astype(np.int64)
        return np.asarray(np.array(self.names, object)[places])


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis, float64; NaN where a logit of the row is not finite."""
    scores = logits.astype(np.float64)
    scores[~np.isfinite(scores).all(axis=-1)] = np.nan
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))


def checked(values: np.ndarray) -> np.ndarray:
    """Passes values of a network's answer on.

    Raises:
        InputError: One is not finite.
    """
    if not np.isfinite(values).all():
        raise InputError("The network answered NaN; its file is damaged or of another task.")
    return values


def check_names(names: Any, what: str) -> tuple[str, ...]:
    """Different names, at least one.

    Raises:
        RecipeError: It is empty or repeats a name.
    """
    listed = isinstance(names, (list, tuple))
    if not listed or not names or len(set(names)) != len(names):
        raise RecipeError(f"Received the {what} {names!r}; needed is one name for each.")
    return tuple(str(name) for name in names)
