"""Music as frames: which keys sound in each, as note numbers, names, text or a roll of 0 and 1."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError

Frames = tuple[tuple[int, ...], ...]
NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
SILENCE = "-"
_NOTE = re.compile(r"([A-Ga-g])([#b]?)(-?\d+)")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def note_name(number: int) -> str:
    """The name of a MIDI note number; 60 is C4."""
    return f"{NAMES[number % 12]}{number // 12 - 1}"


def note_number(text: str) -> int:
    """The MIDI note number of a name ("C4", "F#3", "Bb2") or of digits.

    Raises:
        InputError: It is neither.
    """
    if text.isdecimal():
        return int(text)
    found = _NOTE.fullmatch(text)
    if not found:
        raise InputError(f"Received {text!r} where a note is needed; write C4, F#3 or 60.")
    letter, sign, octave = found.groups()
    return _STEPS[letter.upper()] + {"#": 1, "b": -1, "": 0}[sign] + 12 * (int(octave) + 1)


def read_line(line: str) -> tuple[int, ...]:
    """The notes of one frame, as "C3 G3 E4" or "-" for silence.

    Raises:
        InputError: A word is no note.
    """
    words = line.split()
    return () if words == [SILENCE] else tuple(sorted({note_number(word) for word in words}))


def show_frame(frame: Sequence[int]) -> str:
    """The inverse of `read_line`."""
    return " ".join(map(note_name, frame)) or SILENCE


@dataclass(frozen=True)
class PianoRoll:
    """The keys that a network knows, and how long a frame is.

    Args:
        lowest: MIDI number of the first key; 21 is the lowest of a piano.
        keys: How many there are.
        frames_per_quarter: Frames in a quarter note.

    Raises:
        RecipeError: They are no keys of MIDI, or a frame has no length.
    """

    lowest: int = 21
    keys: int = 88
    frames_per_quarter: int = 1

    def __post_init__(self) -> None:
        numbers = (self.lowest, self.keys, self.frames_per_quarter)
        if not all(type(n) is int for n in numbers) or not (
            self.lowest >= 0 and 0 < self.keys <= 128 - self.lowest and self.frames_per_quarter > 0
        ):
            raise RecipeError(f"processing: {asdict(self)} are no keys of MIDI numbers 0 to 127.")

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> PianoRoll:
        """Rebuilds the configuration from JSON-able values.

        Raises:
            RecipeError: A key is unknown, or a value does not fit.
        """
        values = dict(processing)
        kind = values.pop("kind", "piano_roll")
        if kind != "piano_roll" or set(values) - set(cls.__dataclass_fields__):
            raise RecipeError(f"processing: received {dict(processing)}; needed is a piano_roll.")
        return cls(**values)

    def to_processing(self) -> dict[str, Any]:
        """The configuration as JSON-able values."""
        return {"kind": "piano_roll", **asdict(self)}

    def roll(self, frames: Sequence[Sequence[int]]) -> np.ndarray:
        """Frames as float32 (time, keys) of 0 and 1.

        Raises:
            InputError: A note is none of the keys.
        """
        roll = np.zeros((len(frames), self.keys), np.float32)
        for row, frame in zip(roll, frames, strict=True):
            for note in frame:
                if not self.lowest <= note < self.lowest + self.keys:
                    highest = self.lowest + self.keys - 1
                    raise InputError(
                        f"Received the note {note}; the keys are {note_name(self.lowest)} "
                        f"({self.lowest}) to {note_name(highest)} ({highest})."
                    )
                row[note - self.lowest] = 1
        return roll

    def frames(self, roll: np.ndarray) -> Frames:
        """The inverse of `roll`: the keys that are above 0."""
        return tuple(tuple((np.flatnonzero(row > 0) + self.lowest).tolist()) for row in roll)

    def read(self, raw: Any) -> Frames:
        """Takes what a user has.

        Args:
            raw: A path of a MIDI file (.mid, .midi) or of a text with a frame a line; a sequence
                of frames, each one of note numbers or names; or a roll (time, keys) of 0 and 1.

        Raises:
            InputError: It is none of these, is empty, or a note is none of the keys.
            MissingExtraError: A MIDI file, and mido is not installed.
        """
        frames = self._frames(raw)
        if not frames:
            raise InputError("Received no frame; give at least one.")
        self.roll(frames)
        return frames

    def _frames(self, raw: Any) -> Frames:
        if isinstance(raw, str | Path):
            return self._of_file(Path(raw))
        if isinstance(raw, np.ndarray):
            if raw.ndim != 2 or raw.shape[1] != self.keys or not np.isin(raw, (0, 1)).all():
                raise InputError(
                    f"Received an array of shape {raw.shape}; needed is (time, {self.keys}) of "
                    "0 and 1."
                )
            return self.frames(raw)
        try:
            return tuple(tuple(sorted({note_number(str(n)) for n in frame})) for frame in raw)
        except TypeError:
            raise InputError(
                f"Received a {type(raw).__name__}; needed is a MIDI file, a text with a frame a "
                "line, frames of notes, or a roll."
            ) from None

    def _of_file(self, path: Path) -> Frames:
        if path.suffix.lower() in (".mid", ".midi"):
            from zoo.processing.midi import read_midi

            return read_midi(path, self.frames_per_quarter)
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "no text in UTF-8"
            raise InputError(
                f"{path!s:.99}: {reason}; give a MIDI file, or a text with a frame a line."
            ) from None
        return tuple(read_line(line) for line in lines if line.strip())
