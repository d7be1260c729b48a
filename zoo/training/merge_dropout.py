"""Several spellings of each word in pieces, so that a network learns what pieces are made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.processing.subwords import Subwords, split_words

_SPELLINGS = 16


class Spellings:
    """Texts as codes of pieces, each word in one of some spellings drawn beforehand.

    Drawing them once a word and not once an occurrence is what makes this quick.

    Source: BPE-dropout, Provilkov et al. 2020 (arXiv 1910.13267).

    Args:
        codec: Texts to pieces.
        texts: What will be asked for, by number.
        dropout: Share of the merges left out; 0 always gives the codec's own codes.
        seed: Decides the spellings.
    """

    def __init__(self, codec: Subwords, texts: Sequence[str], dropout: float, seed: int) -> None:
        split = [split_words(text) for text in texts]
        words = sorted({word for row in split for word in row})
        numbers = {word: number for number, word in enumerate(words)}
        rng, count = np.random.default_rng(seed), _SPELLINGS if dropout else 1
        self._spellings = [
            [codec.word_codes(word, dropout, rng if dropout else None) for _ in range(count)]
            for word in words
        ]
        self._texts = [[numbers[word] for word in row] for row in split]
        self._count = count

    def codes(self, number: int, rng: np.random.Generator) -> np.ndarray:
        """Codes of one text, int32 (pieces,)."""
        words = self._texts[number]
        drawn = rng.integers(0, self._count, len(words)).tolist()
        chosen = zip(words, drawn, strict=True)
        return np.array([code for word, k in chosen for code in self._spellings[word][k]], np.int32)
