"""Word error of a transducer, beside a map from each letter to its commonest sounds."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from zoo.datasets.cmudict import Phones, Pronunciations
from zoo.errors import DataError
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.transduction import Transduction

# Chosen on the validation part: 8 beams got 3 words of 12,620 more right than 4, in twice the time.
BEAMS, OTHERS = 4, (1, 8)
_BATCH = 512


def evaluate(
    task: Transduction,
    run: Run,
    data: Pronunciations,
    split: str = "test",
    hold_out: str | None = None,
    *,
    beams: int = BEAMS,
    others: Sequence[int] = OTHERS,
) -> list[Metric]:
    """Scores a transducer on every word of a split.

    Args:
        task: What turns words into sounds.
        run: The network.
        data: Words and their pronunciations; the baseline learns from the training part.
        split: "validation" or "test".
        hold_out: Words have no groups.
        beams: Sequences followed at once; 1 is greedy.
        others: Numbers of beams whose figures stand in the details.

    Returns:
        `word_error` (primary), the share of the words whose answer is none of the listed
        pronunciations; and `phone_error`, edits from the nearest listed one, a phone of it.

    Raises:
        DataError: The split is empty or unknown.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; words have no groups.")
    scored: dict[str, tuple[Phones, ...]] | None = getattr(data, split, None)
    if not scored:
        raise DataError(f"No words are left of the part {split!r}.")
    answers = {count: answer(task, run, list(scored), count) for count in (beams, *others)}
    letters = letter_map(data.train)
    naive = [tuple(p for c in word for p in letters.get(c, ())) for word in scored]
    wanted = list(scored.values())
    protocol = f"{len(scored)} words, no stress, any listed pronunciation counts, {_search(beams)}"
    return [
        Metric(
            name=name,
            value=measure(wanted, answers[beams]),
            unit="share",
            direction="lower",
            split=split,
            protocol=protocol,
            seeds=[],
            primary=name == "word_error",
            baselines={"letter_map": measure(wanted, naive)},
            details={_key(count): measure(wanted, answers[count]) for count in others},
        )
        for name, measure in (("word_error", word_error), ("phone_error", phone_error))
    ]


def _search(beams: int) -> str:
    return "greedy" if beams == 1 else f"{beams} beams"


def _key(beams: int) -> str:
    return _search(beams).replace(" ", "_")


def answer(task: Transduction, run: Run, words: Sequence[str], beams: int) -> list[Phones]:
    """The likeliest pronunciation of each word; words of like length are asked together."""
    order = sorted(range(len(words)), key=lambda i: len(words[i]))
    found: dict[int, Phones] = {}
    for start in range(0, len(order), _BATCH):
        chosen = order[start : start + _BATCH]
        readings = task.readings(run, [words[i] for i in chosen], beams=beams)
        for i, rows in zip(chosen, readings, strict=True):
            found[i] = tuple(rows[0].symbols)
    return [found[i] for i in range(len(words))]


def word_error(wanted: Sequence[Sequence[Phones]], answers: Sequence[Phones]) -> float:
    """Share of the answers that are none of those wanted."""
    pairs = zip(wanted, answers, strict=True)
    return float(np.mean([answer not in variants for variants, answer in pairs]))


def phone_error(wanted: Sequence[Sequence[Phones]], answers: Sequence[Phones]) -> float:
    """Edits to the nearest wanted answer over the phones of these."""
    total = phones = 0
    for variants, answer in zip(wanted, answers, strict=True):
        edits, length = min((edit_distance(answer, other), len(other)) for other in variants)
        total, phones = total + edits, phones + length
    return total / max(1, phones)


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Fewest insertions, deletions and substitutions (Levenshtein 1966)."""
    row = list(range(len(other) + 1))
    for i, symbol in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, wanted in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (symbol != wanted))
    return row[-1]


def letter_map(words: dict[str, tuple[Phones, ...]]) -> dict[str, Phones]:
    """For each letter the sound at its place that is commonest.

    It is counted in the words that have as many sounds as letters.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for word, variants in words.items():
        for phones in variants:
            if len(phones) == len(word):
                for letter, phone in zip(word, phones, strict=True):
                    counts[letter][phone] += 1
    return {
        letter: (min(found, key=lambda phone: (-found[phone], phone)),)
        for letter, found in counts.items()
    }
