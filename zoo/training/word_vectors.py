"""Vectors of words, learned from running text, for tasks whose own sentences are few."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo import datasets
from zoo.errors import MissingExtraError, RecipeError
from zoo.processing.vocabulary import FIRST, Vocabulary

_KEYS = {"texts", "window", "minimum", "words"}
_OWN = 3  # how often the task's own sentences count
_SMOOTHING = 0.75  # power of the counts of neighbours, so that rare ones do not look telling
_SPREAD = 0.1  # standard deviation of the numbers that the network starts from


@dataclass(frozen=True)
class WordVectors:
    """Words, those of the task's own sentences first, then the most frequent first.

    Args:
        words: Different words.
        vectors: float32 (words, size).
    """

    words: tuple[str, ...]
    vectors: np.ndarray

    def wider(self, known: Vocabulary, most: int) -> Vocabulary:
        """The known words, and the first of the others until there are `most` codes."""
        others = [word for word in self.words if word not in known]
        return Vocabulary(sorted([*known.items, *others[: max(0, most - len(known))]]))

    def matrix(self, words: Vocabulary) -> np.ndarray:
        """A row for each code, float32 (codes, size); random where none is known."""
        drawn = np.random.default_rng(0).uniform(-0.05, 0.05, (len(words), self.vectors.shape[1]))
        codes = words.encode(self.words)
        known = codes >= FIRST
        drawn[codes[known]] = self.vectors[known] * (_SPREAD / self.vectors.std())
        return drawn.astype(np.float32)


def learn(
    own: Sequence[Sequence[str]],
    split: Callable[[str], list[str]],
    settings: Mapping[str, Any],
    size: int,
) -> WordVectors:
    """Learns vectors of the words of a task's sentences and of running text.

    Args:
        own: The task's sentences; they count threefold.
        split: How the task cuts a text into words.
        settings: A recipe's `training.options.vectors`: `texts`, names of data sets with running
            text; `window`, how far neighbours of a word are counted; `minimum`, how often a word
            must occur; `words`, how many codes the network's vocabulary has.
        size: Numbers of a vector.

    Raises:
        MissingExtraError: scipy is not installed.
        RecipeError: A setting is missing or unknown, or too few words are frequent.
    """
    if set(settings) != _KEYS:
        raise RecipeError(f"Received the vectors {sorted(settings)}; needed are {sorted(_KEYS)}.")
    rows = [[word.lower() for word in row] for row in own]
    counted = Counter(word for row in rows for word in row)
    sentences = [*rows * _OWN]
    for name in settings["texts"]:
        sentences += [[word.lower() for word in split(text)] for text in running_text(name)]
    counts = Counter(word for row in sentences for word in row)
    ranked = sorted(counts, key=lambda word: (word not in counted, -counts[word], word))
    words = tuple(word for word in ranked if counts[word] >= settings["minimum"])
    if len(words) <= size:
        raise RecipeError(f"Received {len(words)} frequent words for vectors of {size} numbers.")
    return WordVectors(words, factors(sentences, words, settings["window"], size))


def running_text(name: str) -> Iterator[str]:
    """Pieces of the training part of a data set: the lines of a text, or the turns of dialogues."""
    part = datasets.load(name).train
    for piece in part.split("\n") if isinstance(part, str) else (x for row in part for x in row):
        # WikiText marks what it split (1 @,@ 000) and hides rare words.
        yield re.sub(r" @(\W)@ ", r"\1", piece).replace("<unk>", " ")


def factors(
    sentences: Iterable[Sequence[str]], words: Sequence[str], window: int, size: int
) -> np.ndarray:
    """Vectors of unit length from which words have which neighbours, on which side.

    The positive pointwise mutual information of words and neighbours, by truncated singular value
    decomposition (Levy, Goldberg and Dagan 2015, TACL 3, with the root of the singular values).

    Args:
        sentences: What is counted.
        words: The words to count; others only take up their place.
        window: How far neighbours are counted.
        size: Numbers of a vector, below the number of words.

    Returns:
        float32 (words, size).

    Raises:
        MissingExtraError: scipy is not installed.
    """
    try:
        from scipy import sparse
        from scipy.sparse import linalg
    except ImportError:
        raise MissingExtraError("vectors", "Learning vectors of words") from None
    after = _neighbours(sparse, sentences, words, window)
    table = sparse.hstack([_information(sparse, side) for side in (after, after.T.tocsr())])
    left, weights, _ = linalg.svds(table.tocsr(), k=size, v0=np.ones(len(words)))
    vectors = left * np.sqrt(weights)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def _neighbours(
    sparse: Any, sentences: Iterable[Sequence[str]], words: Sequence[str], window: int
) -> Any:
    """How often a word (column) stands at most `window` words after another (row)."""
    codes, size = {word: code for code, word in enumerate(words)}, len(words)
    gap = [size] * window
    places = np.array([c for row in sentences for c in [*(codes.get(w, size) for w in row), *gap]])
    total = sparse.csr_matrix((size, size))
    for distance in range(1, window + 1):
        first, second = places[:-distance], places[distance:]
        known = (first < size) & (second < size)
        pairs = first[known], second[known]
        total += sparse.coo_matrix((np.ones(known.sum()), pairs), shape=(size, size)).tocsr()
    return total


def _information(sparse: Any, counts: Any) -> Any:
    """Positive pointwise mutual information of rows and columns."""
    found = counts.tocoo()
    rows = np.asarray(found.sum(axis=1)).ravel()
    columns = np.asarray(found.sum(axis=0)).ravel() ** _SMOOTHING
    gain = np.log(found.data / rows[found.row] / columns[found.col] * columns.sum())
    kept = gain > 0
    places = found.row[kept], found.col[kept]
    return sparse.csr_matrix((gain[kept], places), shape=counts.shape)
