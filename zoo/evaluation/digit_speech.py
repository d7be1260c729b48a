"""How well what is said is understood, by networks that learned from real recordings alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.datasets.digits_to_say import DigitsToSay, Saying
from zoo.datasets.fsdd import Recordings
from zoo.errors import DataError
from zoo.evaluation.transduction import edit_distance
from zoo.model_card import Metric
from zoo.processing.clip_frames import stretched, trimmed
from zoo.processing.digit_timing import Manner
from zoo.tasks import Run
from zoo.tasks.digit_speech import DigitSpeech, Plan

Heard = Callable[[Sequence[np.ndarray]], list[str]]
Frames = Callable[[str, int, int], np.ndarray]  # of a speaker, a digit and a number of frames
_BATCH = 50
_DIGITS, _STRINGS = "digits-gru", "digit-strings-ctc"


@dataclass(frozen=True)
class Listeners:
    """What hears waveforms at 8 kHz, and gives the digits as text.

    Attributes:
        digit: Hears one digit in each.
        string: Hears any number of digits in each; None where strings are not judged.
    """

    digit: Heard
    string: Heard | None = None


def evaluate(
    task: DigitSpeech,
    run: Run,
    data: DigitsToSay,
    split: str = "test",
    *,
    listeners: Listeners | None = None,
) -> list[Metric]:
    """Scores a voice by what is understood.

    Baselines say the same texts with the same durations: `class_mean` with the mean spectrogram of
    the training clips of the digit and the speaker, all brought to one length; `constant_spectrum`
    with its mean over time. In the details stand `recordings`, real ones of the test part that
    went through the same log-mel frames and the same search for phases, and each speaker.

    Args:
        task: What makes waveforms of frames.
        run: The network.
        data: The texts, and recordings.
        split: "validation" or "test".
        listeners: What hears; by default two models of the zoo.

    Returns:
        `understood` (primary), the share of single digits that are heard as what was said, and,
        where strings are judged, `word_accuracy`, 1 less their word errors.

    Raises:
        DataError: There is no such part.
    """
    if not data.digits.get(split) or not data.strings.get(split):
        raise DataError(f"Received the part {split!r}; there are texts to say for test.")
    heard = listeners or _listeners()
    digits, strings = data.digits[split], data.strings[split]
    clips = trimmed_clips(task, data.recordings)
    naive = {"class_mean": clips.mean, "constant_spectrum": clips.constant}
    said = {"network": said_by(task, run, digits)}
    said |= {name: said_with(task, frames, digits) for name, frames in naive.items()}
    rights = {name: _rights(heard.digit(waves), digits) for name, waves in said.items()}
    real = data.recordings.where(data.recordings.splits == split)
    again = heard.digit([resounded(task, waveform) for waveform in real.waveforms])
    as_real = [text == str(label) for text, label in zip(again, real.labels, strict=True)]
    metrics = [
        Metric(
            name="understood",
            value=float(np.mean(rights["network"])),
            unit="share",
            direction="higher",
            split=split,
            protocol=f"{len(digits)} single digits, ten digits and six speakers in turn, fixed "
            f"seeds, heard by {_DIGITS}, which learned from the real recordings alone; "
            f"`recordings` are {len(real)} real ones through the same frames and phases",
            seeds=[],
            primary=True,
            baselines={name: float(np.mean(rights[name])) for name in naive},
            details={
                **({"recordings": float(np.mean(as_real))} if as_real else {}),
                **_by_speaker(rights["network"], digits),
            },
        ),
    ]
    if heard.string is not None:
        waves = {"network": said_by(task, run, strings)}
        waves["class_mean"] = said_with(task, clips.mean, strings)
        errors = {name: word_error(heard.string(one), strings) for name, one in waves.items()}
        metrics.append(_word_accuracy(errors, len(strings), split))
    return metrics


def _word_accuracy(errors: Mapping[str, float], strings: int, split: str) -> Metric:
    return Metric(
        name="word_accuracy",
        value=1 - errors["network"],
        unit="share",
        direction="higher",
        split=split,
        protocol=f"1 less the word errors of {strings} strings of 1 to 8 digits, fixed seeds, "
        f"heard by {_STRINGS}, which learned from the real recordings alone",
        seeds=[],
        baselines={"class_mean": 1 - errors["class_mean"]},
        details={"word_error": errors["network"]},
    )


def said_by(task: DigitSpeech, run: Run, sayings: Sequence[Saying]) -> list[np.ndarray]:
    """What the network says, a waveform float32 (samples,) for each text."""
    plans = [_plan(task, saying) for saying in sayings]
    return [
        speech.waveform
        for start in range(0, len(plans), _BATCH)
        for speech in task.say(run, plans[start : start + _BATCH])
    ]


def said_with(task: DigitSpeech, frames: Frames, sayings: Sequence[Saying]) -> list[np.ndarray]:
    """The same texts with the same durations, each digit of the frames given."""
    found = []
    for saying in sayings:
        plan = _plan(task, saying)
        log_mel = _silence(task, len(plan.arrays["tokens"]))
        for span in plan.spans:
            length = span.end - span.start
            log_mel[span.start : span.end] = frames(plan.speaker, span.digit, length)
        found.append(task.waveform(log_mel, plan.seed))
    return found


def resounded(task: DigitSpeech, waveform: np.ndarray) -> np.ndarray:
    """A real recording through the task's frames and its search for phases, between pauses."""
    pause = _silence(task, round(0.15 / task.config.hop))
    return task.waveform(np.concatenate([pause, trimmed(waveform, task.config), pause]))


