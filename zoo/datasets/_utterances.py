"""Recordings of one word or of several, and the noise that may be heard beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zoo.datasets import spread
from zoo.errors import DataError

_FEW = 30


@dataclass(frozen=True)
class Utterances:
    """What somebody says; every field up to `splits` has one entry a recording.

    Attributes:
        waveforms: float32 (samples,) each, in [-1, 1].
        words: The words said in each, in their order.
        speakers: Who says them (recordings,).
        splits: "train", "validation" or "test" (recordings,).
        noises: Part -> name -> float32 (samples,); empty where recordings are heard as they are.
        sampling_rate: In Hz.
        joined: Fewest and most recordings of one speaker that are heard as one string.
    """

    waveforms: tuple[np.ndarray, ...]
    words: tuple[tuple[str, ...], ...]
    speakers: np.ndarray
    splits: np.ndarray
    noises: dict[str, dict[str, np.ndarray]]
    sampling_rate: int
    joined: tuple[int, int]

    def __len__(self) -> int:
        return len(self.waveforms)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """All words, sorted."""
        return tuple(sorted({word for said in self.words for word in said}))

    def part(self, name: str) -> Utterances:
        """The recordings of "train", "validation" or "test", and all the noise.

        Raises:
            DataError: It has none.
        """
        chosen = np.flatnonzero(self.splits == name)
        if not len(chosen):
            raise DataError(f"No recordings are of the part {name!r}.")
        return self._of(chosen)

    def few(self) -> Utterances:
        """Recordings of each part, evenly spread, at most so many that they are soon scored."""
        parts = [np.flatnonzero(self.splits == name) for name in sorted(set(self.splits.tolist()))]
        return self._of(np.concatenate([spread(places, _FEW) for places in parts]))

    def _of(self, chosen: np.ndarray) -> Utterances:
        return replace(
            self,
            waveforms=tuple(self.waveforms[place] for place in chosen),
            words=tuple(self.words[place] for place in chosen),
            speakers=self.speakers[chosen],
            splits=self.splits[chosen],
        )

    def without(self, speaker: str | None) -> Utterances:
        """The same where one speaker is the test part, and all other recordings are not.

        Args:
            speaker: Who; None changes nothing.

        Raises:
            DataError: The speaker is unknown.
        """
        if speaker is None:
            return self
        if speaker not in self.speakers:
            known = ", ".join(sorted(set(self.speakers.tolist())))
            raise DataError(f"Received hold_out={speaker!r}; the data has the speakers {known}.")
        rest = np.where(self.splits == "validation", "validation", "train")
        return replace(self, splits=np.where(self.speakers == speaker, "test", rest))
