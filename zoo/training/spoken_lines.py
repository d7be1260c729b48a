"""Lines of words in noise, made of single words, and what is asked of each of their frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from zoo.datasets._utterances import Utterances
from zoo.errors import DataError
from zoo.processing.activity import parted
from zoo.processing.audio import LogMel
from zoo.processing.mixtures import NoiseMaker, shares_of_frames
from zoo.processing.strings import String, StringMaker
from zoo.training.bent_frames import Bending, BentFrames

_KNOWN = 0.4  # share of a word after which it may be told
_AFTER = 0.12  # seconds after its end until which it may be told
_UNEVEN = 3  # times the shortest word is the longest, where a recording was not cut between words


class Strings:
    """Strings of words in noise, others each time they are taken.

    Args:
        data: The recordings of one part.
        words: The vocabulary.
        maker: Draws strings of them.
        noises: Draws what is heard beside them.
        config: Features of the network.
        bending: How features are bent.
        options: Of the recipe's training.
        count: Strings an epoch.
        longest: Most words of a string.
    """

    def __init__(
        self,
        data: Utterances,
        words: Sequence[str],
        maker: StringMaker,
        noises: NoiseMaker,
        config: LogMel,
        bending: Bending,
        options: Mapping[str, Any],
        count: int,
        longest: int,
    ) -> None:
        self._numbers = [[1 + words.index(word) for word in said] for said in data.words]
        self._maker = maker
        self._noises = noises
        self._config = config
        self._bent = BentFrames(config, bending)
        self._options = options
        self._count = count
        self._samples = round(options["seconds"] * config.sampling_rate)
        self._longest = longest

    def __len__(self) -> int:
        return self._count

    def take(self, indices: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Features float32 (batch, time, mels) and targets int32, see `CtcLoss`."""
        strings = [self._maker.draw(rng, self._samples) for _ in indices]
        features = self._bent([self._heard(string, rng) for string in strings], rng)
        targets = [self._target(string, features.shape[1]) for string in strings]
        return features, np.stack(targets)

    def _heard(self, string: String, rng: np.random.Generator) -> np.ndarray:
        """The string in noise, at the level of some recording."""
        gain = np.float32(10 ** (rng.uniform(*self._options["level"]) / 20))
        end = string.placed[-1].start + string.placed[-1].length if string.placed else 0
        power = float(np.square(string.waveform[:end]).mean()) if end else 1.0
        decibels = rng.uniform(*self._options["decibels"])
        noise = self._noises.draw(self._samples, rng)
        noise = noise * np.float32(np.sqrt(power) * 10 ** (-decibels / 20))
        return np.asarray(gain * (string.waveform + noise), np.float32)

    def _target(self, string: String, frames: int) -> np.ndarray:
        """The words' numbers, then the code of each frame, int32 (longest + frames,)."""
        rate, hop, length = (
            self._config.sampling_rate,
            self._config.hop_length,
            self._config.frame_length,
        )
        words = [number for item in string.placed for number in self._numbers[item.clip]]
        codes = (shares_of_frames(string.active, hop, length, frames) >= 0.5).astype(np.int32)
        told = np.zeros(frames, bool)
        for item in string.placed:
            steps = np.flatnonzero(string.active[item.start : item.start + item.length])
            start, end = (steps[0], steps[-1] + 1) if len(steps) else (0, item.length)
            # Where the words of a recording lie within it is not known, if there are several.
            if len(self._numbers[item.clip]) == 1:
                start += _KNOWN * (end - start)
            first, last = (
                (item.start + place - length + hop) // hop for place in (start, end + _AFTER * rate)
            )
            told[max(0, int(first)) : int(last) + 1] = True
        return np.concatenate(
            [np.pad(words, (0, self._longest - len(words))), codes + 2 * told]
        ).astype(np.int32)


def single_words(data: Utterances) -> Utterances:
    """The same with recordings of several words cut in their widest pauses.

    A network that heard whole recordings only would learn which words begin them. Those with too
    few pauses, or whose longest word is three times the shortest or more, are left out.

    Raises:
        DataError: All are.
    """
    waveforms, words, origins = list[np.ndarray](), list[tuple[str, ...]](), list[int]()
    for number, (waveform, said) in enumerate(zip(data.waveforms, data.words, strict=True)):
        cuts = [(0, len(waveform))]
        if len(said) > 1:
            cuts = parted(waveform, data.sampling_rate, len(said))
        lengths = [end - start for start, end in cuts]
        if len(cuts) == len(said) and max(lengths) < _UNEVEN * min(lengths):
            waveforms += [waveform[start:end] for start, end in cuts]
            words += [(word,) for word in said]
            origins += [number] * len(cuts)
    if not words:
        raise DataError("No recording has as many pauses as it needs to be cut into its words.")
    return replace(
        data,
        waveforms=tuple(waveforms),
        words=tuple(words),
        speakers=data.speakers[origins],
        splits=data.splits[origins],
    )
