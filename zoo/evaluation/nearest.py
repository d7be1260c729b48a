"""The known texts most like others: cosine of TF-IDF vectors, a naive baseline of what answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import MissingExtraError

_ROWS = 100  # texts that are compared with all known ones at once


def nearest(known: Sequence[str], texts: Sequence[str]) -> list[int]:
    """For each text the number of the known one that is most similar to it.

    Similar is the cosine of TF-IDF vectors of words in small letters (Salton and Buckley 1988), by
    scikit-learn; a text without a known word gets the first one.

    Args:
        known: Where to look; at least one has a word.
        texts: What to look for.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
    except ImportError:
        raise MissingExtraError("baselines", "Finding the nearest text") from None
    vectorizer = TfidfVectorizer(token_pattern=r"\w+", dtype=np.float32)
    table = vectorizer.fit_transform(known).T.tocsr()
    vectors = vectorizer.transform(texts)
    found: list[int] = []
    for start in range(0, len(texts), _ROWS):
        found += (vectors[start : start + _ROWS] @ table).toarray().argmax(axis=1).tolist()
    return found
