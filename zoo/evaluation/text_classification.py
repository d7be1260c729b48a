"""Macro-F1 and accuracy of a text classifier, beside naive Bayes and the commonest class."""

from __future__ import annotations

import numpy as np

from zoo.datasets.names_by_language import LabelledTexts
from zoo.errors import DataError
from zoo.evaluation.naive_bayes import NaiveBayes
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.text_classification import TextClassification, normalised

_BATCH = 256
_RESAMPLES = 1000


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
        `macro_f1` (primary) and `accuracy`, each with the standard error over resampled texts.

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
        "naive_bayes": _naive_bayes(task, known, scored),
        "majority": np.full(len(scored), np.bincount(known.labels).argmax()),
    }
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
            primary=name == "macro_f1",
            baselines={key: measure(scored.labels, found) for key, found in naive.items()},
            details={"standard_error": _standard_error(measure, scored.labels, answers)},
        )
        for name, measure in (("macro_f1", macro_f1), ("accuracy", accuracy))
    ]


def answer(task: TextClassification, run: Run, data: LabelledTexts) -> np.ndarray:
    """Positions of the classes that the task names for each text, int (texts,)."""
    raw_run = task.frontend.around(run)
    labels = [
        task.labels.index(found.label)
        for start in range(0, len(data), _BATCH)
        for found in task.predict_many(raw_run, data.texts[start : start + _BATCH])
    ]
    return np.array(labels)


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


def _naive_bayes(
    task: TextClassification, known: LabelledTexts, scored: LabelledTexts
) -> np.ndarray:
    texts = [normalised(text, task.lower) for text in known.texts]
    model = NaiveBayes(texts, known.labels, len(task.labels))
    return model.predict([normalised(text, task.lower) for text in scored.texts])


def _standard_error(measure: object, labels: np.ndarray, answers: np.ndarray) -> float:
    """Standard deviation of a measure over texts drawn again with replacement."""
    assert callable(measure)
    rng = np.random.default_rng(0)
    draws = rng.integers(0, len(labels), (_RESAMPLES, len(labels)))
    return float(np.std([measure(labels[rows], answers[rows]) for rows in draws]))
