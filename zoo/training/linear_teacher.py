"""A linear model of word n-grams that teaches a network what it thinks of texts not learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.errors import DataError, MissingExtraError

_WORD = r"\w[\w'\-]*\w|\w|[!?]"
_FOLDS = 5


def opinions(
    texts: Sequence[str],
    labels: np.ndarray,
    longest: int = 3,
    minimum: int = 3,
    penalty: float = 10.0,
) -> np.ndarray:
    """Probability of each class for each text, by a model that has not learned that text.

    The texts are dealt into five parts, and a logistic regression over the n-grams that occur in a
    text, weighed by their log-count ratios, learns four of them to judge the fifth. As targets of a
    network (distillation, Hinton et al. 2015, arXiv 1503.02531) these opinions tell how clear each
    text is, and a wrong label among them misleads less.

    Source: the features of Wang and Manning 2012 (NB-SVM, "Baselines and Bigrams").

    Args:
        texts: What is judged.
        labels: int (texts,), the classes from 0.
        longest: Words of the longest n-gram.
        minimum: An n-gram of fewer texts is not read.
        penalty: Weight of the squared coefficients against the loss.

    Returns:
        float32 (texts, classes).

    Raises:
        DataError: A class has fewer texts than there are parts, or no n-gram is frequent enough.
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import CountVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import StratifiedKFold
    except ImportError:
        raise MissingExtraError("baselines", "Learning from a linear teacher") from None
    if (fewest := np.bincount(labels).min()) < _FOLDS:
        raise DataError(
            f"Received a class of {fewest} texts; a teacher needs {_FOLDS} of each class."
        )
    found = np.zeros((len(texts), int(labels.max()) + 1), np.float32)
    dealt = StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(texts, labels)
    for learned, judged in dealt:
        counter = CountVectorizer(
            token_pattern=_WORD, ngram_range=(1, longest), min_df=minimum, binary=True, dtype=float
        )
        try:
            bags = counter.fit_transform([texts[i] for i in learned])
        except ValueError as error:
            raise DataError(f"Received texts that make no teacher: {error}") from None
        weights = _log_count_ratios(bags, labels[learned])
        model = LogisticRegression(C=1 / penalty, max_iter=100)
        model.fit(bags.multiply(weights).tocsr(), labels[learned])
        others = counter.transform([texts[i] for i in judged])
        found[judged] = model.predict_proba(others.multiply(weights).tocsr())
    return found


def _log_count_ratios(bags: Any, labels: np.ndarray) -> np.ndarray:
    """The largest log-count ratio of each n-gram, a class against the others: (1, n-grams)."""
    ratios = []
    for label in range(int(labels.max()) + 1):
        inside, outside = (
            1 + bags[chosen].sum(axis=0) for chosen in (labels == label, labels != label)
        )
        ratios.append(np.log(inside / inside.sum()) - np.log(outside / outside.sum()))
    return np.asarray(np.abs(np.concatenate(ratios)).max(axis=0)).reshape(1, -1)
