"""How a network learns to say digits: clips one after the other, with pauses between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from zoo.datasets.digits_to_say import DigitsToSay
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe
from zoo.processing.audio import LogMel
from zoo.processing.clip_frames import stretched, trimmed
from zoo.processing.digit_timing import PLACES, placed
from zoo.tasks.digit_speech import TOKENS, log_mel
from zoo.training.batches import Batches, Problem
from zoo.training.classification import split
from zoo.training.clip_styles import ClipStyles

Inputs = dict[str, np.ndarray]
_OPTIONS = ("validation_takes", "steps", "sequences", "pause", "stretch", "style_noise")
_LONGEST = 1.0  # seconds; a longer clip holds more than a digit


class Sayings:
    """Clips of one speaker after each other, with pauses, cut to one length.

    Args:
        clips: Log-mel frames of each.
        labels: Its digit.
        speakers: Its speaker's number.
        styles: Its style.
        config: How the frames were made.
        options: Of the recipe's training.
        drawn: Whether clips, pauses and tempo are others each time; else each clip alone, as it is.
    """

    def __init__(
        self,
        clips: list[np.ndarray],
        labels: np.ndarray,
        speakers: np.ndarray,
        styles: np.ndarray,
        config: LogMel,
        options: Mapping[str, Any],
        drawn: bool,
    ) -> None:
        self._clips, self._labels, self._speakers, self._styles = clips, labels, speakers, styles
        self._of_speaker = {who: np.flatnonzero(speakers == who) for who in set(speakers.tolist())}
        self._config, self._options, self._drawn = config, options, drawn
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
        number = int(rng.integers(len(self._clips))) if self._drawn else index
        who = int(self._speakers[number])
        parts: list[tuple[np.ndarray, ...]] = []
        while sum(len(part[0]) for part in parts) < steps:
            pause = rng.uniform(shortest, longest) if self._drawn else shortest
            parts += [self._pause(round(pause / self._config.hop)), self._said(number, rng)]
            if not self._drawn:
                parts.append(self._pause(steps))
            number = int(rng.choice(self._of_speaker[who]))
        tokens, place, style, target = (
            np.concatenate(pieces)[:steps] for pieces in zip(*parts, strict=True)
        )
        speakers = np.full(steps, who, np.int32)
        return {"tokens": tokens, "speakers": speakers, "place": place, "style": style}, target

    def _pause(self, frames: int) -> tuple[np.ndarray, ...]:
        styles, mels = self._styles.shape[1], self._config.mels
        silence = np.full((frames, mels), self._silence)
        return *placed(0, frames, self._config.hop), np.zeros((frames, styles), np.float32), silence

    def _said(self, number: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        clip, style = self._clips[number], self._styles[number]
        if self._drawn:
            most = np.log1p(self._options["stretch"])
            clip = stretched(clip, max(4, round(len(clip) * np.exp(rng.uniform(-most, most)))))
            style = style + self._options["style_noise"] * rng.normal(size=len(style))
        styles = np.repeat(np.asarray(style, np.float32)[None], len(clip), axis=0)
        token = int(self._labels[number]) + 1
        return *placed(token, len(clip), self._config.hop), styles, clip


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
    options = recipe.training.options
    if unknown := sorted(set(options) - set(_OPTIONS)):
        raise RecipeError(f"Received the unknown training option {unknown[0]!r}; use {_OPTIONS}.")
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; a voice must be heard to be learned.")
    recordings, config = data.recordings, log_mel(recipe.processing)
    if recordings.sampling_rate != config.sampling_rate:
        raise DataError(f"Received {recordings.sampling_rate} Hz; needed: {config.sampling_rate}.")
    clips = [trimmed(waveform, config) for waveform in recordings.waveforms]
    short = np.array([len(clip) * config.hop <= _LONGEST for clip in clips])
    sides = [side & short for side in split(recordings, None, options["validation_takes"])]
    names = sorted(set(recordings.speakers[sides[0]].tolist()))
    who = np.array([names.index(x) if x in names else -1 for x in recordings.speakers])
    timing = measured(clips, recordings.labels, who, sides[0], config.hop)
    places = np.flatnonzero(sides[0])
    groups = list(zip(who.tolist(), recordings.labels.tolist(), strict=True))
    count = int(recipe.processing["styles"])
    learned = [clips[place] for place in places], [groups[place] for place in places]
    find = ClipStyles.fit(*learned, count)
    sources = []
    for side, drawn in zip(sides, (True, False), strict=True):
        kept = np.flatnonzero(side)
        styles = np.stack([find(clips[place], groups[place]) for place in kept])
        chosen = [clips[place] for place in kept]
        about = (recordings.labels[kept], who[kept], styles, config, options)
        sources.append(Sayings(chosen, *about, drawn=drawn))
    return Problem(
        processing={**recipe.processing, "speakers": names, **timing},
        arguments={
            "tokens": TOKENS,
            "speakers": len(names),
            "places": PLACES,
            "styles": count,
            "mels": config.mels,
        },
        train=Batches(sources[0], recipe.training.batch_size, recipe.training.seed),
        validation=Batches(sources[1], 64, shuffle=False),
        loss=keras.losses.MeanAbsoluteError(),
    )


def measured(
    clips: list[np.ndarray], labels: np.ndarray, who: np.ndarray, chosen: np.ndarray, hop: float
) -> dict[str, Any]:
    """How long each speaker takes for each digit: `seconds` and `spread`.

    Raises:
        DataError: A speaker never says a digit.
    """
    logs = np.log([len(clip) * hop for clip in clips])
    speakers = sorted(set(who[chosen].tolist()))
    groups = [
        [logs[chosen & (who == speaker) & (labels == digit)] for digit in range(10)]
        for speaker in speakers
    ]
    if any(not len(group) for row in groups for group in row):
        raise DataError("A speaker never says one of the ten digits; add recordings of it.")
    rest = np.concatenate([group - group.mean() for row in groups for group in row])
    seconds = [[round(float(np.exp(group.mean())), 4) for group in row] for row in groups]
    return {"seconds": seconds, "spread": round(float(rest.std()), 4)}
