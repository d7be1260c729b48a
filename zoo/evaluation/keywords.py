"""Keywords in a stream: words that are told, other speech and noise that are not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.errors import DataError
from zoo.evaluation.nearest_word import NearestWord
from zoo.evaluation.robustness import Change
from zoo.model_card import Metric
from zoo.processing.mixtures import NoiseMaker, at_level
from zoo.processing.recording import read
from zoo.tasks import Run
from zoo.tasks.keywords import Keywords

NOISY = 10  # dB of a clip over the noise
_OTHER_LEVELS = (0, 5, 20)  # of every fourth clip, as details
_BEFORE, _AFTER = 0.5, 0.7  # seconds around a clip
_LEVELS = (-45.0, -15.0)  # dB of full scale, of noise alone
_MINUTES = 60
_SEED = 2026
Waveforms = Sequence[np.ndarray]
Spotter = Callable[[Waveforms], list[list[str]]]  # the words told in each of some waveforms


@dataclass(frozen=True)
class Sounds:
    """What a part of the data is judged on.

    Attributes:
        clips: Commands, float32 (samples,) each.
        words: What they say.
        others: Clips of other speech.
        noises: Name -> float32 (samples,); perhaps none.
        rate: Sampling rate in Hz.
        whose: Clips, in words: of unseen speakers, or perhaps of the same ones.
    """

    clips: list[np.ndarray]
    words: list[str]
    others: list[np.ndarray]
    noises: dict[str, np.ndarray]
    rate: int
    whose: str

    def around(self, clip: np.ndarray, decibels: float | None, number: int) -> np.ndarray:
        """A clip with half a second before and 0.7 s or more after it: of silence, or over noise.

        Args:
            clip: The clip.
            decibels: Level of the clip over the noise, over the whole clip; None for silence.
            number: Of the clip, which decides what noise it is.
        """
        rest = -len(clip) % (self.rate // 2)  # so that many are as long
        line = np.pad(clip, (round(_BEFORE * self.rate), round(_AFTER * self.rate) + rest))
        if decibels is None:
            return line
        noise = NoiseMaker(self.noises).draw(len(line), np.random.default_rng([_SEED, number]))
        power = float(np.square(clip, dtype=np.float64).mean())
        return np.asarray(line + noise * np.sqrt(power * 10 ** (-decibels / 10)), np.float32)


def evaluate(task: Keywords, run: Run, data: VoicesInNoise, split: str = "test") -> list[Metric]:
    """Scores what is told of words, other speech and noise.

    Args:
        task: What turns samples into events.
        run: The network.
        data: Clips and noise; commands are those of `data.commands_of`.
        split: "validation" or "test".

    Returns:
        `accuracy`; where the part has noise also `accuracy_10_db` and `false_alarms`; where it has
        other speech also `ignored_speech`.

    Raises:
        DataError: The commands are not the task's, or the part has none.
    """
    if data.commands != task.words:
        raise DataError(f"Received the words {data.commands}; the task has {task.words}.")
    sounds = _sounds(data, split)
    known = data.where(data.splits == "train")
    naive = NearestWord(task.config, task.words, known.words, known.waveforms)
    spotters = [lambda waveforms: told(task, run, waveforms), naive.told]
    metrics = [_accuracy(sounds, spotters, None, split)]
    if sounds.noises:
        metrics += [
            _accuracy(sounds, spotters, NOISY, split),
            _false_alarms(sounds, spotters, split),
        ]
    if sounds.others:
        metrics.append(_ignored(sounds, spotters, split))
    return metrics


def changed(task: Keywords, run: Run, data: VoicesInNoise, split: str, change: Change) -> float:
    """Accuracy on the clips of a part, in silence, that `change` has made worse.

    Raises:
        DataError: The part has no command.
    """
    sounds = _sounds(data, split)
    lines = [sounds.around(clip, None, number) for number, clip in enumerate(sounds.clips)]
    worse = [
        read(change(line, sounds.rate, number), sounds.rate) for number, line in enumerate(lines)
    ]
    return _share_right(told(task, run, worse), sounds.words)


def told(task: Keywords, run: Run, waveforms: Waveforms) -> list[list[str]]:
    """The words that the task tells in each of some waveforms, in their order."""
    shares = task.decisions.shares(task.frontend.around(run), waveforms)
    return [[word for _, word, _ in task.rule().found(one, 0)] for one in shares]


def _sounds(data: VoicesInNoise, part: str) -> Sounds:
    here = data.splits == part
    is_command = here & (data.sources == data.commands_of)
    is_other = here & ~np.isin(data.words, data.commands)
    if not is_command.any():
        raise DataError(f"The part {part!r} has no clip of {', '.join(data.commands)}.")
    chosen, other = data.where(is_command), data.where(is_other)
    seen = set(data.speakers[data.splits == "train"].tolist()) | {""}
    unseen = seen.isdisjoint(chosen.speakers.tolist())
    return Sounds(
        list(chosen.waveforms),
        chosen.words.tolist(),
        list(other.waveforms),
        data.noises.get(part, {}),
        data.sampling_rate,
        "unseen speakers" if unseen else "perhaps the same speakers",
    )


def _accuracy(
    sounds: Sounds, spotters: Sequence[Spotter], decibels: int | None, split: str
) -> Metric:
    """The share of clips of which their word is told, and no other."""

    def share(spotter: Spotter, level: int | None, step: int = 1) -> float:
        lines = [
            sounds.around(clip, level, number)
            for number, clip in enumerate(sounds.clips)
            if number % step == 0
        ]
        return _share_right(spotter(lines), sounds.words[::step])

    where = "in silence" if decibels is None else f"{decibels} dB over noise that no training heard"
    ours, naive = (share(spotter, decibels) for spotter in spotters)
    levels = _OTHER_LEVELS if decibels is not None else ()
    return Metric(
        name="accuracy" if decibels is None else f"accuracy_{decibels}_db",
        value=ours,
        unit="share",
        direction="higher",
        split=split,
        protocol=(
            f"{len(sounds.clips)} clips of {sounds.whose} {where}, over the whole clip; right is "
            "a clip of which its word is told, once, and no other"
        ),
        seeds=[_SEED],
        primary=decibels is None,
        baselines={"energy_and_nearest_mean": naive},
        details={f"{level} dB": share(spotters[0], level, 4) for level in levels},
    )


def _share_right(found: Sequence[list[str]], words: Sequence[str]) -> float:
    """How often the word that was said is told, once, and no other."""
    return float(np.mean([told == [word] for told, word in zip(found, words, strict=True)]))


def _false_alarms(sounds: Sounds, spotters: Sequence[Spotter], split: str) -> Metric:
    """Words told in an hour of noise."""
    maker = NoiseMaker(sounds.noises)
    lines = []
    for number in range(_MINUTES):
        rng = np.random.default_rng([_SEED, 1, number])
        lines.append(at_level(maker.draw(60 * sounds.rate, rng), rng.uniform(*_LEVELS)))
    ours, naive = (sum(map(len, spotter(lines))) for spotter in spotters)
    seconds = sum(map(len, sounds.noises.values())) / sounds.rate
    return Metric(
        name="false_alarms",
        value=float(ours),
        unit=f"in {_MINUTES} minutes",
        direction="lower",
        split=split,
        protocol=(
            f"words told in {_MINUTES} minutes of mixtures of {', '.join(sorted(sounds.noises))}, "
            f"of which only {seconds:.0f} s are independent"
        ),
        seeds=[_SEED],
        baselines={"energy_and_nearest_mean": float(naive)},
    )


def _ignored(sounds: Sounds, spotters: Sequence[Spotter], split: str) -> Metric:
    """The share of clips of other speech in which no word is told."""
    lines = [sounds.around(clip, None, number) for number, clip in enumerate(sounds.others)]
    ours, naive = (float(np.mean([not found for found in spotter(lines)])) for spotter in spotters)
    return Metric(
        name="ignored_speech",
        value=ours,
        unit="share",
        direction="higher",
        split=split,
        protocol=f"{len(lines)} clips of other words and sentences in silence; right is no event",
        seeds=[_SEED],
        baselines={"energy_and_nearest_mean": naive},
    )
