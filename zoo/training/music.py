"""How a model of music learns: pieces in other keys, every next frame a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from zoo.datasets._piano_rolls import PianoRolls
from zoo.errors import DataError, InputError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.notes import PianoRoll
from zoo.training.batches import Batches, Problem
from zoo.training.options import options_of

OPTIONS = ("steps", "transpose")
_LEAST = 3  # pieces of one's own: one part each


class Pieces:
    """Stretches of pieces.

    Args:
        rolls: Each uint8 (frames, keys).
        steps: Frames of a stretch that are predicted; a longer piece gives several, cut anew each
            time, a shorter one is padded.
        transpose: Semitones that a piece may be moved up or down, as far as the keys reach.
        cut: Whether stretches begin anywhere; otherwise one after the other.
    """

    def __init__(
        self, rolls: Sequence[np.ndarray], steps: int, transpose: int = 0, cut: bool = False
    ) -> None:
        self.rolls, self.steps, self.transpose, self.cut = rolls, steps, transpose, cut
        counts = [-(-(len(roll) - 1) // steps) for roll in rolls]
        self._places = [(piece, part) for piece, n in enumerate(counts) for part in range(n)]

    def __len__(self) -> int:
        return len(self._places)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Frames and the frames after them, float32 (batch, steps, keys); NaN after the end."""
        keys = self.rolls[0].shape[1]
        frames = np.zeros((len(indices), self.steps, keys), np.float32)
        following = np.full_like(frames, np.nan)
        for row, index in enumerate(indices):
            piece, part = self._places[index]
            roll, start = self.rolls[piece], part * self.steps
            if self.cut:
                start = int(rng.integers(max(1, len(roll) - self.steps)))
            stretch = self._moved(roll[start : start + self.steps + 1], rng)
            frames[row, : len(stretch) - 1] = stretch[:-1]
            following[row, : len(stretch) - 1] = stretch[1:]
        return frames, following

    def _moved(self, stretch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        used = np.flatnonzero(stretch.any(axis=0))
        if not self.transpose or not len(used):
            return stretch
        low = max(-self.transpose, -int(used[0]))
        high = min(self.transpose, stretch.shape[1] - 1 - int(used[-1]))
        return np.roll(stretch, int(rng.integers(low, high + 1)), axis=1)


def prepare(
    recipe: Recipe,
    data: PianoRolls,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Lays the stretches of the training and the validation part.

    Recipe: `[training.options]` has `steps` and maybe `transpose` (see `Pieces`).

    Raises:
        RecipeError: An option that is unknown or does not fit, or a group to hold out.
    """
    if hold_out is not None:
        raise RecipeError(f"Received hold_out={hold_out!r}; music has no groups to hold out.")
    options = options_of(recipe, OPTIONS)
    steps, transpose = options["steps"], options.get("transpose", 0)
    if steps < 1 or transpose < 0:
        raise RecipeError(f"Received the options {options}; use steps from 1, transpose from 0.")
    keys = PianoRoll.from_processing(processing or recipe.processing)
    size = recipe.training.batch_size
    train = Pieces(data.parts["train"], steps, transpose, cut=True)
    validation = Pieces(data.parts["validation"], steps)
    return Problem(
        processing=keys.to_processing(),
        arguments={"keys": keys.keys},
        train=Batches(train, size, recipe.training.seed),
        validation=Batches(validation, size, shuffle=False),
        loss=FrameLoss(),
    )


@keras.saving.register_keras_serializable(package="rnn_zoo")
class FrameLoss(keras.losses.Loss):  # type: ignore[misc]
    """Negative log-likelihood of a frame in nats, summed over the keys, the mean over frames."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"name": "frame_loss", "reduction": None, **kwargs})

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One loss for the whole batch, from (batch, time, keys); NaN targets are left out."""
        known = ops.isfinite(y_true)
        target = ops.where(known, y_true, 0.0)
        losses = ops.where(known, ops.softplus(y_pred) - target * y_pred, 0.0)
        frames = ops.sum(ops.cast(known[..., 0], losses.dtype))
        return ops.sum(losses) / ops.maximum(frames, 1.0)


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> PianoRolls:
    """Reads a folder of MIDI files: of every five in the order of names one validates.

    Raises:
        DataError: There are too few, or one cannot be read or has notes that are no keys.
        MissingExtraError: mido is not installed.
    """
    keys = PianoRoll.from_processing(processing)
    files = sorted(p for p in path.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    if len(files) < _LEAST:
        raise DataError(f"Received {path} with {len(files)} MIDI files; give at least {_LEAST}.")
    try:
        rolls = [keys.roll(keys.read(file)).astype(np.uint8) for file in files]
    except InputError as error:
        raise DataError(f"Received {path}, which cannot be learned from: {error}") from None
    short = [file for file, roll in zip(files, rolls, strict=True) if len(roll) < 2]
    if short:
        raise DataError(f"{short[0]} has one frame; a piece needs two.")
    validation = [roll for number, roll in enumerate(rolls) if number % 5 == 1]
    train = [roll for number, roll in enumerate(rolls) if number % 5 != 1]
    return PianoRolls({"train": train, "validation": validation, "test": validation})
