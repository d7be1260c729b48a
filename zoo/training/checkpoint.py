"""Checkpoints each epoch, the choice of weights on validation, and resuming to the same result."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import safetensors.numpy

from zoo.errors import DataError
from zoo.files import replacing
from zoo.model_card import Training
from zoo.training.batches import Batches

STATE = "checkpoint.safetensors"
HISTORY = "history.csv"


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """After each epoch: averages the weights, validates them, keeps the best, saves everything.

    What validates and ships is the moving average (Polyak and Juditsky 1992) where the recipe
    asks for one; training itself goes on from the plain weights. All that later epochs depend on
    stands in one file: variables, optimizer, random states, average, best weights, history.

    Args:
        folder: Where checkpoint and history are written.
        training: The recipe's settings.
        train: Training batches; their epoch is set here.
        validation: Validation batches.
    """

    def __init__(
        self, folder: Path, training: Training, train: Batches, validation: Batches
    ) -> None:
        super().__init__()
        self.folder = folder
        self.training = training
        self.train = train
        self.validation = validation
        self.history: list[dict[str, float]] = []
        self.seconds = 0.0
        self._average: list[np.ndarray] = []
        self._best: list[np.ndarray] = []

    @property
    def best_epoch(self) -> int:
        """Number of the epoch with the smallest validation loss, from 0."""
        return int(np.argmin([row["val_loss"] for row in self.history]))

    def resume(self, model: keras.Model) -> int:
        """Puts a compiled model back to where the checkpoint left it.

        Returns:
            The epoch to go on with; 0 where there is no checkpoint.

        Raises:
            DataError: The checkpoint is damaged or of another model.
        """
        path = self.folder / STATE
        if not path.exists():
            return 0
        try:
            arrays = safetensors.numpy.load_file(path)
            with safetensors.safe_open(path, framework="numpy") as file:
                facts = json.loads(file.metadata()["rnn_zoo"])
            model.optimizer.build(model.trainable_variables)
            for group, variables in _groups(model).items():
                for i, variable in enumerate(variables):
                    variable.assign(arrays[f"{group}/{i}"])
            self._average = _numbered(arrays, "average")
            self._best = _numbered(arrays, "best")
        except (KeyError, ValueError, safetensors.SafetensorError) as error:
            raise DataError(
                f"{path} is damaged or of another recipe ({error}): train without --resume."
            ) from None
        self.history, self.seconds = facts["history"], facts["seconds"]
        return len(self.history)

    def exhausted(self) -> bool:
        """Whether validation has not improved for `patience` epochs."""
        return len(self.history) - 1 - self.best_epoch >= self.training.patience

    def restore_best(self) -> None:
        """Gives the model the weights that validated best."""
        self.model.set_weights(self._best)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Tells the batches which epoch it is, and seeds what the checkpoint cannot hold."""
        self.train.epoch = epoch
        # PyTorch's dropout draws from the process's own generator, not from a layer's state.
        keras.utils.set_random_seed(self.training.seed + epoch)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Averages, validates, keeps the best, saves, and stops when it no longer improves."""
        logs = logs if logs is not None else {}
        plain = self.model.get_weights()
        self._average = self._averaged(plain)
        self.model.set_weights(self._average)
        measured = self.model.evaluate(self.validation, verbose=0, return_dict=True)
        self.model.set_weights(plain)
        logs.update({f"val_{name}": float(value) for name, value in measured.items()})
        self.history.append({"epoch": epoch, **{k: float(v) for k, v in logs.items()}})
        if self.best_epoch == len(self.history) - 1:
            self._best = self._average
        self._save()
        if self.exhausted():
            self.model.stop_training = True

    def _averaged(self, plain: list[np.ndarray]) -> list[np.ndarray]:
        # A short memory at first, so that the random start does not linger in the average.
        decay = min(self.training.average, len(self.history) / (len(self.history) + 10))
        if not self._average or decay == 0:
            return plain
        pairs = zip(self._average, plain, strict=True)
        return [(decay * old + (1 - decay) * new).astype(new.dtype) for old, new in pairs]

    def _save(self) -> None:
        groups: dict[str, list[Any]] = {
            **{g: [v.numpy() for v in vs] for g, vs in _groups(self.model).items()},
            "average": self._average,
            "best": self._best,
        }
        arrays = {
            f"{group}/{i}": np.array(value, order="C")
            for group, values in groups.items()
            for i, value in enumerate(values)
        }
        facts = json.dumps({"history": self.history, "seconds": self.seconds})
        with replacing(self.folder / STATE) as temporary:
            safetensors.numpy.save_file(arrays, temporary, metadata={"rnn_zoo": facts})
        with (
            replacing(self.folder / HISTORY) as temporary,
            temporary.open("w", newline="", encoding="utf-8") as file,
        ):
            writer = csv.DictWriter(file, fieldnames=list(self.history[0]))
            writer.writeheader()
            writer.writerows(self.history)


def _groups(model: keras.Model) -> dict[str, list[Any]]:
    return {"model": list(model.variables), "optimizer": list(model.optimizer.variables)}


def _numbered(arrays: dict[str, np.ndarray], group: str) -> list[np.ndarray]:
    count = sum(1 for key in arrays if key.startswith(f"{group}/"))
    return [arrays[f"{group}/{i}"] for i in range(count)]
