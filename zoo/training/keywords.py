"""How a network learns command words in a stream: words, other speech and noise on a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.errors import DataError
from zoo.model_card import Recipe
from zoo.processing.activity import STEP, speaking
from zoo.processing.audio import LogMel
from zoo.processing.mixtures import NoiseMaker, Placed, at_level, laid_out
from zoo.processing.recording import read as read_recording
from zoo.tasks.keywords import OTHERS, from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.bent_frames import Bending, BentFrames
from zoo.training.options import options_of

_VALIDATION = 256  # stretches
_PAUSES = (0.1, 0.7)  # seconds
_MARGIN = 0.06  # seconds kept before and after the speech of a clip
_KNOWN = 0.6  # share of a word after which it may be told
_AFTER = 0.24  # seconds after its end in which it is told
_UNSURE = 0.12  # seconds after that in which nothing is asked
_LONGEST = 1.5  # seconds of a sentence that are taken
_OPTIONS = (
    "seconds",
    "stretches",
    "words",
    "noisy",
    "made_noise",
    "decibels",
    "level",
    "speed",
    "label_smoothing",
    "bend",
)
OTHER = OTHERS[0]  # the folder of a user's own clips that are no command


class Clips:
    """Clips without the silence around them, drawn at random: words in equal parts.

    Args:
        data: The clips of one part.
        commands: The command words.
        words: Share of the draws that are commands, where there is other speech too.
        speed: Each clip is played faster or slower by up to this share.
    """

    def __init__(
        self, data: VoicesInNoise, commands: Sequence[str], words: float, speed: float
    ) -> None:
        self._rate = data.sampling_rate
        self._waveforms = [_trimmed(waveform, self._rate) for waveform in data.waveforms]
        self._words = words
        self._speed = np.log1p(speed)
        names = data.words.tolist()
        self.labels = [commands.index(x) if x in commands else len(commands) for x in names]
        label = np.array(self.labels)
        self._commands = [np.flatnonzero(label == place) for place in range(len(commands))]
        # Sources of other speech in equal parts, whatever their sizes.
        other = [
            np.flatnonzero((label == len(commands)) & (data.sources == source))
            for source in sorted(set(data.sources.tolist()))
        ]
        self._others = [places for places in other if len(places)]

    def draw(self, rng: np.random.Generator) -> tuple[int, np.ndarray]:
        """A clip: its number, and its samples with power one."""
        is_word = not self._others or rng.random() < self._words
        groups = self._commands if is_word else self._others
        number = int(rng.choice(groups[rng.integers(len(groups))]))
        waveform = self._waveforms[number]
        longest = round(_LONGEST * self._rate)
        if len(waveform) > longest:
            start = rng.integers(len(waveform) - longest)
            waveform = waveform[start : start + longest]
        tempo = np.exp(rng.uniform(-self._speed, self._speed))
        places = np.arange(0, len(waveform) - 1, tempo)
        bent = np.interp(places, np.arange(len(waveform)), waveform)
        return number, at_level(bent, rng.uniform(-5, 5))


class Commands:
    """Stretches of words, other speech and noise, others each time they are taken.

    Args:
        clips: Draws what is said.
        noises: Draws what is heard beside it.
        config: Features of the network.
        bending: How features are bent.
        options: Of the recipe's training.
        count: Stretches an epoch.
        classes: Number of classes, the last of which is silence.
    """

    def __init__(
        self,
        clips: Clips,
        noises: NoiseMaker,
        config: LogMel,
        bending: Bending,
        options: Mapping[str, Any],
        count: int,
        classes: int,
    ) -> None:
        self._clips = clips
        self._noises = noises
        self._config = config
        self._bent = BentFrames(config, bending)
        self._options = options
        self._count = count
        share = options["label_smoothing"]
        table = np.eye(classes) * (1 - share) + share / classes
        self._targets = np.concatenate([table, np.zeros((1, classes))]).astype(np.float32)

    def __len__(self) -> int:
        return self._count

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Features float32 (batch, time, mels) and targets float32 (batch, time, classes).

        Where nothing is asked the target is zero in all classes, and so is the loss.
        """
        pairs = [self._stretch(rng) for _ in indices]
        features = self._bent([waveform for waveform, _ in pairs], rng)
        return features, np.stack([self._asked(placed, features.shape[1]) for _, placed in pairs])

    def _stretch(self, rng: np.random.Generator) -> tuple[np.ndarray, list[Placed]]:
        rate = self._config.sampling_rate
        samples = round(self._options["seconds"] * rate)
        pauses = round(_PAUSES[0] * rate), round(_PAUSES[1] * rate)
        line, placed = laid_out(lambda: self._clips.draw(rng), samples + pauses[1], pauses, rng)
        # Some of the first pause is cut off: a recording may begin with its first word.
        start = int(rng.integers(placed[0].start + 1)) if placed else 0
        line = line[start : start + samples]
        placed = [Placed(x.clip, x.start - start, x.length) for x in placed]
        if rng.random() < 1 / 12:
            line, placed = np.zeros_like(line), []
        level = 10 ** (rng.uniform(*self._options["level"]) / 20)
        noise = self._noises.draw(samples, rng)
        if not placed:
            return noise * np.float32(level), placed
        if rng.random() < self._options["noisy"]:
            line = line + noise * np.float32(10 ** (-rng.uniform(*self._options["decibels"]) / 20))
        return line * np.float32(level), placed

    def _asked(self, placed: Sequence[Placed], frames: int) -> np.ndarray:
        """The target of each frame, float32 (frames, classes)."""
        silence, nothing = len(self._targets) - 2, len(self._targets) - 1
        asked = np.full(frames, silence)
        hop = self._config.hop_length
        newest = self._config.frame_length - hop  # what a frame heard last, from its start
        rate = self._config.sampling_rate
        margin = round(_MARGIN * rate)

        def frame(sample: float) -> int:
            return max(0, int((sample - newest) // hop))

        for item in placed:
            label = self._clips.labels[item.clip]
            start, end = item.start + margin, item.start + item.length - margin
            known = start + _KNOWN * (end - start)
            told = end + _AFTER * rate
            asked[frame(start) : frame(known)] = nothing
            asked[frame(known) : frame(told)] = label
            asked[frame(told) : frame(told + _UNSURE * rate)] = nothing
        return np.asarray(self._targets[asked])


def prepare(
    recipe: Recipe,
    data: VoicesInNoise,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Trims the clips and makes the sources of stretches.

    Recipe: `training.options` has `seconds` and `stretches` (an epoch), `words` (share of clips
    that are commands), `noisy` (share of stretches with noise), `made_noise` (share of noise that
    is not recorded), `decibels` (a clip over the noise), `level` (of clips, in dB of full scale),
    `speed`, `label_smoothing` and the table `bend` (see `zoo.training.bent_frames.Bending`).

    Raises:
        DataError: `hold_out` is given: the speakers of the data are parted once and for all.
        RecipeError: A key is unknown.
    """
    options = options_of(recipe, _OPTIONS)
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; speakers of mixtures are parted already.")
    labels = [*data.commands, *OTHERS]
    kept = {**(processing or recipe.processing), "labels": labels}
    config = from_processing(kept).config
    if data.sampling_rate != config.sampling_rate:
        raise DataError(f"Received {data.sampling_rate} Hz; needed is {config.sampling_rate} Hz.")
    training, validating = (
        Commands(
            Clips(data.where(data.splits == part), data.commands, options["words"], speed),
            NoiseMaker(data.noises.get(part, {}), options["made_noise"]),
            config,
            bending,
            {**options, "label_smoothing": smoothing},
            count,
            len(labels),
        )
        for part, speed, bending, smoothing, count in (
            (
                "train",
                options["speed"],
                Bending.from_dict(options["bend"]),
                options["label_smoothing"],
                options["stretches"],
            ),
            ("validation", 0.0, Bending(0, 0, 0, 0), 0.0, _VALIDATION),
        )
    )
    return Problem(
        processing=kept,
        arguments={"classes": len(labels), "features": config.mels},
        train=Batches(training, recipe.training.batch_size, recipe.training.seed),
        validation=Batches(validating, 64, shuffle=False),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True),
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> VoicesInNoise:
    """Reads a folder that holds one folder of sound files a word; every fifth clip validates.

    A folder named "something else" holds speech that is no command. The noise is made.

    Raises:
        DataError: There is no word, or a folder has fewer than five clips.
        InputError: A file is no recording.
    """
    rate = int(processing["sampling_rate"])
    names = sorted(folder.name for folder in path.glob("*") if folder.is_dir())
    clips = [sorted(file for file in (path / x).iterdir() if file.is_file()) for x in names]
    counts = {name: len(files) for name, files in zip(names, clips, strict=True)}
    if not set(names) - {OTHER} or min(counts.values()) < 5:
        raise DataError(
            f"Received {path} with the words and clips {counts}; needed is at least one folder, "
            f"named after its word, of five sound files, and perhaps one named {OTHER!r}."
        )
    words = np.repeat([name if name != OTHER else "" for name in names], list(counts.values()))
    order = np.concatenate([np.arange(len(files)) for files in clips])
    return VoicesInNoise(
        waveforms=tuple(read_recording(file, rate) for files in clips for file in files),
        words=words,
        sources=np.where(words == "", OTHER, "words"),
        speakers=np.full(len(words), ""),
        splits=np.where(order % 5 == 0, "validation", "train"),
        noises={},
        sampling_rate=rate,
        commands_of="words",
    )


def _trimmed(waveform: np.ndarray, rate: int) -> np.ndarray:
    """The part of a clip that speaks, with a margin at both ends, of zeros where it has none."""
    steps = np.flatnonzero(speaking(waveform, rate))
    margin, step = round(_MARGIN * rate), round(STEP * rate)
    padded = np.pad(waveform, margin)
    if not len(steps):
        return padded
    return padded[steps[0] * step : (steps[-1] + 1) * step + 2 * margin]
