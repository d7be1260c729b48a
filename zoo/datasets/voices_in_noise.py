"""Three data sets of speech and one of noise, together at 8 kHz, to make mixtures of.

A network that hears fsdd and barista-orders (8 kHz) beside speech-commands-9 (16 kHz) would learn
which is which by the band above 4 kHz, so all are brought to 8 kHz first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zoo.datasets.background_noise import Noises
from zoo.datasets.barista_orders import Orders
from zoo.datasets.fsdd import Recordings
from zoo.errors import MissingExtraError

SOURCES = ("speech-commands-9", "fsdd", "barista-orders", "background-noise")
RATE = 8_000
TEST_NOISES = ("exercise_bike", "running_tap")  # whole files that no training hears
SPEAKERS = {"theo": "validation", "yweweler": "test"}  # of fsdd; the other four train
_TRAINS = 0.7  # the first part of each other noise; the rest validates
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class VoicesInNoise:
    """Clean speech and noise; every field up to `splits` has one entry a clip.

    Attributes:
        waveforms: float32 (samples,) each, in [-1, 1].
        words: What is said (clips,); empty for a sentence that has no transcript.
        sources: The data set of the clip (clips,).
        speakers: Who says it (clips,); empty where that is not known.
        splits: "train", "validation" or "test" (clips,).
        noises: Part -> name -> float32 (samples,); test noises are files of their own.
        sampling_rate: In Hz.
        commands_of: The source whose words are commands; all other speech is something else, but
            for the same words of other sources.
    """

    waveforms: tuple[np.ndarray, ...]
    words: np.ndarray
    sources: np.ndarray
    speakers: np.ndarray
    splits: np.ndarray
    noises: dict[str, dict[str, np.ndarray]]
    sampling_rate: int
    commands_of: str = SOURCES[0]

    def __len__(self) -> int:
        return len(self.waveforms)

    @property
    def commands(self) -> tuple[str, ...]:
        """The command words."""
        return tuple(sorted(set(self.words[self.sources == self.commands_of].tolist())))

    def where(self, chosen: np.ndarray) -> VoicesInNoise:
        """The clips where bool (clips,) `chosen` is true, and all the noise."""
        kept = {name: getattr(self, name)[chosen] for name in ("words", "sources", "splits")}
        waveforms = tuple(w for w, keep in zip(self.waveforms, chosen, strict=True) if keep)
        return replace(self, waveforms=waveforms, speakers=self.speakers[chosen], **kept)


def join(parts: Mapping[str, Any]) -> VoicesInNoise:
    """Brings the data sets of SOURCES, by name, to one rate and one form.

    Raises:
        MissingExtraError: The extra [audio] is not installed.
    """
    commands, digits = parts["speech-commands-9"], parts["fsdd"]
    orders: Orders = parts["barista-orders"]
    spoken: Sequence[tuple[str, Any, Any, Any, Any]] = (
        (SOURCES[0], commands, _words(commands), commands.speakers, commands.splits),
        (SOURCES[1], digits, _words(digits), digits.speakers, _by_speaker(digits.speakers)),
        (SOURCES[2], orders, [""] * len(orders), [""] * len(orders), orders.splits),
    )
    return VoicesInNoise(
        waveforms=tuple(
            _at_rate(wave, data.sampling_rate) for _, data, *_ in spoken for wave in data.waveforms
        ),
        words=np.concatenate([words for *_, words, _, _ in spoken]),
        sources=np.repeat([name for name, *_ in spoken], [len(data) for _, data, *_ in spoken]),
        speakers=np.concatenate([speakers for *_, speakers, _ in spoken]),
        splits=np.concatenate([splits for *_, splits in spoken]),
        noises=split_noises(parts["background-noise"]),
        sampling_rate=RATE,
    )


def _words(data: Recordings) -> list[str]:
    """The word of each clip; digits are spelt out, as speech-commands-9 spells them."""
    names = [_DIGITS[int(name)] if name.isdigit() else name for name in data.label_names]
    return [names[label] for label in data.labels]


def _by_speaker(speakers: np.ndarray) -> list[str]:
    return [SPEAKERS.get(speaker, "train") for speaker in speakers.tolist()]


def split_noises(noises: Noises) -> dict[str, dict[str, np.ndarray]]:
    """Part -> name -> noise at 8 kHz; the test noises are whole files of their own.

    Raises:
        MissingExtraError: The extra [audio] is not installed.
    """
    found: dict[str, dict[str, np.ndarray]] = {"train": {}, "validation": {}, "test": {}}
    for name, waveform in noises.waveforms.items():
        audio = _at_rate(waveform, noises.sampling_rate)
        if name in TEST_NOISES:
            found["test"][name] = audio
            continue
        border = round(_TRAINS * len(audio))
        found["train"][name], found["validation"][name] = audio[:border], audio[border:]
    return found


def _at_rate(waveform: np.ndarray, rate: int) -> np.ndarray:
    if rate == RATE:
        return waveform
    try:
        import soxr
    except ImportError:
        raise MissingExtraError("audio", f"Resampling {rate} Hz to {RATE} Hz") from None
    return np.asarray(soxr.resample(waveform, rate, RATE), np.float32)
