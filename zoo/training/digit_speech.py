"""How a network learns to say digits: clips one after the other, with pauses between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.datasets.digits_to_say import DigitsToSay, join
from zoo.errors import DataError
from zoo.model_card import Recipe
from zoo.processing.audio import LogMel
from zoo.processing.clip_frames import stretched, trimmed
from zoo.processing.digit_timing import PLACES, placed, still
from zoo.tasks.digit_speech import TOKENS, log_mel
from zoo.training.batches import Batches, Problem
from zoo.training.classification import read_own_data as read_labels
from zoo.training.classification import split
from zoo.training.clip_styles import ClipStyles
from zoo.training.options import options_of
from zoo.training.time_alignment import TimeAlignment

Inputs = dict[str, np.ndarray]
_OPTIONS = ("validation_takes", "steps", "sequences", "pause", "stretch", "style_noise")
_LONGEST = 1.0  # seconds; a longer clip holds more than a digit


@dataclass(frozen=True)
class Clip:
    """A digit that somebody said.

    Attributes:
        frames: Log-mel frames float32 (time, mels), without the silence at the ends.
        digit: 0 to 9.
        speaker: The place of the speaker.
        share: The share of the digit that is over at each frame, (time,).
        style: How it was said, float32 (styles,).
    """

    frames: np.ndarray
    digit: int
    speaker: int
    share: np.ndarray = field(default_factory=lambda: np.zeros(0))
    style: np.ndarray = field(default_factory=lambda: np.zeros(0))

    @property
    def group(self) -> tuple[int, int]:
        """Speaker and digit."""
        return self.speaker, self.digit


class Sayings:
    """Clips of one speaker after each other, with pauses, cut to one length.

    Args:
        clips: One or more.
        config: How the frames were made.
        options: Of the recipe's training.
        drawn: Whether clips, pauses and tempo are others each time; else each clip alone, as it is.
    """

    def __init__(
        self, clips: Sequence[Clip], config: LogMel, options: Mapping[str, Any], drawn: bool
    ) -> None:
        self._clips, self._config, self._options, self._drawn = clips, config, options, drawn
        self._silence = np.float32(np.log10(config.floor))

    def __len__(self) -> int:
        return int(self._options["sequences"]) if self._drawn else len(self._clips)

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        """What the network reads, and log-mel frames float32 (batch, steps, mels)."""
        rows = [self._row(int(index), rng) for index in indices]
        names = ("tokens", "speakers", "place", "style")
        inputs = {name: np.stack([row[name] for row, _ in rows]) for name in names}
        return inputs, np.stack([target for _, target in rows])

    def _row(self, index: int, rng: np.random.Generator) -> tuple[Inputs, np.ndarray]:
        steps, (shortest, longest) = int(self._options["steps"]), self._options["pause"]
        clip = self._clips[int(rng.integers(len(self._clips))) if self._drawn else index]
        beside = [other for other in self._clips if other.speaker == clip.speaker]
        parts: list[tuple[np.ndarray, ...]] = []
        while sum(len(part[0]) for part in parts) < steps:
            pause = rng.uniform(shortest, longest) if self._drawn else shortest
            parts += [self._pause(round(pause / self._config.hop)), self._said(clip, rng)]
            if not self._drawn:
                parts.append(self._pause(steps))
            clip = beside[int(rng.integers(len(beside)))]
        tokens, place, style, target = (
            np.concatenate(pieces)[:steps] for pieces in zip(*parts, strict=True)
        )
        speakers = np.full(steps, clip.speaker, np.int32)
        return {"tokens": tokens, "speakers": speakers, "place": place, "style": style}, target

    def _pause(self, frames: int) -> tuple[np.ndarray, ...]:
        silence = np.full((frames, self._config.mels), self._silence)
        return *still(frames), np.zeros((frames, len(self._clips[0].style)), np.float32), silence

    def _said(self, clip: Clip, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        frames, share, style = clip.frames, clip.share, clip.style
        if self._drawn:
            most = np.log1p(self._options["stretch"])
            length = max(4, round(len(frames) * np.exp(rng.uniform(-most, most))))
            frames, share = stretched(frames, length), stretched(share[:, None], length)[:, 0]
            style = style + self._options["style_noise"] * rng.normal(size=len(style))
        styles = np.repeat(np.asarray(style, np.float32)[None], len(frames), axis=0)
        return *placed(clip.digit, share, len(frames) * self._config.hop), styles, frames


def prepare(
    recipe: Recipe,
    data: DigitsToSay,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Trims clips, measures lengths and styles, and splits off validation takes.

    Recipe: `processing` is the task's without `speakers`, `seconds` and `spread`;
    `training.options` has `validation_takes`, `steps` (frames of an example), `sequences` (examples
    an epoch), `pause` (seconds, shortest and longest), `stretch` (share by which a clip is made
    slower or faster) and `style_noise` (deviation of what is added to styles).

    Raises:
        DataError: A speaker was to be held out, the rate is another, or a side would be empty.
        RecipeError: A key is unknown.
    """
    options = options_of(recipe, _OPTIONS)
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; a voice must be heard to be learned.")
    recordings, config = data.recordings, log_mel(recipe.processing)
    if recordings.sampling_rate != config.sampling_rate:
        raise DataError(f"Received {recordings.sampling_rate} Hz; needed: {config.sampling_rate}.")
    speakers = sorted(set(recordings.speakers.tolist()))
    clips = [
        Clip(trimmed(waveform, config), int(label), speakers.index(speaker))
        for waveform, label, speaker in zip(
            recordings.waveforms, recordings.labels, recordings.speakers.tolist(), strict=True
        )
    ]
    short = np.array([len(clip.frames) * config.hop <= _LONGEST for clip in clips])
    learning, validating = (
        [clips[place] for place in np.flatnonzero(side & short)]
        for side in split(recordings, None, options["validation_takes"])
    )
    timing = measured(learning, len(speakers), config.hop)
    styles = int(recipe.processing["styles"])
    learning, validating = aligned(learning, validating, styles)
    return Problem(
        processing={**recipe.processing, "speakers": speakers, **timing},
        arguments={
            "tokens": TOKENS,
            "speakers": len(speakers),
            "places": PLACES,
            "styles": styles,
            "mels": config.mels,
        },
        train=Batches(
            Sayings(learning, config, options, drawn=True),
            recipe.training.batch_size,
            recipe.training.seed,
        ),
        validation=Batches(Sayings(validating, config, options, drawn=False), 64, shuffle=False),
        loss=keras.losses.MeanAbsoluteError(),
    )


