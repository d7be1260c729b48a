"""When each digit of a text is said, by whom and how: a row of arrays a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.clip_frames import even
from zoo.processing.frontend import Arrays

PLACES = 6  # numbers that say where in a digit a frame is
_FEWEST = 4  # frames of a digit
_WAVES = np.arange(1, PLACES - 1) * np.pi
_LENGTHS, _STYLE = 0, 1  # of the random numbers of a text


@dataclass(frozen=True)
class Manner:
    """How a text is said.

    Attributes:
        seed: The same seed says the same text in the same way.
        variety: How far lengths and style are drawn from their means; 0 is the mean itself, 1 as
            in recordings.
        speed: Above 1 all is faster.
        pause: Seconds before each digit and after the last.

    Raises:
        InputError: A number is out of its range.
    """

    seed: int = 0
    variety: float = 0.7
    speed: float = 1.0
    pause: float = 0.15

    def __post_init__(self) -> None:
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise InputError(f"Received seed={self.seed!r}; use a whole number from 0.")
        for name, low, high in (("variety", 0, 2), ("speed", 0.5, 2), ("pause", 0, 5)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise InputError(f"Received {name}={value!r}; use a number.")
            if not low <= value <= high:
                raise InputError(f"Received {name}={value!r}; use {low} to {high}.")


@dataclass(frozen=True)
class Span:
    """A digit, and the frames from `start` to before `end` in which it is said."""

    digit: int
    start: int
    end: int


@dataclass(frozen=True)
class Timing:
    """How long each speaker takes for each digit.

    Args:
        speakers: Their names.
        seconds: For each speaker ten geometric means, of 0 to 9.
        spread: Standard deviation of the logarithm of a length, for one digit of one speaker.
        hop: Seconds from frame to frame.
        styles: Numbers of a style.

    Raises:
        RecipeError: Values that do not fit together.
    """

    speakers: tuple[str, ...]
    seconds: tuple[tuple[float, ...], ...]
    spread: float
    hop: float
    styles: int

    def __post_init__(self) -> None:
        tens = [len(row) for row in self.seconds] == [10] * len(self.speakers)
        good = tens and bool(self.speakers) and self.hop > 0 and self.styles >= 1
        if not good or not 0 <= self.spread < 1 or np.min(self.seconds) <= 0:
            raise RecipeError(
                f"Received {self}; needed are ten lengths above zero for each speaker, a spread "
                "from 0 to below 1 and a style of one number or more."
            )

    def number(self, speaker: str) -> int:
        """The place of a speaker.

        Raises:
            InputError: Nobody has that name.
        """
        if speaker not in self.speakers:
            known = ", ".join(self.speakers)
            raise InputError(f"Received the speaker {speaker!r}; use one of {known}.")
        return self.speakers.index(speaker)

    def arrays(
        self,
        digits: Sequence[int],
        speaker: str,
        manner: Manner,
        *,
        said: int = 0,
        ends: bool = True,
    ) -> tuple[Arrays, list[Span]]:
        """What the network reads, a row a frame.

        Args:
            digits: 0 to 9, in their order.
            speaker: Who says them.
            manner: How.
            said: How many digits of the same text were said before.
            ends: Whether a pause follows the last digit.

        Returns:
            `tokens` and `speakers` int32 (time,), `place` float32 (time, PLACES) and `style`
            float32 (time, styles), zeros in pauses; and where each digit is.

        Raises:
            InputError: Nobody has the speaker's name.
        """
        who = self.number(speaker)
        pause = round(manner.pause / manner.speed / self.hop)
        rows, spans = [still(pause)], list[Span]()
        for number, digit in enumerate(digits, said):
            frames = self._frames(who, digit, manner, number)
            start = sum(len(tokens) for tokens, _ in rows)
            spans.append(Span(digit, start, start + frames))
            rows += [placed(digit, even(frames), frames * self.hop), still(pause)]
        rows = rows if ends else rows[:-1]
        tokens, place = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        speakers = np.full(len(tokens), who, np.int32)
        style = np.where(tokens[:, None] > 0, self.style(manner), np.float32(0))
        return {"tokens": tokens, "speakers": speakers, "place": place, "style": style}, spans

    def style(self, manner: Manner) -> np.ndarray:
        """The style of a text, float32 (styles,)."""
        drawn = np.random.default_rng([manner.seed, _STYLE]).normal(size=self.styles)
        return np.asarray(manner.variety * np.clip(drawn, -2, 2), np.float32)

    def _frames(self, who: int, digit: int, manner: Manner, number: int) -> int:
        """The length of the digit at this place of a text, drawn."""
        drawn = np.random.default_rng([manner.seed, _LENGTHS, number]).normal()
        longer = np.exp(manner.variety * self.spread * np.clip(drawn, -2, 2))
        seconds = float(self.seconds[who][digit] * longer / manner.speed)
        return max(_FEWEST, round(seconds / self.hop))


def placed(digit: int, share: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """`tokens` int32 (frames,) and `place` float32 (frames, PLACES) of a digit.

    A place is the share of the digit that is over, its length in seconds, and cosines of pi, 2 pi
    and so on times that share.

    Args:
        digit: 0 to 9.
        share: That of each frame, float (frames,).
        seconds: The length of the digit.
    """
    waves = np.cos(share[:, None] * _WAVES)
    place = np.column_stack([share, np.full(len(share), seconds), waves])
    return np.full(len(share), digit + 1, np.int32), place.astype(np.float32)


def still(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """The same of a pause: zeros."""
    return np.zeros(frames, np.int32), np.zeros((frames, PLACES), np.float32)


def read_timing(processing: Mapping[str, Any], hop: float) -> Timing:
    """The timing of a task's configuration.

    Args:
        processing: It has `speakers`, `seconds`, `spread` and `styles`.
        hop: Seconds from frame to frame.

    Raises:
        RecipeError: Values that do not fit together.
    """
    seconds = tuple(tuple(float(one) for one in row) for row in processing["seconds"])
    speakers = tuple(str(name) for name in processing["speakers"])
    spread, styles = float(processing["spread"]), int(processing["styles"])
    return Timing(speakers, seconds, spread, hop, styles)
