"""Digit speech: a text of digits in, a voice that says them out."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.files import replacing
from zoo.processing.audio import LogMel
from zoo.processing.configuration import check_keys
from zoo.processing.digit_texts import to_digits
from zoo.processing.digit_timing import Manner, Span, Timing, read_timing
from zoo.processing.finite import all_finite
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.griffin_lim import GriffinLim
from zoo.processing.mel_inverse import MelInverse
from zoo.processing.wav import wav_bytes

DOMAIN = "text"
INPUTS = {
    "tokens": "what is said in each frame: 0 in a pause, else the digit and 1",
    "speakers": "who says it: place in `speakers`",
    "place": "share of the digit that is over at the middle of the frame, seconds of the digit, "
    "cosines of pi, 2 pi, 3 pi and 4 pi times the share; zeros in a pause",
    "style": "how this text is said, normal numbers of deviation 1; zeros in a pause",
}
OUTPUTS = {"log_mel": "log10 of the mel powers of each frame and `floor`, level about 1"}
TOKENS = 11
_LOUDNESS = 0.05  # what a level of 1 is in the waveform
_KEYS = {"kind", "log_mel", "styles", "speakers", "seconds", "spread"}


@dataclass(frozen=True)
class Plan:
    """What is to be said.

    Attributes:
        arrays: What the network reads, a row a frame.
        spans: Where each digit is.
        speaker: Whose voice it is.
        seed: Of the phases of the waveform.
    """

    arrays: Arrays
    spans: list[Span]
    speaker: str
    seed: int


@dataclass(frozen=True)
class Said:
    """A digit, and its start and end in seconds."""

    digit: str
    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Speech:
    """What was said.

    Attributes:
        text: The digits, as in "3 1 4".
        speaker: Whose voice it is.
        sampling_rate: In Hz.
        digits: When each digit is said.
        waveform: float32 (samples,) in [-1, 1].
        log_mel: float32 (time, mels), what the network said before there were phases.
    """

    text: str
    speaker: str
    sampling_rate: int
    digits: list[Said]
    waveform: np.ndarray = field(repr=False)
    log_mel: np.ndarray = field(repr=False)

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.waveform) / self.sampling_rate

    @property
    def wav(self) -> bytes:
        """A WAV file of 16-bit samples."""
        return wav_bytes(self.waveform, self.sampling_rate)

    def save(self, path: str | Path) -> None:
        """Writes the WAV file."""
        with replacing(Path(path)) as temporary:
            temporary.write_bytes(self.wav)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values; `wav` is the file in base64."""
        facts = {"text": self.text, "speaker": self.speaker, "sampling_rate": self.sampling_rate}
        sound = base64.b64encode(self.wav).decode()
        digits = [asdict(digit) for digit in self.digits]
        return {**facts, "seconds": self.seconds, "digits": digits, "wav": sound}

    def __str__(self) -> str:
        if not self.text:
            return ""
        return f"{self.text} by {self.speaker}, {self.seconds:.2f} s at {self.sampling_rate} Hz"


class DigitSpeech:
    """Says digits.

    The network takes, for each frame, `tokens` and `speakers` int32 (batch, time), `place` float32
    (batch, time, 6) and `style` float32 (batch, time, styles), and gives `log_mel` float32 (batch,
    time, mels). It never looks ahead, so a text may come digit by digit.

    Args:
        config: What the log-mel frames are of.
        timing: How long each speaker takes for each digit.
    """

    def __init__(self, config: LogMel, timing: Timing) -> None:
        self.config = config
        self.timing = timing
        self.frontend = Frontend(None, None)
        self._magnitudes = MelInverse(config)
        self.processing: dict[str, Any] = {
            "kind": "spoken_digits",
            "log_mel": asdict(config),
            "styles": timing.styles,
            "speakers": list(timing.speakers),
            "seconds": [list(row) for row in timing.seconds],
            "spread": timing.spread,
        }

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        speaker: str | None = None,
        seed: int = 0,
        variety: float = 0.7,
        speed: float = 1.0,
        pause: float = 0.15,
    ) -> Speech:
        """Says one text.

        Args:
            run: The network.
            raw: Digits, as in "3 1 4", "314" or "three one four".
            speaker: Whose voice; the first of those that there are if left out.
            seed: The same seed says the same text in the same way.
            variety: How far lengths and style are drawn from their means: 0 not at all, 1 as in
                recordings.
            speed: Above 1 all is faster.
            pause: Seconds before each digit and after the last.

        Raises:
            InputError: The text holds anything else, nobody has that name, or a number is off.
        """
        options = {"seed": seed, "variety": variety, "speed": speed, "pause": pause}
        return self.predict_many(run, [raw], speaker=speaker, **options)[0]

    def predict_many(
        self, run: Run, raws: Sequence[Any], *, speaker: str | None = None, **options: Any
    ) -> list[Speech]:
        """Says several texts, their frames in one batch; see `predict`."""
        if not raws:
            raise InputError("Received no input; give at least one text.")
        manner = Manner(**options)
        return self.say(run, [self.plan(raw, speaker, manner) for raw in raws])

    def plan(self, raw: Any, speaker: str | None, manner: Manner) -> Plan:
        """What is to be said of one text, by whom and how; see `predict`.

        Raises:
            InputError: The text holds anything but digits, or nobody has that name.
        """
        digits, who = to_digits(raw), self.speaker(speaker)
        return Plan(*self.timing.arrays(digits, who, manner), who, manner.seed)

    def say(self, run: Run, plans: Sequence[Plan]) -> list[Speech]:
        """Says what was planned, the frames of all in one batch.

        Args:
            run: The network.
            plans: One or more.

        Raises:
            InputError: The network answered NaN.
        """
        longest = max(len(plan.arrays["tokens"]) for plan in plans)
        batch = [_padded(plan.arrays, longest) for plan in plans]
        said = run({name: np.stack([row[name] for row in batch]) for name in INPUTS})["log_mel"]
        return [
            self.speech(row[: len(plan.arrays["tokens"])], plan)
            for row, plan in zip(said, plans, strict=True)
        ]

    def speaker(self, name: str | None) -> str:
        """The speaker of that name, or the first one.

        Raises:
            InputError: Nobody has that name.
        """
        known = self.timing.speakers
        return known[self.timing.number(name)] if name is not None else known[0]

    def reader(
        self,
        raw: bool,
        *,
        speaker: str | None = None,
        seed: int = 0,
        variety: float = 0.7,
        speed: float = 1.0,
        pause: float = 0.15,
    ) -> DigitReader:
        """Says one text as its digits come; see `zoo.tasks.Reader` and `predict`."""
        return DigitReader(self, self.speaker(speaker), Manner(seed, variety, speed, pause))

    def speech(self, log_mel: np.ndarray, plan: Plan) -> Speech:
        """The sound of log-mel frames, float32 (time, mels), and what is said in it.

        Raises:
            InputError: They are not finite.
        """
        if not all_finite(log_mel):
            raise InputError("The network answered NaN; its file is damaged or of another task.")
        hop = self.config.hop
        return Speech(
            text=" ".join(str(span.digit) for span in plan.spans),
            speaker=plan.speaker,
            sampling_rate=self.config.sampling_rate,
            digits=[
                Said(str(span.digit), round(span.start * hop, 4), round(span.end * hop, 4))
                for span in plan.spans
            ],
            waveform=self.waveform(log_mel, plan.seed),
            log_mel=log_mel,
        )

    def waveform(self, log_mel: np.ndarray, seed: int = 0) -> np.ndarray:
        """Samples in [-1, 1] with such frames, a hop for each, float32 (samples,).

        Args:
            log_mel: Float (time, mels).
            seed: Of the phases that the search starts from.
        """
        config = self.config
        lengths = (config.frame_length, config.hop_length, config.fft_length)
        found = GriffinLim(*lengths, seed=seed)(self._magnitudes(log_mel))
        return np.clip(_LOUDNESS * found[: len(log_mel) * config.hop_length], -1, 1)


