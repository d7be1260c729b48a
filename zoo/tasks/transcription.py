"""Transcription: a recording in, the words said in it and their times out, as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.audio import LogMel
from zoo.processing.ctc import GreedyRule, aligned, best_words, merged
from zoo.processing.frontend import Run
from zoo.processing.labels import check_names, checked
from zoo.processing.word_times import spans
from zoo.tasks._events import EventTask
from zoo.tasks.classification import log_mel

DOMAIN = "speech"
INPUTS = {"features": "log-mel spectrogram, a frame a step"}
OUTPUTS = {"logits": "for each frame one logit for silence, one for speech, then one a word"}
OTHERS = ("silence", "speech")
BEAMS = 8


@dataclass(frozen=True)
class SpokenWord:
    """One word that was heard.

    Attributes:
        word: What it is.
        start: Where it begins, in seconds from the start of the recording.
        end: Where it ends.
        probability: The largest that a frame gives it.
    """

    word: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True)
class Transcript:
    """What was said.

    Attributes:
        text: The words; those of one character each stand together, as the digits of a number do.
        words: Each with its times.
        probability: Of these words and no others in this order, as far as the search saw.
    """

    text: str
    words: tuple[SpokenWord, ...]
    probability: float

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return asdict(self)

    def __str__(self) -> str:
        lines = [f"{self.text or '(nothing)'} ({self.probability:.1%})"]
        lines += [
            f"{x.start:.2f} to {x.end:.2f} s: {x.word} ({x.probability:.1%})" for x in self.words
        ]
        return "\n".join(lines)


class Transcription(EventTask):
    """Writes down what is said.

    The network is that of `zoo.tasks.frames`; its classes are OTHERS and then the words. Piece by
    piece the words are told greedily, each when it is complete; of a whole recording a search over
    several beams finds them.

    Args:
        config: How a waveform becomes features; its level is "none".
        labels: Name of each class, OTHERS first.
        beams: Beginnings of the text that the search keeps, if it is not told otherwise.

    Raises:
        RecipeError: The labels do not begin with OTHERS or name no word, or there is no beam.
    """

    def __init__(self, config: LogMel, labels: Sequence[str], beams: int = BEAMS) -> None:
        if tuple(labels[:2]) != OTHERS or len(labels) < 3:
            raise RecipeError(f"Received labels={list(labels)}; needed are {OTHERS}, then words.")
        if isinstance(beams, bool) or not isinstance(beams, int) or beams < 1:
            raise RecipeError(f"Received beams={beams!r}; use a whole number from 1 on.")
        super().__init__(config, labels, partial(GreedyRule, tuple(labels[2:])), {})
        self.beams = beams
        self.processing = {**self.decisions.processing, "beams": beams}

    @property
    def words(self) -> tuple[str, ...]:
        """The vocabulary."""
        return self.labels[2:]

    def predict(  # type: ignore[override]
        self, run: Run, raw: Any, *, sampling_rate: int | None = None, beams: int | None = None
    ) -> Transcript:
        """What is said in one recording.

        Args:
            run: The network with the frontend around it.
            raw: A path, a file's bytes or an array of samples.
            sampling_rate: The rate of an array in Hz; files state their own.
            beams: Beginnings of the text that the search keeps; 1 is greedy.

        Raises:
            InputError: The raw input or an option cannot be used.
            MissingExtraError: The input needs a package that is not installed.
        """
        if beams is not None and (
            isinstance(beams, bool) or not isinstance(beams, int) or beams < 1
        ):
            raise InputError(f"Received beams={beams!r}; use a whole number from 1 on.")
        shares = checked(self.decisions.outputs(run, raw, sampling_rate)["probabilities"])[0]
        return self.transcript(shares, beams)

    def predict_many(  # type: ignore[override]
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        sampling_rate: int | None = None,
        beams: int | None = None,
    ) -> list[Transcript]:
        """What is said in several recordings, one after the other; see `predict`."""
        if not raws:
            raise InputError("Received no input; give at least one.")
        return [self.predict(run, x, sampling_rate=sampling_rate, beams=beams) for x in raws]

    def transcript(self, shares: np.ndarray, beams: int | None = None) -> Transcript:
        """What the probabilities of all frames, (frames, classes), come to."""
        joint = merged(shares)
        codes, score = best_words(joint, self.beams if beams is None else beams)
        told = aligned(joint, codes)
        seconds = self.decisions.frames.seconds
        words = tuple(
            SpokenWord(
                self.words[code - 1], seconds(start), seconds(end), float(joint[frame, code])
            )
            for code, frame, (start, end) in zip(codes, told, spans(shares, told), strict=True)
        )
        gap = "" if max(map(len, self.words)) == 1 else " "
        return Transcript(gap.join(x.word for x in words), words, float(np.exp(score)))


def from_processing(processing: Mapping[str, Any]) -> Transcription:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "log_mel", `level` "none", the other fields of
            `zoo.processing.audio.LogMel`, `labels` (OTHERS, then the words) and perhaps `beams`.

    Raises:
        RecipeError: The kind, a key or a setting is wrong, or there are no labels.
    """
    labels = check_names(processing.get("labels"), "labels")
    config = log_mel({name: x for name, x in processing.items() if name != "beams"})
    return Transcription(config, labels, processing.get("beams", BEAMS))
