"""`python -m tests.speech.digit_strings_beside --write`: digit-strings-ctc beside digits-gru.

What one would do without it: part the string by energy and ask digits-gru for each loud stretch.
Both hear the very strings that digit-strings-ctc is judged on. The figures become metrics of the
card.
"""

from __future__ import annotations

import argparse
import sys

from zoo import datasets
from zoo.evaluation.nearest_word import loud_stretches
from zoo.evaluation.spoken_strings import Spoken, Words, heard, made
from zoo.evaluation.transcription import CLEAR, NOISY, word_error
from zoo.loading import Pretrained, load
from zoo.measuring import rounded, write_card
from zoo.model_card import Metric

OURS, BESIDE = "digit-strings-ctc", "digits-gru"
_RATE = 8000
_BATCH = 200


def by_energy(model: Pretrained, strings: list[Spoken]) -> list[Words]:
    """The digit that the model hears in each loud stretch of each string."""
    pieces = [
        (number, string.waveform[start:end])
        for number, string in enumerate(strings)
        for start, end in loud_stretches(string.waveform, _RATE)
    ]
    raw = model.task.frontend.around(model.run)
    found: list[list[str]] = [[] for _ in strings]
    order = sorted(pieces, key=lambda piece: len(piece[1]))
    labels = {}
    for start in range(0, len(order), _BATCH):
        chosen = [waveform for _, waveform in order[start : start + _BATCH]]
        for waveform, answer in zip(chosen, model.task.predict_many(raw, chosen), strict=True):
            labels[id(waveform)] = answer.label
    for number, waveform in pieces:
        found[number].append(labels[id(waveform)])
    return [tuple(words) for words in found]


def beside(ours: Pretrained, other: Pretrained, levels: tuple[int, ...], name: str) -> Metric:
    """The metric for the card, on the strings of some levels of noise."""
    data = datasets.load(ours.card.recipe.data.name)
    strings = [spoken for level in levels for spoken in made(data, "test", level)]
    shares = heard(ours.task, ours.run, [spoken.waveform for spoken in strings])
    found = [tuple(word.word for word in ours.task.transcript(row).words) for row in shares]
    assert ours.card.measured and other.card.measured
    return Metric(
        name=name,
        value=word_error(strings, found),
        unit="edits a word",
        direction="lower",
        split="test strings",
        protocol=(
            f"the {len(strings)} strings of {name.removesuffix('_beside_others')}; beside "
            f"{BESIDE} version {other.card.measured.version} on each stretch of 0.2 s or more that "
            "is 10 dB over the floor"
        ),
        seeds=[ours.run_facts["seed"]],
        baselines={"energy_and_digits_gru": word_error(strings, by_energy(other, strings))},
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--write", action="store_true")
    write = parser.parse_args().write
    ours, other = load(OURS), load(BESIDE)
    metrics = [
        beside(ours, other, CLEAR, "word_error_beside_others"),
        beside(ours, other, (NOISY,), f"word_error_{NOISY}_db_beside_others"),
    ]
    for metric in metrics:
        sys.stdout.write(f"{metric.name}: {metric.value:.4f}, {metric.baselines}\n")
    if write:
        write_card(ours, [rounded(metric) for metric in metrics])


if __name__ == "__main__":
    main()
