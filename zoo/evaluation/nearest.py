"""The text most like another one: cosine of TF-IDF vectors, a naive baseline of what answers."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np


class NearestText:
    """Finds the likest of many texts, by words in small letters.

    A word weighs its count times the logarithm of texts over texts that have it (Salton and Buckley
    1988); vectors have length 1.

    Args:
        texts: Where to look; at least one.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._size = len(texts)
        found: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, text in enumerate(texts):
            for word, count in _counts(text).items():
                found[word].append((number, count))
        self._rarity = {word: np.log(self._size / len(places)) for word, places in found.items()}
        self._places = {word: np.array(places) for word, places in found.items()}
        squares = np.zeros(self._size)
        for word, places in self._places.items():
            squares[places[:, 0]] += (places[:, 1] * self._rarity[word]) ** 2
        self._lengths = np.sqrt(np.maximum(squares, 1e-12))

    def find(self, text: str) -> int:
        """The number of the likest text; the first one where none has a word of `text`."""
        products = np.zeros(self._size)
        for word, count in _counts(text).items():
            if word in self._places:
                places = self._places[word]
                products[places[:, 0]] += count * places[:, 1] * self._rarity[word] ** 2
        return int(np.argmax(products / self._lengths))


def _counts(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))
