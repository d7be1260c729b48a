"""Truncated back-propagation through time: each window goes on with the state of the last one."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.errors import DataError
from zoo.training.batches import Batches
from zoo.training.windows import Windows

FRESH = "fresh"  # 1 where a row starts from zero state, else 0


class CarriedStates(keras.Model):  # type: ignore[misc]
    """Trains a network whose states are inputs and outputs, feeding them back from batch to batch.

    Gradients end where a window begins (Williams and Peng 1990); what was remembered goes on. The
    states between two batches are variables that do not learn, so this works on every backend;
    they belong to the training, not to the network. Outside training all states are zeros.

    Args:
        network: In its streaming form, with one output beside the states.
        batch_size: Rows of every training batch.
    """

    def __init__(self, network: keras.Model, batch_size: int) -> None:
        super().__init__()
        self.network = network
        self.sizes = {
            tensor.name: tensor.shape[-1]
            for tensor in network.inputs
            if tensor.name.startswith("state_")
        }
        self.kept = {
            name: self.add_weight(
                shape=(batch_size, size), initializer="zeros", trainable=False, name=name
            )
            for name, size in self.sizes.items()
        }

    def call(self, inputs: dict[str, Any], training: bool = False) -> Any:
        """The network's output for a window.

        Args:
            inputs: The network's own without states, and `fresh` float32 (batch,).
            training: Whether states are carried.
        """
        given = {name: value for name, value in inputs.items() if name != FRESH}
        going_on = 1.0 - inputs[FRESH][:, None]
        for name, size in self.sizes.items():
            before = self.kept[name] if training else ops.zeros((1, size))
            given[name] = going_on * before
        outputs = dict(self.network(given, training=training))
        for name, kept in self.kept.items():
            following = outputs.pop(f"next_{name}")
            if training:
                kept.assign(ops.stop_gradient(following))
        (answer,) = outputs.values()
        return answer


class Streams(Batches):
    """A running text as rows side by side, window after window, so that states can be carried.

    Each epoch the text begins up to a window later, so that windows are cut elsewhere.

    Args:
        codes: int32 (codes,).
        window: Codes of a row of a batch.
        batch_size: Rows; every batch has so many.
        seed: With the epoch it decides where the text begins.
        told: Whether the network also takes the next codes, as `targets`.

    Raises:
        DataError: The text is too short for a window in each row.
    """

    def __init__(
        self, codes: np.ndarray, window: int, batch_size: int, seed: int, told: bool = False
    ) -> None:
        windows = Windows(codes, window, shift=False)
        super().__init__(windows, batch_size, seed)
        self._windows = windows
        self._row = (len(codes) - window) // batch_size  # codes of a row, wherever it begins
        self._told = told
        if len(self) < 1:
            raise DataError(
                f"Received a text of {len(codes)} symbols; {batch_size} rows of windows of "
                f"{window} need at least {(window + 1) * (batch_size + 1)}."
            )

    def __len__(self) -> int:
        return (self._row - 1) // self._windows.length

    def __getitem__(self, position: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        window, codes = self._windows.length, self._windows.codes
        late = int(np.random.default_rng([self.seed, self.epoch]).integers(0, window))
        starts = late + np.arange(self.batch_size) * self._row + position * window
        grid = codes[starts[:, None] + np.arange(window + 1)]
        fresh = np.full(self.batch_size, float(position == 0), np.float32)
        return _inputs(grid[:, :-1], grid[:, 1:], fresh, self._told), grid[:, 1:]


class FreshWindows:
    """Windows as `CarriedStates` takes them, each from zero state; a `Source`.

    Args:
        windows: What is cut.
        told: Whether the network also takes the next codes.
    """

    def __init__(self, windows: Windows, told: bool = False) -> None:
        self._windows = windows
        self._told = told

    def __len__(self) -> int:
        return len(self._windows)

    def take(
        self, indices: np.ndarray, rng: np.random.Generator
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Inputs by name, and the next codes int32 (batch, length)."""
        codes, following = self._windows.take(indices, rng)
        fresh = np.ones(len(codes), np.float32)
        return _inputs(codes, following, fresh, self._told), following


def _inputs(
    codes: np.ndarray, following: np.ndarray, fresh: np.ndarray, told: bool
) -> dict[str, np.ndarray]:
    return {"tokens": codes, FRESH: fresh, **({"targets": following} if told else {})}
