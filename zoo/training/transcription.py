"""How a network learns to write down words that are said one after the other."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from zoo.datasets._utterances import Utterances
from zoo.errors import DataError
from zoo.model_card import Recipe
from zoo.processing.audio import LogMel
from zoo.processing.mixtures import NoiseMaker
from zoo.processing.recording import read as read_recording
from zoo.processing.strings import PAUSES, StringMaker
from zoo.tasks.transcription import OTHERS, from_processing
from zoo.training.batches import Batches, Problem
from zoo.training.bent_frames import Bending
from zoo.training.ctc_loss import CtcLoss
from zoo.training.options import options_of
from zoo.training.spoken_lines import Strings, single_words

_VALIDATION = 192  # strings
_OPTIONS = (
    "seconds",
    "strings",
    "joined",
    "made_noise",
    "decibels",
    "level",
    "speed",
    "frames_weight",
    "bend",
)


def folds(recipe: Recipe, data: Utterances) -> list[str]:
    """What can be held out, one after the other: the speakers."""
    return sorted(set(data.speakers.tolist()))


def prepare(
    recipe: Recipe,
    data: Utterances,
    hold_out: str | None = None,
    processing: Mapping[str, Any] | None = None,
) -> Problem:
    """Cuts recordings into words and makes the sources of strings.

    Recipe: `training.options` has `seconds` (of a line) and `strings` (an epoch), `joined` (fewest
    and most recordings in one; what does not fit its line is left out), `made_noise` (share of
    noise that is not recorded), `decibels` (a string over the noise), `level` (of a string, in dB
    of full scale), `speed` (see `StringMaker`), `frames_weight` (see `CtcLoss`) and the table
    `bend` (see `zoo.training.bent_frames.Bending`).

    Raises:
        DataError: A part is empty, the speaker is unknown, or the sampling rate is another one.
        RecipeError: A key is unknown.
    """
    options = options_of(recipe, _OPTIONS)
    labels = [*OTHERS, *data.vocabulary]
    kept = {**(processing or recipe.processing), "labels": labels}
    config = from_processing(kept).config
    if data.sampling_rate != config.sampling_rate:
        raise DataError(f"Received {data.sampling_rate} Hz; needed is {config.sampling_rate} Hz.")
    rest = data.without(hold_out)
    bending = Bending.from_dict(options["bend"])
    longest = max(map(len, data.waveforms)) / data.sampling_rate + PAUSES[1]
    seconds = max(options["seconds"], longest)
    plain = {**options, "speed": 0.0, "joined": data.joined, "seconds": seconds}
    most = max(options["joined"][1], data.joined[1] * max(map(len, data.words)))
    training, validating = (
        _strings(chosen, part, data.vocabulary, config, bent, asked, count, most)
        for chosen, part, bent, asked, count in (
            (single_words(rest.part("train")), "train", bending, options, options["strings"]),
            (rest.part("validation"), "validation", Bending(0, 0, 0, 0), plain, _VALIDATION),
        )
    )
    return Problem(
        processing=kept,
        arguments={"classes": len(labels), "features": config.mels},
        train=Batches(training, recipe.training.batch_size, recipe.training.seed),
        validation=Batches(validating, recipe.training.batch_size, shuffle=False),
        loss=CtcLoss(most, options["frames_weight"]),
    )


def read_own_data(path: Path, recipe: Recipe, processing: Mapping[str, Any]) -> Utterances:
    """Reads a folder with recordings of one speaker and `transcripts.csv`, which says their words.

    Its columns are file and words, the latter with spaces between; every fifth recording validates.
    The noise is made.

    Raises:
        DataError: The table is missing or damaged, or has fewer than five recordings with words.
        InputError: A file is no recording.
    """
    table, rate = path / "transcripts.csv", int(processing["sampling_rate"])
    try:
        rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8-sig"), newline="")))
        said = [(row["file"], tuple(row["words"].split())) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error, KeyError, AttributeError) as error:
        raise DataError(
            f"Received {path}, whose transcripts.csv cannot be read: {error!r}."
        ) from None
    if len(said) < 5 or not all(words for _, words in said):
        raise DataError(
            f"Received {table} with {len(said)} recordings; needed are five at least, and the "
            "words of each."
        )
    return Utterances(
        waveforms=tuple(read_recording(path / name, rate) for name, _ in said),
        words=tuple(words for _, words in said),
        speakers=np.full(len(said), "own"),
        splits=np.where(np.arange(len(said)) % 5 == 0, "validation", "train"),
        noises={},
        sampling_rate=rate,
        joined=(1, 1),
    )


def _strings(
    data: Utterances,
    part: str,
    words: Sequence[str],
    config: LogMel,
    bending: Bending,
    options: Mapping[str, Any],
    count: int,
    longest: int,
) -> Strings:
    joined, speakers = tuple(options["joined"]), data.speakers.tolist()
    maker = StringMaker(data.waveforms, speakers, data.sampling_rate, joined, options["speed"])
    noises = NoiseMaker(data.noises.get(part, {}), options["made_noise"])
    return Strings(data, words, maker, noises, config, bending, options, count, longest)
