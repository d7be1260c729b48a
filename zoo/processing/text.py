"""Text to integer codes and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from zoo.errors import InputError, RecipeError


class TextCodec(Protocol):
    """Running text to integer codes and back, whatever a code stands for."""

    @property
    def unit(self) -> str:
        """What a code stands for: "character" or "word"."""
        ...

    @property
    def vocabulary(self) -> Sequence[str]:
        """What each code stands for; a code is its position."""
        ...

    def encode(self, text: str) -> np.ndarray:
        """Codes of a text, int32 (codes,).

        Raises:
            InputError: The text holds what has no code.
        """
        ...

    def decode(self, codes: np.ndarray, after: np.ndarray | None = None) -> str:
        """The text of codes as it goes on after the text of other codes, both int (codes,)."""
        ...

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values."""
        ...


class Characters:
    """One code a character.

    Args:
        vocabulary: The known characters; a character's code is its position.

    Raises:
        RecipeError: The vocabulary is empty or repeats a character.
    """

    kind = "characters"
    unit = "character"

    def __init__(self, vocabulary: str) -> None:
        if not vocabulary or len(set(vocabulary)) != len(vocabulary):
            raise RecipeError(
                f"Received a vocabulary of {len(vocabulary)} characters, "
                f"{len(set(vocabulary))} of them different; each must stand there once."
            )
        self.vocabulary = vocabulary
        self._codes = {character: code for code, character in enumerate(vocabulary)}

    @classmethod
    def fit(cls, text: str) -> Characters:
        """A codec of every character that occurs in `text`."""
        return cls("".join(sorted(set(text))))

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> Characters:
        """Rebuilds the codec from `to_processing`.

        Raises:
            RecipeError: A key is unknown or missing, or the kind is another.
        """
        if set(processing) != {"kind", "vocabulary"} or processing["kind"] != cls.kind:
            raise RecipeError(
                f"Received the processing {dict(processing)!r}; needed are "
                f"kind = {cls.kind!r} and a vocabulary."
            )
        return cls(str(processing["vocabulary"]))

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values."""
        return {"kind": self.kind, "vocabulary": self.vocabulary}

    def encode(self, text: str) -> np.ndarray:
        """Codes of a text.

        Returns:
            int32 of shape (characters,).

        Raises:
            InputError: A character is unknown.
        """
        try:
            return np.array([self._codes[character] for character in text], dtype=np.int32)
        except KeyError as error:
            position = text.index(error.args[0])
            raise InputError(
                f"Received the character {error.args[0]!r} at position {position}, "
                f"which this model does not know; it knows {self.vocabulary!r}."
            ) from None

    def decode(self, codes: np.ndarray, after: np.ndarray | None = None) -> str:
        """The text of integer codes of shape (characters,), the same after any other."""
        return "".join(self.vocabulary[int(code)] for code in codes)


def to_text(raw: Any) -> str:
    """The raw input, which has to be a text that is not blank.

    Raises:
        InputError: It is no text, or blank.
    """
    if not isinstance(raw, str):
        raise InputError(f"Received a {type(raw).__name__}; needed is a text (str).")
    if not raw.strip():
        raise InputError("Received an empty text; give at least one character.")
    return raw
