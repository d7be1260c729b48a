"""A batch of texts to the codes of the words between their spaces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.processing.frontend import Arrays, Tensor
from zoo.processing.spaced_words import SpacedWords, lowered
from zoo.processing.vocabulary import UNKNOWN, padded


@dataclass(frozen=True)
class SpacedTexts:
    """Codes of texts of unequal lengths; a text without a word counts as one unknown word.

    Args:
        codec: Words to codes.
    """

    codec: SpacedWords

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The texts."""
        meaning = (
            "texts in UTF-8; words are what stands between spaces (U+0020), in small letters, "
            f"the first {self.codec.longest} are read"
        )
        return (Tensor("text", "str", ("batch",), meaning),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The codes, and how many there are."""
        return (
            Tensor("tokens", "int32", ("batch", "time"), "codes, zeros after a row's end"),
            Tensor("lengths", "int32", ("batch",), "how many codes of each row are real"),
        )

    def __call__(self, arrays: Arrays) -> Arrays:
        """`tokens` int32 (batch, time) and `lengths` int32 (batch,)."""
        tokens, lengths = padded([self._codes(str(text)) for text in arrays["text"]])
        return {"tokens": tokens, "lengths": lengths}

    def _codes(self, text: str) -> np.ndarray:
        words = [word for word in lowered(text).split(" ") if word][: self.codec.longest]
        return np.array([self.codec.table.get(word, UNKNOWN) for word in words] or [UNKNOWN])
