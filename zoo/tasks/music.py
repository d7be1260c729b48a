"""Music: some frames of notes in, how they go on out, a frame at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.files import replacing
from zoo.processing.decoding import Sampling, check_count
from zoo.processing.finite import all_finite
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.midi import midi_bytes
from zoo.processing.notes import Frames, PianoRoll, note_name, read_line, show_frame
from zoo.processing.parts import carry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOMAIN = "series"
INPUTS = {"roll": "the keys that sound in each frame, 0 or 1, the lowest first"}
OUTPUTS = {"logits": "one logit a key: whether it sounds in the next frame"}
TEMPO = 100.0
_NAMED = 6  # likely notes that a stream tells


@dataclass(frozen=True)
class Tune:
    """Frames that were given, and how they go on.

    Attributes:
        prompt: MIDI note numbers of each frame that was given.
        frames: Those of each frame that was written.
        frames_per_quarter: Frames in a quarter note.
        tempo: Quarter notes a minute.
    """

    prompt: Frames
    frames: Frames
    frames_per_quarter: int
    tempo: float = TEMPO

    @property
    def midi(self) -> bytes:
        """A MIDI file of all of it.

        Raises:
            MissingExtraError: mido is not installed.
        """
        return midi_bytes([*self.prompt, *self.frames], self.frames_per_quarter, self.tempo)

    def save(self, path: str | Path) -> None:
        """Writes the MIDI file; to a path that ends in .txt, a text with a frame a line.

        Raises:
            MissingExtraError: mido is not installed.
        """
        lines = "".join(f"{show_frame(frame)}\n" for frame in [*self.prompt, *self.frames])
        text = Path(path).suffix.lower() == ".txt"
        content = lines.encode() if text else self.midi
        with replacing(Path(path)) as temporary:
            temporary.write_bytes(content)

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draws a piano roll: what was given, and what was written.

        Args:
            path: A PNG to write too.

        Returns:
            A matplotlib figure, which a notebook shows.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        from zoo.plots.piano_roll import draw_piano_roll

        return draw_piano_roll(self, None if path is None else Path(path))

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {
            "prompt": [list(frame) for frame in self.prompt],
            "frames": [list(frame) for frame in self.frames],
            "frames_per_quarter": self.frames_per_quarter,
            "tempo": self.tempo,
        }

    def __str__(self) -> str:
        return "\n".join(map(show_frame, self.frames))


@dataclass(frozen=True)
class Next:
    """What may sound next: names of notes and their probabilities, the likeliest first."""

    likely: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"likely": self.likely}

    def __str__(self) -> str:
        return "  ".join(f"{name} {share:.0%}" for name, share in self.likely.items())


class Music:
    """Goes on with music.

    The network it runs takes `roll` float32 (batch, time, keys) and states, and gives `logits`
    float32 (batch, time, keys) and the next states. States left out are zeros.

    Args:
        keys: The keys, and how long a frame is.
    """

    def __init__(self, keys: PianoRoll) -> None:
        self.keys = keys
        self.frontend = Frontend(None, None)
        self.processing = keys.to_processing()

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 32,
        temperature: float = 0.7,
        voices: int = 4,
        tempo: float = TEMPO,
        seed: int = 0,
    ) -> Tune:
        """Goes on with a tune.

        How many keys sound in a frame is drawn near the number that the network expects, and which
        by Gumbel-top-k (Kool et al. 2019, arXiv 1903.06059): keys drawn each for itself would put
        two notes in the place of one, or none.

        Args:
            run: The network in its streaming form.
            raw: See `zoo.processing.notes.PianoRoll.read`.
            length: Frames to write.
            temperature: Divides the logits; 0 always takes the likeliest keys.
            voices: Keys that sound at once, at most.
            tempo: Quarter notes a minute, of the MIDI file.
            seed: The same seed gives the same tune.

        Raises:
            InputError: The raw input or an option cannot be used.
            MissingExtraError: A MIDI file, and mido is not installed.
        """
        return self.predict_many(
            run,
            [raw],
            length=length,
            temperature=temperature,
            voices=voices,
            tempo=tempo,
            seed=seed,
        )[0]

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        length: int = 32,
        temperature: float = 0.7,
        voices: int = 4,
        tempo: float = TEMPO,
        seed: int = 0,
    ) -> list[Tune]:
        """Goes on with several tunes, one after the other; see `predict`."""
        if not raws:
            raise InputError("Received no tune; give at least one.")
        if isinstance(tempo, bool) or not isinstance(tempo, int | float) or not 4 <= tempo <= 1000:
            raise InputError(f"Received tempo={tempo!r}; use 4 to 1000 quarter notes a minute.")
        found = []
        for raw in raws:
            prompt = self.keys.read(raw)
            rows = self._rows(run, prompt, length, voices, Sampling(temperature, seed=seed))
            frames = self.keys.frames(np.array(list(rows)).reshape(-1, self.keys.keys))
            found.append(Tune(prompt, frames, self.keys.frames_per_quarter, float(tempo)))
        return found

    def stream(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 32,
        temperature: float = 0.7,
        voices: int = 4,
        seed: int = 0,
    ) -> Iterator[str]:
        """The frames that `predict` writes, a line each, as they are drawn."""
        sampling = Sampling(temperature, seed=seed)
        rows = self._rows(run, self.keys.read(raw), length, voices, sampling)
        return (f"{show_frame(self.keys.frames(row[None])[0])}\n" for row in rows)

    def reader(self, _raw: bool) -> RollReader:
        """Reads one tune piece by piece; see `zoo.tasks.Reader`."""
        return RollReader(self.keys)

    def _rows(
        self, run: Run, prompt: Frames, length: int, voices: int, sampling: Sampling
    ) -> Iterator[np.ndarray]:
        """The frames that are drawn, float32 (keys,); options are checked at once."""
        check_count("length", length, 0)
        check_count("voices", voices, 1)
        return self._drawn(run, self.keys.roll(prompt), length, voices, sampling)

    def _drawn(
        self, run: Run, roll: np.ndarray, length: int, voices: int, sampling: Sampling
    ) -> Iterator[np.ndarray]:
        rng, states = sampling.generator(), dict[str, np.ndarray]()
        for _ in range(length):
            outputs = run({"roll": roll[None], **states})
            states = carry(outputs)
            row = _frame(last_logits(outputs)[0], voices, sampling.temperature, rng)
            yield row
            roll = row[None]


class RollReader:
    """Reads a tune as it is played, and says what may sound next.

    Args:
        keys: The keys.
    """

    def __init__(self, keys: PianoRoll) -> None:
        self._keys = keys

    def arrays(self, chunk: Any) -> Arrays | None:
        """The network's input for a line of notes, or for what `PianoRoll.read` takes.

        Raises:
            InputError: The piece cannot be used.
        """
        if isinstance(chunk, str):
            frames: Frames = (read_line(chunk),) if chunk.strip() else ()
        else:
            frames = self._keys.read(chunk)
        return {"roll": self._keys.roll(frames)[None]} if frames else None

    def rest(self) -> Arrays | None:
        """Nothing is left: every frame was read."""
        return None

    def answer(self, outputs: Arrays | None) -> Next:
        """The likeliest notes of the next frame."""
        if outputs is None:
            return Next()
        shares = _shares(last_logits(outputs)[0])
        first = np.argsort(-shares, kind="stable")[:_NAMED]
        return Next({note_name(int(k) + self._keys.lowest): float(shares[k]) for k in first})

    def reset(self) -> None:
        """Starts another tune: nothing is remembered here."""

    def state(self) -> Arrays:
        """All that it remembers: nothing."""
        return {}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""


def last_logits(outputs: Arrays) -> np.ndarray:
    """The logits after the last frame, float64 (batch, keys).

    Raises:
        InputError: They are not finite.
    """
    logits = outputs["logits"][:, -1].astype(np.float64)
    if not all_finite(logits):
        raise InputError("The network answered NaN; its file is damaged or of another task.")
    return np.asarray(logits)


def _shares(logits: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(logits / 2)))  # never overflows


def _frame(
    logits: np.ndarray, voices: int, temperature: float, rng: np.random.Generator
) -> np.ndarray:
    """One frame, float32 (keys,) of 0 and 1."""
    noise, more = rng.gumbel(size=len(logits)), rng.random()
    expected = _shares(logits).sum()
    if temperature == 0:
        count, scores = round(expected), logits
    else:
        count, scores = int(expected + more), logits / temperature + noise
    row = np.zeros(len(logits), np.float32)
    row[np.argsort(-scores, kind="stable")[: min(count, voices)]] = 1
    return row


def from_processing(processing: Mapping[str, Any]) -> Music:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: The configuration is not one of a piano roll.
    """
    return Music(PianoRoll.from_processing(processing))