class DigitReader:
    """Digits of one text in, their sound out, piece by piece; see `zoo.tasks.Reader`.

    A piece is a text as `DigitSpeech.predict` takes it, or a blank one. Pieces join in pauses.

    Args:
        task: What says them.
        speaker: Whose voice.
        manner: How.
    """

    def __init__(self, task: DigitSpeech, speaker: str, manner: Manner) -> None:
        self._task, self._speaker, self._manner = task, speaker, manner
        self._nothing = Plan({}, [], speaker, manner.seed)
        self.reset()

    def arrays(self, chunk: Any) -> Arrays | None:
        """The frames of the next digits, each after its pause; None of a blank text.

        Raises:
            InputError: The piece holds anything but digits.
        """
        if isinstance(chunk, str) and not chunk.strip():
            self._plan = self._nothing
            return None
        return self._planned(to_digits(chunk), ends=False)

    def rest(self) -> Arrays | None:
        """The last pause; None where nothing was said."""
        self._plan = self._nothing
        return self._planned([], ends=True) if self._said else None

    def _planned(self, digits: list[int], ends: bool) -> Arrays:
        timing, manner = self._task.timing, self._manner
        arrays, spans = timing.arrays(digits, self._speaker, manner, said=self._said, ends=ends)
        self._plan = Plan(arrays, spans, self._speaker, manner.seed)
        self._said += len(digits)
        return {name: array[None] for name, array in arrays.items()}

    def answer(self, outputs: Arrays | None) -> Speech:
        """The sound of these frames; without outputs, none."""
        silent = np.zeros((0, self._task.config.mels), np.float32)
        return self._task.speech(silent if outputs is None else outputs["log_mel"][0], self._plan)

    def reset(self) -> None:
        """Starts another text."""
        self._said = 0
        self._plan = self._nothing

    def state(self) -> Arrays:
        """How many digits were said."""
        return {"said": np.array(self._said)}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        said = int(arrays["said"])
        if said < 0:
            raise ValueError(f"{said} digits")
        self._said = said


def _padded(arrays: Arrays, frames: int) -> Arrays:
    """Pauses after the end of a text; the network does not look ahead."""
    missing = frames - len(arrays["tokens"])
    pads = {1: ((0, missing),), 2: ((0, missing), (0, 0))}
    return {name: np.pad(array, pads[array.ndim]) for name, array in arrays.items()}


def from_processing(processing: Mapping[str, Any]) -> DigitSpeech:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "spoken_digits", `log_mel` (see `zoo.processing.audio.LogMel`), `styles`,
            `speakers`, `seconds` and `spread` (see `zoo.processing.digit_timing.Timing`).

    Raises:
        RecipeError: A key is unknown or missing, or a value cannot be used.
    """
    check_keys(processing, _KEYS)
    config = log_mel(processing)
    return DigitSpeech(config, read_timing(processing, config.hop))


def log_mel(processing: Mapping[str, Any]) -> LogMel:
    """The spectrogram of a configuration or of a recipe.

    Raises:
        RecipeError: A key is unknown or a value out of range.
    """
    return LogMel.from_dict(processing["log_mel"])
