"""The reply that was given to the most similar words, the naive baseline of dialogue models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import MissingExtraError

_ROWS = 100  # contexts that are compared with all known ones at once


def nearest_replies(
    known: Sequence[str], replies: Sequence[str], contexts: Sequence[str]
) -> list[str]:
    """For each context the reply to the known one that is most similar to it.

    Similar is the cosine of TF-IDF vectors of words (Salton and Buckley 1988), by scikit-learn.

    Args:
        known: What replies were given to.
        replies: The reply to each.
        contexts: What to reply to.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtraError("dialogue", "Finding the nearest reply") from None
    vectorizer = TfidfVectorizer(token_pattern=r"\S+", dtype=np.float32)
    table = vectorizer.fit_transform(known).T.tocsr()
    asked = vectorizer.transform(contexts)
    found: list[int] = []
    for start in range(0, len(contexts), _ROWS):
        found += (asked[start : start + _ROWS] @ table).toarray().argmax(axis=1).tolist()
    return [replies[place] for place in found]