def measured(clips: Sequence[Clip], speakers: int, hop: float) -> dict[str, Any]:
    """How long each speaker takes for each digit: `seconds` and `spread`.

    Raises:
        DataError: A speaker never says a digit.
    """
    logs: dict[tuple[int, int], list[float]] = {}
    for clip in clips:
        logs.setdefault(clip.group, []).append(float(np.log(len(clip.frames) * hop)))
    groups = [[logs.get((who, digit), []) for digit in range(10)] for who in range(speakers)]
    if any(not group for row in groups for group in row):
        raise DataError("A speaker never says one of the ten digits; add recordings of it.")
    rest = np.concatenate([np.array(group) - np.mean(group) for row in groups for group in row])
    seconds = [[round(float(np.exp(np.mean(group))), 4) for group in row] for row in groups]
    return {"seconds": seconds, "spread": round(float(rest.std()), 4)}


def aligned(
    learning: Sequence[Clip], validating: Sequence[Clip], styles: int
) -> tuple[list[Clip], list[Clip]]:
    """The clips with their shares and styles, as found on those that are learned from."""
    groups: dict[tuple[int, int], list[np.ndarray]] = {}
    for clip in learning:
        groups.setdefault(clip.group, []).append(clip.frames)
    find = {group: TimeAlignment.fit(frames) for group, frames in groups.items()}

    def placed_in_time(clips: Sequence[Clip]) -> list[Clip]:
        return [replace(clip, share=find[clip.group](clip.frames)) for clip in clips]

    known, others = placed_in_time(learning), placed_in_time(validating)
    style = ClipStyles.fit(
        [clip.frames for clip in known],
        [clip.share for clip in known],
        [clip.group for clip in known],
        styles,
    )
    with_style = [
        [replace(x, style=style(x.frames, x.share, x.group)) for x in clips]
        for clips in (known, others)
    ]
    return with_style[0], with_style[1]


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> DigitsToSay:
    """Reads a folder for each speaker, with folders 0 to 9 of sound files; every fifth validates.

    Raises:
        DataError: There is no speaker, or one lacks a digit or has fewer than five files of it.
        InputError: A file is no recording.
    """
    folders = sorted(folder for folder in path.glob("*") if folder.is_dir())
    parts = [read_labels(folder, recipe, processing["log_mel"]) for folder in folders]
    if not parts or any(part.label_names != tuple("0123456789") for part in parts):
        found = {folder.name: part.label_names for folder, part in zip(folders, parts, strict=True)}
        raise DataError(
            f"Received {path} with the folders {found}; needed is one for each speaker, and in it "
            "one for each digit, 0 to 9."
        )
    names = [folder.name for folder in folders]
    recordings = replace(
        parts[0],
        waveforms=tuple(waveform for part in parts for waveform in part.waveforms),
        labels=np.concatenate([part.labels for part in parts]),
        speakers=np.repeat(names, [len(part) for part in parts]),
        takes=np.concatenate([part.takes for part in parts]),
        splits=np.concatenate([part.splits for part in parts]),
    )
    return join({"fsdd": recordings})
