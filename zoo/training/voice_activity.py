"""How a network learns whether someone speaks: mixtures made anew for every batch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.errors import DataError
from zoo.evaluation.voice_activity import mixtures
from zoo.model_card import Recipe
from zoo.processing.audio import LogMel
from zoo.processing.mixtures import SpeechMixtures, shares_of_frames
from zoo.processing.recording import read as read_recording
from zoo.tasks.voice_activity import LABELS, from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.bent_frames import Bending, BentFrames
from zoo.training.options import options_of

LEAD = 1.2  # seconds: the longest that is cut off
_VALIDATION = 64
_OPTIONS = ("seconds", "stretches", "decibels", "level", "bend")


class Spoken:
    """Stretches of speech and pauses in noise, others each time they are taken.

    Args:
        mixtures: Draws them.
        config: Features of the network.
        bending: How features are bent.
        count: Stretches an epoch.
        decibels: Lowest and highest level of speech over noise.
        level: Lowest and highest level of a stretch, in dB of full scale.
    """

    def __init__(
        self,
        mixtures: SpeechMixtures,
        config: LogMel,
        bending: Bending,
        count: int,
        decibels: tuple[float, float],
        level: tuple[float, float],
    ) -> None:
        self._mixtures = mixtures
        self._config = config
        self._bent = BentFrames(config, bending)
        self._count = count
        self._decibels = decibels
        self._level = level

    def __len__(self) -> int:
        return self._count

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Features float32 (batch, time, mels) and targets float32 (batch, time, 2).

        A target is the share of the frame that is speech, and what is left of one.
        """
        pairs = [self._stretch(rng) for _ in indices]
        features = self._bent([waveform for waveform, _ in pairs], rng)
        hop, length = self._config.hop_length, self._config.frame_length
        shares = [shares_of_frames(a, hop, length, features.shape[1]) for _, a in pairs]
        spoken = np.asarray(shares, np.float32)
        return features, np.stack([1 - spoken, spoken], axis=-1)

    def _stretch(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """A mixture without its first second or less: a recording may begin within a word."""
        group = int(rng.integers(len(self._mixtures.groups)))
        decibels, level = rng.uniform(*self._decibels), rng.uniform(*self._level)
        waveform, active = self._mixtures.draw(group, decibels, level, rng)
        lead = round(LEAD * self._config.sampling_rate)
        start = int(rng.integers(lead + 1))
        end = start + len(waveform) - lead
        return waveform[start:end], active[start:end]


def prepare(
    recipe: Recipe,
    data: VoicesInNoise,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Chooses the clips that speak clearly and makes the sources of mixtures.

    Recipe: `training.options` has `seconds` and `stretches` (an epoch), `decibels` (speech over
    noise), `level` (of the sum) and the table `bend` (see `zoo.training.bent_frames.Bending`).

    Raises:
        DataError: `hold_out` is given: the speakers of the data are parted once and for all.
        RecipeError: A key is unknown.
    """
    options = options_of(recipe, _OPTIONS)
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; speakers of mixtures are parted already.")
    kept = {**(processing or recipe.processing), "labels": list(LABELS)}
    task = from_processing(kept)
    reach = tuple(options["decibels"]), tuple(options["level"])
    training, validating = (
        Spoken(mixtures(data, part, LEAD + options["seconds"]), task.config, bending, count, *reach)
        for part, bending, count in (
            ("train", Bending.from_dict(options["bend"]), options["stretches"]),
            ("validation", Bending(0, 0, 0, 0), _VALIDATION),
        )
    )
    return Problem(
        processing=kept,
        arguments={"classes": len(LABELS), "features": task.config.mels},
        train=Batches(training, recipe.training.batch_size, recipe.training.seed),
        validation=Batches(validating, _VALIDATION, shuffle=False),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> VoicesInNoise:
    """Reads a folder with sound files in the folders "speech" and "noise".

    Speech is clean, with pauses; every fifth file of it validates. Of each noise the first 70 %
    train, the rest validates.

    Raises:
        DataError: There are fewer than five files of speech or none of noise.
        InputError: A file is no recording.
    """
    rate = int(processing["sampling_rate"])
    files = {
        name: sorted(file for file in (path / name).glob("*") if file.is_file())
        for name in ("speech", "noise")
    }
    if len(files["speech"]) < 5 or not files["noise"]:
        counts = {name: len(found) for name, found in files.items()}
        raise DataError(
            f"Received {path} with {counts} sound files; needed are five of clean speech at least "
            "and one of noise, in folders of these names."
        )
    speech = tuple(read_recording(file, rate) for file in files["speech"])
    noises: dict[str, dict[str, np.ndarray]] = {"train": {}, "validation": {}}
    for file in files["noise"]:
        noise = read_recording(file, rate, longest=np.inf)
        border = max(1, round(0.7 * len(noise)))
        noises["train"][file.name], noises["validation"][file.name] = noise[:border], noise[border:]
    count = len(speech)
    return VoicesInNoise(
        waveforms=speech,
        words=np.full(count, ""),
        sources=np.full(count, "speech"),
        speakers=np.full(count, ""),
        splits=np.where(np.arange(count) % 5 == 0, "validation", "train"),
        noises=noises,
        sampling_rate=rate,
        commands_of="",
    )
