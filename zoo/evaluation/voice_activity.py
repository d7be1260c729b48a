"""ROC-AUC of voice activity on mixtures of clean speech and noise, beside the frames' energy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.errors import DataError
from zoo.evaluation.robustness import Change
from zoo.model_card import Metric
from zoo.processing.activity import clearness
from zoo.processing.mixtures import SpeechMixtures, shares_of_frames
from zoo.processing.recording import read
from zoo.tasks import Run
from zoo.tasks.voice_activity import VoiceActivity

SECONDS = 10.0
DECIBELS = (-5, 0, 5, 10, 15, 20)  # of the speech over the noise, over the whole stretch
EACH = 10  # stretches for each of them and each source
_FRAME = 0.032  # seconds of a decision
_CLEAR = 25.0  # dB over its floor: of a clip with less it is not known where it speaks
_PAUSES = (0.2, 1.2)  # seconds
_LEVELS = (-45.0, -15.0)  # dB of full scale
_SEED = 2026
_TRIMMED = ("fsdd",)  # sources whose clips have no floor: all of them is speech


@dataclass(frozen=True)
class Stretch:
    """One mixture to judge on.

    Attributes:
        waveform: float32 (samples,).
        spoken: Whether each frame is speech for half of its time or more, bool (frames,).
        decibels: Level of the speech over the noise.
        source: Where the speech is from.
    """

    waveform: np.ndarray
    spoken: np.ndarray
    decibels: int
    source: str


def evaluate(
    task: VoiceActivity, run: Run, data: VoicesInNoise, split: str = "test"
) -> list[Metric]:
    """Scores the probability of speech, frame by frame.

    Args:
        task: What turns samples into frames.
        run: The network.
        data: Clean speech and noise.
        split: "validation" or "test".

    Returns:
        One metric, `roc_auc`, with details by source and level.

    Raises:
        DataError: The part has no clear speech or no noise.
    """
    stretches = made(data, split)
    shares = _shares(task, run, [stretch.waveform for stretch in stretches])
    scores = [one[: len(stretch.spoken)] for one, stretch in zip(shares, stretches, strict=True)]
    energies = scored(stretches, energy)
    return [
        Metric(
            name="roc_auc",
            value=roc_auc(stretches, scores),
            unit="share",
            direction="higher",
            split=split,
            protocol=(
                f"frames of 32 ms of {len(stretches)} mixtures of {SECONDS:g} s, -5 to 20 dB over "
                "the whole mixture; labels by energy of the clean clips, of which those with less "
                f"than {_CLEAR:g} dB between speech and floor are left out; noise that training "
                "did not hear; speakers too, but those of barista-orders are not known"
            ),
            seeds=[_SEED],
            primary=True,
            baselines={"energy": roc_auc(stretches, energies)},
            details=_details(stretches, scores),
        )
    ]


def changed(
    task: VoiceActivity, run: Run, data: VoicesInNoise, split: str, change: Change
) -> float:
    """ROC-AUC on the mixtures of a part that `change` has made worse.

    Raises:
        DataError: The part has no clear speech or no noise.
    """
    stretches, rate = made(data, split), data.sampling_rate
    worse = [
        read(change(stretch.waveform, rate, number), rate)
        for number, stretch in enumerate(stretches)
    ]
    scores = []
    shares = _shares(task, run, worse)
    for stretch, heard, found in zip(stretches, worse, shares, strict=True):
        # Played faster it is shorter, with the same speech at the same share of its time.
        middles = (np.arange(len(stretch.spoken)) + 0.5) * len(heard) / len(stretch.waveform)
        scores.append(found[middles.astype(int)])
    return roc_auc(stretches, scores)


def _shares(task: VoiceActivity, run: Run, waveforms: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The probability of speech in each frame of each waveform."""
    found = task.decisions.shares(task.frontend.around(run), waveforms)
    return [one[:, 1] for one in found]


def mixtures(data: VoicesInNoise, part: str, seconds: float) -> SpeechMixtures:
    """Draws mixtures of the clear clips of a part.

    Raises:
        DataError: The part has no clear speech or no noise.
    """
    trimmed = np.isin(data.sources, _TRIMMED)
    clear = np.array(
        [
            where == part and (whole or clearness(waveform, data.sampling_rate) >= _CLEAR)
            for waveform, where, whole in zip(data.waveforms, data.splits, trimmed, strict=True)
        ],
        bool,
    )
    noises = data.noises.get(part, {})
    if not clear.any() or not noises:
        raise DataError(
            f"The part {part!r} has {clear.sum()} clear clips and {len(noises)} noises; needed is "
            "one of each at least."
        )
    chosen = data.where(clear)
    return SpeechMixtures(
        chosen.waveforms, chosen.sources.tolist(), noises, data.sampling_rate, seconds, _PAUSES
    )


def made(data: VoicesInNoise, part: str) -> list[Stretch]:
    """The mixtures of a part, the same each time."""
    drawn = mixtures(data, part, SECONDS)
    length = round(_FRAME * data.sampling_rate)
    stretches = []
    for group, source in enumerate(drawn.groups):
        for decibels in DECIBELS:
            for number in range(EACH):
                rng = np.random.default_rng([_SEED, group, decibels + 100, number])
                waveform, active = drawn.draw(group, decibels, rng.uniform(*_LEVELS), rng)
                shares = shares_of_frames(active, length, length, len(waveform) // length)
                stretches.append(Stretch(waveform, shares >= 0.5, decibels, source))
    return stretches


def scored(stretches: list[Stretch], score: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """What a detector gives each frame of 32 ms, float (frames,) a stretch.

    Args:
        stretches: The mixtures.
        score: A waveform at 8 kHz to one number a frame, higher where it is rather speech.
    """
    return [score(stretch.waveform)[: len(stretch.spoken)] for stretch in stretches]


def energy(waveform: np.ndarray, length: int = round(_FRAME * 8000)) -> np.ndarray:
    """The naive score: the power of each frame."""
    frames = waveform[: len(waveform) // length * length].reshape(-1, length)
    return np.asarray(np.square(frames, dtype=np.float64).mean(axis=1))


def roc_auc(stretches: list[Stretch], scores: list[np.ndarray]) -> float:
    """The chance that a frame of speech scores above one that is none; half for equal scores.

    All frames are compared with all, over the mixtures.
    """
    spoken = np.concatenate([stretch.spoken for stretch in stretches])
    score = np.concatenate(scores)
    _, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]  # from 1, shared by equal ones
    above = ranks[spoken].sum() - spoken.sum() * (spoken.sum() + 1) / 2
    return float(above / max(1, spoken.sum() * (~spoken).sum()))


def _details(stretches: list[Stretch], scores: list[np.ndarray]) -> dict[str, float]:
    """The same by source and by level."""
    keys = [(stretch.source, f"{stretch.decibels} dB") for stretch in stretches]
    names = sorted({source for source, _ in keys}) + [f"{level} dB" for level in DECIBELS]
    found = {}
    for name in names:
        places = [place for place, key in enumerate(keys) if name in key]
        chosen = [stretches[place] for place in places], [scores[place] for place in places]
        found[name] = roc_auc(*chosen)
    return found
