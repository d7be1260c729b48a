"""Text to words, and words to codes: one for the word, one for each of its characters."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.configuration import check_keys
from zoo.processing.vocabulary import Vocabulary, padded

_KEYS = {"words", "characters", "lower", "width"}

# What stands between spaces is cut at brackets and punctuation; "don't" gives "do" and "n't".
_PIECES = re.compile(
    r"""(?:https?://|www\.)\S+          # addresses
    | [\w.+-]+@[\w-]+\.[\w.]+           # of mail too
    | \d+(?:[.,:/]\d+)+                 # numbers, times, dates
    | (?:[^\W\d_]\.){2,}                # U.S.
    | (?:Mr|Mrs|Ms|Dr|St|Jr|Sr|vs)\.    # titles
    | [OD]'(?=[A-Z])\w+              # O'Neill
    | (?:\w|'(?=\w))+?(?=n't\b)      # do|n't
    | n't\b
    | '(?:s|m|re|ve|ll|d)\b          # clitics
    | \w+
    | \.{2,} | -{2,} | [!?]{2,}
    | [^\w\s]""",
    re.VERBOSE | re.IGNORECASE,
)


def split_words(text: str) -> list[str]:
    """Words and punctuation of an English text, cut as the English Universal Dependencies do."""
    return _PIECES.findall(text.replace("\u2019", "'"))


def split_request(text: str) -> list[str]:
    """Words of a spoken or typed request: small letters, without punctuation."""
    return re.sub(r"[^\w\s:.]|(?<!\d)[:.]|[:.](?!\d)", " ", text.lower().replace("_", " ")).split()


class WordCodec:
    """Codes of words and of their characters.

    Args:
        words: The known words, in small letters.
        characters: The known characters.
        lower: Whether the characters too are read as small letters.
        width: Characters of a word that are coded; of a longer word, its two ends.

    Raises:
        RecipeError: The width is below 2.
    """

    def __init__(
        self, words: Vocabulary, characters: Vocabulary, lower: bool = False, width: int = 16
    ) -> None:
        if width < 2:
            raise RecipeError(f"Received width={width}; a word needs 2 characters or more.")
        self.words = words
        self.characters = characters
        self.lower = lower
        self.width = width

    @classmethod
    def fit(
        cls, sentences: Iterable[Sequence[str]], minimum: int, lower: bool, width: int
    ) -> WordCodec:
        """A codec of the words that occur at least `minimum` times and of all their characters."""
        words = [word for sentence in sentences for word in sentence]
        known = Vocabulary.fit((word.lower() for word in words), minimum)
        seen = Vocabulary.fit(c for word in words for c in (word.lower() if lower else word))
        return cls(known, seen, lower, width)

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> WordCodec:
        """Rebuilds the codec from `to_processing`.

        Raises:
            RecipeError: A key is unknown or missing, or a value cannot be used.
        """
        check_keys(processing, _KEYS)
        return cls(
            Vocabulary.from_processing(processing, "words"),
            Vocabulary.from_processing(processing, "characters"),
            bool(processing["lower"]),
            int(processing["width"]),
        )

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values."""
        return {
            "words": list(self.words.items),
            "characters": "".join(self.characters.items),
            "lower": self.lower,
            "width": self.width,
        }

    def encode(self, words: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Codes of one sentence.

        Returns:
            int32 (time,) of words and int32 (time, width) of characters, zeros after each word.
        """
        codes = np.zeros((len(words), self.width), np.int32)
        for row, word in zip(codes, words, strict=True):
            found = self.characters.encode(self._ends(word.lower() if self.lower else word))
            row[: len(found)] = found
        return self.words.encode(word.lower() for word in words), codes

    def arrays(self, sentences: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """Inputs of a network: `words`, `characters` and `lengths`, zeros after each end.

        Raises:
            InputError: There is no sentence, or one has no word.
        """
        if not sentences or not all(sentences):
            raise InputError("Received a text without words; give at least one word.")
        coded = [self.encode(sentence) for sentence in sentences]
        words, lengths = padded([row for row, _ in coded])
        characters, _ = padded([row for _, row in coded])
        return {"words": words, "characters": characters, "lengths": lengths}

    def _ends(self, word: str) -> str:
        head = self.width // 2
        return word if len(word) <= self.width else word[:head] + word[head - self.width :]


def to_words(raw: Any, split: Any) -> list[str]:
    """The words of a raw input: a text, which is split, or the words themselves.

    Raises:
        InputError: It is neither, or holds no word.
    """
    if isinstance(raw, str):
        words = split(raw)
    elif isinstance(raw, Sequence) and all(isinstance(word, str) for word in raw):
        words = [word for word in raw if word.strip()]
    else:
        raise InputError(f"Received a {type(raw).__name__}; needed is a text or a list of words.")
    if not words:
        raise InputError("Received an empty text; give at least one word.")
    return list(words)
