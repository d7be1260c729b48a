"""Word error of a transcription and how far its times are off, beside naive answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.datasets._utterances import Utterances
from zoo.errors import DataError
from zoo.evaluation.classification import pooled
from zoo.evaluation.nearest_word import NearestWord
from zoo.evaluation.robustness import Change
from zoo.evaluation.spoken_strings import SEED, SPEED, Spoken, Times, Words, heard, made
from zoo.evaluation.transduction import edit_distance
from zoo.model_card import Metric
from zoo.processing.recording import read
from zoo.processing.strings import PAUSES
from zoo.tasks import Run
from zoo.tasks.transcription import Transcript, Transcription

__all__ = ["changed", "evaluate", "pooled", "word_error"]

CLEAR, NOISY, WORST = (40, 30, 20), 10, 5  # dB of a string over the noise, over the whole string
Baseline = tuple[str, Callable[[Spoken], Words]]


@dataclass(frozen=True)
class Judged:
    """Strings, and what is made of them."""

    strings: list[Spoken]
    found: list[Transcript]
    greedy: list[Transcript]


def evaluate(
    task: Transcription,
    run: Run,
    data: Utterances,
    split: str = "test",
    hold_out: str | None = None,
) -> list[Metric]:
    """Scores what is written down of strings of a part, put together the same way each time.

    Args:
        task: What turns samples into words.
        run: The network.
        data: Recordings and noise. Without noise the recordings are heard as they are.
        split: "validation" or "test".
        hold_out: A speaker whose recordings are the part to score, all of them.

    Returns:
        `word_error`, of a held-out speaker `word_error_unseen_speaker`; where the data has noise,
        also `word_error_10_db` and, if any string is right, `time_error`.

    Raises:
        DataError: The part is empty, the speaker is unknown, or the words are not the task's.
    """
    if data.vocabulary != task.words:
        raise DataError(f"Received the words {data.vocabulary}; the task has {task.words}.")
    parted = data.without(hold_out)
    part = split if hold_out is None else "test"
    baseline = _naive(task, parted.part("train"))
    if not parted.noises.get(part):
        judged = _judged(task, run, made(parted, part, None))
        about = f"{len(judged.strings)} recordings as they are"
        return [_word_error("word_error", judged, baseline, about, split)]
    name = "word_error" if hold_out is None else "word_error_unseen_speaker"
    strings = {level: made(parted, part, level) for level in (*CLEAR, NOISY, WORST)}
    clear = _judged(task, run, [string for level in CLEAR for string in strings[level]])
    about = _about(parted, clear, "20, 30 and 40")
    first = _word_error(name, clear, baseline, about, hold_out or split)
    noisy, worst = (_judged(task, run, strings[level]) for level in (NOISY, WORST))
    second = _word_error(
        f"{name}_{NOISY}_db", noisy, baseline, _about(parted, noisy, f"{NOISY}"), hold_out or split
    )
    second.details[f"{WORST}_db"] = word_error(worst.strings, _words(worst.found))
    return [first, second, *_time_error(clear, hold_out or split)]


def changed(task: Transcription, run: Run, data: Utterances, split: str, change: Change) -> float:
    """Word error on every second string, without noise, that `change` made worse.

    Raises:
        DataError: The part is empty.
    """
    strings, rate = made(data, split, None)[::2], data.sampling_rate
    worse = [read(change(x.waveform, rate, number), rate) for number, x in enumerate(strings)]
    return word_error(strings, _words([task.transcript(x) for x in heard(task, run, worse)]))


def word_error(strings: Sequence[Spoken], answers: Sequence[Words]) -> float:
    """Edits from the answers to what was said, a word of the latter."""
    pairs = list(zip(strings, answers, strict=True))
    edits = sum(edit_distance(answer, spoken.words) for spoken, answer in pairs)
    return edits / max(1, sum(len(spoken.words) for spoken, _ in pairs))


def _judged(task: Transcription, run: Run, strings: list[Spoken]) -> Judged:
    shares = heard(task, run, [spoken.waveform for spoken in strings])
    found, greedy = ([task.transcript(row, beams) for row in shares] for beams in (None, 1))
    return Judged(strings, found, greedy)


def _words(found: Sequence[Transcript]) -> list[Words]:
    return [tuple(word.word for word in one.words) for one in found]


def _about(data: Utterances, judged: Judged, levels: str) -> str:
    speakers = len(set(data.speakers.tolist()))
    return (
        f"{len(judged.strings)} strings of {data.joined[0]} to {data.joined[1]} clips of one of "
        f"{speakers} speakers, pauses of {PAUSES[0]:g} to {PAUSES[1]:g} s, up to {SPEED:.0%} "
        f"faster or slower, {levels} dB over noise that no training heard, over the whole string"
    )


def _naive(task: Transcription, known: Utterances) -> Baseline:
    """The baseline's name, and what it makes of a string.

    Where recordings of one word are known it parts by energy and takes the nearest mean of mel
    vectors; else it always answers what is said most often.
    """
    if all(len(words) == 1 for words in known.words):
        said = np.array([words[0] for words in known.words])
        nearest = NearestWord(task.config, task.words, said, known.waveforms)
        return "energy_and_nearest_mean", lambda spoken: tuple(nearest.told([spoken.waveform])[0])
    common = Counter(known.words).most_common(1)[0][0]
    return "commonest", lambda _: common


def _word_error(name: str, judged: Judged, baseline: Baseline, about: str, split: str) -> Metric:
    label, answer = baseline
    return Metric(
        name=name,
        value=word_error(judged.strings, _words(judged.found)),
        unit="edits a word",
        direction="lower",
        split=split,
        protocol=about,
        seeds=[SEED],
        primary=name == "word_error",
        baselines={label: word_error(judged.strings, [answer(x) for x in judged.strings])},
        details={"greedy": word_error(judged.strings, _words(judged.greedy))},
    )


def _time_error(judged: Judged, split: str) -> list[Metric]:
    """How far starts and ends are off where all words of a string are right, if any is."""
    pairs = zip(judged.strings, judged.found, _words(judged.found), strict=True)
    right = [(x, answer) for x, answer, words in pairs if x.times and words == x.words]
    if not right:
        return []
    wanted = [np.array(x.times) for x, _ in right]
    found = [np.array([(word.start, word.end) for word in answer.words]) for _, answer in right]
    spread = [np.array(_evenly(x)) for x, _ in right]
    off = [np.concatenate(wanted) - np.concatenate(times) for times in (found, spread)]
    metric = Metric(
        name="time_error",
        value=float(np.abs(off[0]).mean()),
        unit="s",
        direction="lower",
        split=split,
        protocol=(
            f"starts and ends of the words of {len(right)} strings all of whose words are right, "
            "beside the loud part of each clean clip; mean absolute difference"
        ),
        seeds=[SEED],
        baselines={"evenly_spread": float(np.abs(off[1]).mean())},
        details={
            "start": float(np.abs(off[0][:, 0]).mean()),
            "end": float(np.abs(off[0][:, 1]).mean()),
        },
    )
    return [metric]


def _evenly(spoken: Spoken) -> Times:
    """The naive times: words of one length, one after the other."""
    length = (spoken.times[-1][1] + spoken.times[0][0]) / len(spoken.words)
    return tuple((x * length, (x + 1) * length) for x in range(len(spoken.words)))
