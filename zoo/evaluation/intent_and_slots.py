"""Intents, slots and whole requests, beside the most frequent answers and logistic regression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zoo.datasets.ud_english_ewt import Tagged, TaggedSentences
from zoo.evaluation.logistic_regression import LogisticRegression
from zoo.evaluation.tagging import MostFrequentTag, flat, parts
from zoo.model_card import Metric
from zoo.processing.spans import spans
from zoo.tasks import Run
from zoo.tasks.intent_and_slots import IntentAndSlots

_BATCH = 64


@dataclass(frozen=True)
class Answers:
    """An intent a request, and a tag a word."""

    intents: Sequence[str]
    tags: Sequence[Sequence[str]]


def evaluate(
    task: IntentAndSlots,
    run: Run,
    data: TaggedSentences,
    split: str = "test",
    hold_out: str | None = None,
) -> list[Metric]:
    """Scores a model of requests on given words.

    Args:
        task: What turns requests into answers.
        run: The network.
        data: Requests; the baselines learn from the training part.
        split: "validation" or "test".
        hold_out: These requests have no groups.

    Returns:
        `slot_f1` (primary; a slot is right if its name and both its ends are, counted over all
        requests as conlleval does), `intent_accuracy`, and `sentence_accuracy`, the share of the
        requests whose intent and tags are all right.

    Raises:
        DataError: The split is empty or unknown.
    """
    known, scored = parts(data, split, hold_out)
    found = {
        "": answer(task, run, scored),
        "most_frequent": most_frequent(known, scored),
        "logistic_regression": logistic_regression(known, scored),
    }
    measures: dict[str, tuple[Callable[[Tagged, Answers], float], str]] = {
        "slot_f1": (slot_f1, "spans, exact match of name and both ends, micro-averaged"),
        "intent_accuracy": (intent_accuracy, "one intent a request"),
        "sentence_accuracy": (sentence_accuracy, "intent and every tag right"),
    }
    metrics = []
    for name, (measure, protocol) in measures.items():
        values = {key: measure(scored, answers) for key, answers in found.items()}
        metrics.append(
            Metric(
                name=name,
                value=values.pop(""),
                unit="share",
                direction="higher",
                split=split,
                protocol=f"{protocol}; {len(scored)} requests",
                seeds=[],
                primary=name == "slot_f1",
                baselines=values,
            )
        )
    return metrics


def answer(task: IntentAndSlots, run: Run, data: Tagged) -> Answers:
    """What the task says of each request."""
    raw_run = task.frontend.around(run)
    found = [
        request
        for start in range(0, len(data), _BATCH)
        for request in task.predict_many(raw_run, data.sentences[start : start + _BATCH])
    ]
    return Answers([request.intent for request in found], [request.tags for request in found])


def slot_f1(data: Tagged, answers: Answers) -> float:
    """F1 of spans over all requests."""
    right = wanted = given = 0
    for tags, found in zip(data.tags, answers.tags, strict=True):
        one, other = set(spans(tags)), set(spans(found))
        right, wanted, given = right + len(one & other), wanted + len(one), given + len(other)
    return 2 * right / max(1, wanted + given)


def intent_accuracy(data: Tagged, answers: Answers) -> float:
    """Share of right intents."""
    return float(np.mean(np.array(data.labels) == np.array(answers.intents)))


def sentence_accuracy(data: Tagged, answers: Answers) -> float:
    """Share of requests with the right intent and nothing but right tags."""
    rows = zip(data.labels, answers.intents, data.tags, answers.tags, strict=True)
    return float(np.mean([a == b and list(c) == list(d) for a, b, c, d in rows]))


def most_frequent(known: Tagged, scored: Tagged) -> Answers:
    """The most frequent intent, and each word's most frequent tag."""
    names, counts = np.unique(np.array(known.labels), return_counts=True)
    intent = str(names[counts.argmax()])
    naive = MostFrequentTag(known)
    return Answers([intent] * len(scored), [naive.predict(words) for words in scored.sentences])


def logistic_regression(known: Tagged, scored: Tagged) -> Answers:
    """Intents from words and pairs of words; tags from a word, its ends and its neighbours."""
    intents, tags = sorted(set(known.labels)), sorted({tag for row in known.tags for tag in row})
    labels = np.array([intents.index(label) for label in known.labels])
    of_intents = LogisticRegression([_bag(w) for w in known.sentences], labels, len(intents))
    rows = [row for words in known.sentences for row in _windows(words)]
    codes = {tag: code for code, tag in enumerate(tags)}
    of_tags = LogisticRegression(rows, np.array([codes[t] for t in flat(known.tags)]), len(tags))
    found = of_tags.predict([row for words in scored.sentences for row in _windows(words)])
    ends = np.cumsum([len(words) for words in scored.sentences])[:-1]
    return Answers(
        [intents[i] for i in of_intents.predict([_bag(words) for words in scored.sentences])],
        [[tags[code] for code in row] for row in np.split(found, ends)],
    )


def _bag(words: Sequence[str]) -> list[tuple[str, ...]]:
    pairs = zip(("", *words), (*words, ""), strict=True)
    return sorted({("",), *((word,) for word in words), *pairs})


def _windows(words: Sequence[str]) -> list[list[tuple[int, str]]]:
    """Numbered features of each word: itself, two neighbours on each side, pairs, ends."""
    wide = ["", "", *words, "", ""]
    return [
        [
            *((k, wide[i + k]) for k in range(5)),
            (5, f"{wide[i + 1]} {wide[i + 2]}"),
            (6, f"{wide[i + 2]} {wide[i + 3]}"),
            (7, wide[i + 2][-3:]),
            (8, wide[i + 2][:3]),
            (9, ""),
        ]
        for i in range(len(words))
    ]