def word_error(heard: Sequence[str], sayings: Sequence[Saying]) -> float:
    """Edits between the digits heard and those to say, as a share of the latter."""
    edits = [edit_distance(list(one), list(s.text)) for one, s in zip(heard, sayings, strict=True)]
    return sum(edits) / sum(len(saying.text) for saying in sayings)


@dataclass(frozen=True)
class TrimmedClips:
    """Log-mel frames of training clips, by speaker and digit."""

    clips: Mapping[tuple[str, int], list[np.ndarray]]

    def mean(self, speaker: str, digit: int, frames: int) -> np.ndarray:
        """The mean of the clips, brought to so many frames each, (frames, mels)."""
        rows = [stretched(clip, frames) for clip in self.clips[speaker, digit]]
        return np.asarray(np.mean(rows, axis=0))

    def constant(self, speaker: str, digit: int, frames: int) -> np.ndarray:
        """The mean over clips and time, in each of so many frames, (frames, mels)."""
        row = np.mean([clip.mean(axis=0) for clip in self.clips[speaker, digit]], axis=0)
        return np.repeat(row[None], frames, axis=0)


def trimmed_clips(task: DigitSpeech, recordings: Recordings) -> TrimmedClips:
    """The training clips as the network learned them.

    Raises:
        DataError: A speaker of the task never says a digit there.
    """
    known = recordings.where(recordings.splits == "train")
    clips: dict[tuple[str, int], list[np.ndarray]] = {
        (speaker, digit): [] for speaker in task.timing.speakers for digit in range(10)
    }
    for waveform, label, speaker in zip(known.waveforms, known.labels, known.speakers, strict=True):
        clips[str(speaker), int(label)].append(trimmed(waveform, task.config))
    if missing := [pair for pair, found in clips.items() if not found]:
        raise DataError(f"The recordings have no {missing[0]} to train with; add some.")
    return TrimmedClips(clips)


def _listeners() -> Listeners:
    from zoo.catalog import all_cards
    from zoo.loading import load  # heavy; a caller that brings listeners needs no Keras

    def hears(model_id: str, said: Callable[[Any], str]) -> Heard:
        model = load(model_id)
        run = model.task.frontend.around(model.run)

        def heard(waveforms: Sequence[np.ndarray]) -> list[str]:
            return [
                said(answer)
                for start in range(0, len(waveforms), _BATCH)
                for answer in model.task.predict_many(run, waveforms[start : start + _BATCH])
            ]

        return heard

    digit = hears(_DIGITS, lambda answer: str(answer.label))
    if _STRINGS not in {card.id for card in all_cards()}:
        return Listeners(digit)
    return Listeners(digit, hears(_STRINGS, lambda answer: "".join(answer.text.split())))


def _plan(task: DigitSpeech, saying: Saying) -> Plan:
    return task.plan(saying.text, saying.speaker, Manner(seed=saying.seed))


def _silence(task: DigitSpeech, frames: int) -> np.ndarray:
    return np.full((frames, task.config.mels), np.log10(task.config.floor), np.float32)


def _rights(heard: Sequence[str], sayings: Sequence[Saying]) -> list[bool]:
    return [one == saying.text for one, saying in zip(heard, sayings, strict=True)]


def _by_speaker(rights: Sequence[bool], sayings: Sequence[Saying]) -> dict[str, float]:
    speakers = sorted({saying.speaker for saying in sayings})
    pairs = list(zip(rights, sayings, strict=True))
    return {
        name: float(np.mean([right for right, saying in pairs if saying.speaker == name]))
        for name in speakers
    }
