"""Characters of a short text as codes, with a code for what is unknown."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.configuration import check_keys
from zoo.processing.text import to_text
from zoo.processing.vocabulary import Vocabulary

_KEYS = {"kind", "lower", "longest", "vocabulary"}


class Letters:
    """One code a character of a text whose accents are composed and whose spaces are single.

    Args:
        vocabulary: The known characters.
        lower: Whether capitals are read as small letters.
        longest: Characters that are read; the rest of a longer text is not.

    Raises:
        RecipeError: `longest` is below 1.
    """

    kind = "characters"

    def __init__(self, vocabulary: Vocabulary, lower: bool, longest: int) -> None:
        if longest < 1:
            raise RecipeError(f"Received longest={longest}; use 1 character or more.")
        self.vocabulary = vocabulary
        self.lower = lower
        self.longest = longest

    @classmethod
    def fit(
        cls, texts: Sequence[str], settings: Mapping[str, Any], labels: Sequence[int] = ()
    ) -> Letters:
        """A codec of all characters of `texts`.

        Args:
            texts: What is counted.
            settings: `kind`, `lower` and `longest`.
            labels: The class of each text; all characters are known, whatever they tell of it.

        Raises:
            RecipeError: A key is unknown or missing.
        """
        check_keys(settings, _KEYS - {"vocabulary"})
        lower = bool(settings["lower"])
        seen = Vocabulary.fit(c for text in texts for c in normalised(text, lower))
        return cls(seen, lower, int(settings["longest"]))

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> Letters:
        """Rebuilds the codec from `to_processing`.

        Raises:
            RecipeError: A key is unknown or missing, or a value cannot be used.
        """
        check_keys(processing, _KEYS)
        return cls(
            Vocabulary.from_processing(processing),
            bool(processing["lower"]),
            int(processing["longest"]),
        )

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values."""
        return {
            "kind": self.kind,
            "lower": self.lower,
            "longest": self.longest,
            "vocabulary": "".join(self.vocabulary.items),
        }

    def __len__(self) -> int:
        """Number of codes."""
        return len(self.vocabulary)

    def pieces(self, raw: Any) -> list[str]:
        """The characters that are read, one for each code.

        Raises:
            InputError: The raw input is no text, or blank.
        """
        return list(normalised(to_text(raw), self.lower)[: self.longest])

    def codes(self, raw: Any) -> np.ndarray:
        """Codes of one text, int32 (characters,).

        Raises:
            InputError: The raw input is no text, or blank.
        """
        return self.vocabulary.encode(self.pieces(raw))


def normalised(text: str, lower: bool) -> str:
    """Composes accents (NFC), makes every run of white space one space, and strips both ends."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    return unicodedata.normalize("NFC", plain.lower()) if lower else plain
