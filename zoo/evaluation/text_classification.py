"""Macro-F1 and accuracy of a text classifier, beside a linear model and the commonest class."""

from __future__ import annotations

import numpy as np

from zoo.datasets.names_by_language import LabelledTexts
from zoo.errors import DataError
from zoo.evaluation.logistic_regression import LogisticRegression
from zoo.evaluation.naive_bayes import NaiveBayes
from zoo.model_card import Metric
from zoo.processing.letters import Letters, normalised
from zoo.processing.words import split_request
from zoo.tasks import Run
from zoo.tasks.text_classification import TextClassification

_BATCH = 256
_RESAMPLES = 1000
_EVEN = 1.1
_RATE = 0.03  # best of 0.5, 0.1, 0.05 and 0.03 on the validation part of imdb


def evaluate(
    task: TextClassification,
    run: Run,
    data: LabelledTexts,
    split: str = "test",
    hold_out: str | None = None,
) -> list[Metric]:
    """Scores a classifier of texts.

    Args:
        task: What turns texts into answers.
        run: The network.
        data: Labelled texts; the baselines learn from its training part.
        split: "validation" or "test".
        hold_out: These texts have no groups.

    Returns:
        `macro_f1` and `accuracy`, each with the standard error over resampled texts. Accuracy is
        primary where the classes are even within a tenth, else macro-F1. Beside texts of letters
        stands naive Bayes over n-grams, beside texts of words a logistic regression over them.

    Raises:
        DataError: The split is empty, or the labels are not the task's.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; these texts have no groups.")
    if data.label_names != task.labels:
        raise DataError(f"Received the labels {data.label_names}; the task has {task.labels}.")
    known, scored = data.where(data.splits == "train"), data.where(data.splits == split)
    if not len(known) or not len(scored):
        raise DataError(f"No texts are left of the part {split!r} or to learn from.")
    answers = answer(task, run, scored)
    naive = {
        **_linear(task, known, scored),
        "majority": np.full(len(scored), np.bincount(known.labels).argmax()),
    }
    counts = np.bincount(scored.labels, minlength=len(task.labels))
    primary = "accuracy" if counts.max() <= _EVEN * counts.min() else "macro_f1"
    protocol = f"{len(scored)} texts of {len(task.labels)} classes, no text in two parts"
    return [
        Metric(
            name=name,
            value=measure(scored.labels, answers),
            unit="share",
            direction="higher",
            split=split,
            protocol=protocol,
            seeds=[],
            primary=name == primary,
            baselines={key: measure(scored.labels, found) for key, found in naive.items()},
            details={"standard_error": _standard_error(measure, scored.labels, answers)},
        )
        for name, measure in (("macro_f1", macro_f1), ("accuracy", accuracy))
    ]


def answer(task: TextClassification, run: Run, data: LabelledTexts) -> np.ndarray:
    """Positions of the classes that the task names for each text, int (texts,)."""
    raw_run = task.frontend.around(run)
    order = np.argsort([len(text) for text in data.texts], kind="stable")
    answers = np.zeros(len(data), int)
    for start in range(0, len(data), _BATCH):
        chosen = order[start : start + _BATCH]
        found = task.predict_many(raw_run, [data.texts[i] for i in chosen])
        answers[chosen] = [task.labels.index(one.label) for one in found]
    return answers


def macro_f1(labels: np.ndarray, answers: np.ndarray) -> float:
    """Mean F1 over the classes that occur among the labels; a class never answered counts 0."""
    scores = []
    for label in np.unique(labels):
        hits = np.sum((labels == label) & (answers == label))
        scores.append(2 * hits / (np.sum(labels == label) + np.sum(answers == label)))
    return float(np.mean(scores))


def accuracy(labels: np.ndarray, answers: np.ndarray) -> float:
    """Share of right answers."""
    return float(np.mean(labels == answers))


def _linear(
    task: TextClassification, known: LabelledTexts, scored: LabelledTexts
) -> dict[str, np.ndarray]:
    """Answers of the linear model that suits what the task reads, under its name."""
    codec, classes = task.codec, len(task.labels)
    if isinstance(codec, Letters):
        known_texts, texts = (
            [normalised(text, codec.lower) for text in part.texts] for part in (known, scored)
        )
        return {"naive_bayes": NaiveBayes(known_texts, known.labels, classes).predict(texts)}
    known_bags, bags = ([_bag(text) for text in part.texts] for part in (known, scored))
    model = LogisticRegression(known_bags, known.labels, classes, rate=_RATE)
    return {"logistic_regression": model.predict(bags)}


def _bag(text: str) -> list[str]:
    """The different words of a text, and one that every text has."""
    return sorted({"", *split_request(text)})


def _standard_error(measure: object, labels: np.ndarray, answers: np.ndarray) -> float:
    """Standard deviation of a measure over texts drawn again with replacement."""
    assert callable(measure)
    rng = np.random.default_rng(0)
    draws = (rng.integers(0, len(labels), len(labels)) for _ in range(_RESAMPLES))
    return float(np.std([measure(labels[rows], answers[rows]) for rows in draws]))
