"""Byte-pair codes: texts of any words from a few thousand pieces, and back without loss."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.configuration import check_keys

PADDING, UNKNOWN, START, END = 0, 1, 2, 3
FIRST = 4  # the code of the first character of the alphabet

# A word with the space before it, or one digit or sign of ASCII; no piece reaches over such a
# border. Classes of other characters are left out: regex engines do not agree on them.
BORDERS = r" ?[^ -@\[-`{-~]+| ?[!-@\[-`{-~]| "

_CACHED = 100_000
_LOST = "\ufffd"
_KEYS = {"kind", "alphabet", "merges"}


class Subwords:
    """Reads and writes texts as codes of pieces that byte-pair encoding has learned.

    A text gets one space in front, so a word has the same pieces wherever it stands; `decode` takes
    it off again. Codes are 0 padding, 1 unknown character, 2 start, 3 end, then the alphabet, then
    what each merge makes.

    Source: Sennrich et al. 2016 (arXiv 1508.07909); dropout: Provilkov et al. 2020 (arXiv
    1910.13267).

    Args:
        alphabet: The known characters.
        merges: Pairs of codes that become one piece, the first learned first; a pair whose piece
            exists already gets that piece's code.

    Raises:
        RecipeError: A character stands twice, or a merge names a code that is not there yet.
    """

    kind = "subwords"

    def __init__(self, alphabet: str, merges: Iterable[tuple[int, int]]) -> None:
        self.alphabet = alphabet
        self.merges = tuple(merges)
        self.pieces: list[str] = [*alphabet]
        if not alphabet or len(set(alphabet)) != len(alphabet):
            raise RecipeError(
                f"Received an alphabet of {len(alphabet)} characters, {len(set(alphabet))} of them "
                "different; each must stand there once."
            )
        self._codes = {piece: code for code, piece in enumerate(alphabet, FIRST)}
        self._ranks: dict[tuple[int, int], tuple[int, int]] = {}
        for rank, (left, right) in enumerate(self.merges):
            if not FIRST <= min(left, right) <= max(left, right) < len(self):
                raise RecipeError(f"Received the merge {left}, {right} before both have a piece.")
            piece = self.piece(left) + self.piece(right)
            if piece not in self._codes:
                self._codes[piece] = len(self)
                self.pieces.append(piece)
            self._ranks[left, right] = rank, self._codes[piece]
        self._words: dict[str, tuple[int, ...]] = {}

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> Subwords:
        """Rebuilds the codec from `to_processing`.

        Raises:
            RecipeError: A key is unknown or missing, or a value cannot be used.
        """
        check_keys(processing, _KEYS)
        if processing["kind"] != cls.kind:
            raise RecipeError(f"Received the kind {processing['kind']!r}; needed is {cls.kind!r}.")
        try:
            merges = [(int(left), int(right)) for left, right in processing["merges"]]
        except (TypeError, ValueError):
            raise RecipeError("Received merges that are no pairs of codes.") from None
        return cls(str(processing["alphabet"]), merges)

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values."""
        merges = [list(pair) for pair in self.merges]
        return {"kind": self.kind, "alphabet": self.alphabet, "merges": merges}

    def __len__(self) -> int:
        """Number of codes."""
        return FIRST + len(self.pieces)

    def piece(self, code: int) -> str:
        """The text of a code: "" of padding, start and end, U+FFFD of an unknown character."""
        if code < FIRST:
            return _LOST if code == UNKNOWN else ""
        return self.pieces[code - FIRST]

    def encode(self, text: str) -> np.ndarray:
        """Codes of a text, int32 (pieces,), without start and end; none of an empty text."""
        codes = [code for word in split_words(text) for code in self._word(word)]
        return np.array(codes, np.int32)

    def decode(self, codes: Iterable[int]) -> str:
        """The text of codes; that of `encode(text)` is `text` if its characters are known."""
        return "".join(self.piece(int(code)) for code in codes).removeprefix(" ")

    def word_codes(
        self, word: str, dropout: float = 0.0, rng: np.random.Generator | None = None
    ) -> tuple[int, ...]:
        """Codes of what stands between two borders.

        Args:
            word: One of `split_words`.
            dropout: Share of the possible merges that are left out at each step, which gives a
                word several spellings while a network learns.
            rng: Source of that randomness.
        """
        codes = [self._codes.get(character, UNKNOWN) for character in word]
        while len(codes) > 1:
            pairs = [
                (*self._ranks[pair], place)
                for place, pair in enumerate(pairwise(codes))
                if pair in self._ranks and (rng is None or rng.random() >= dropout)
            ]
            if not pairs:
                break
            _, merged, place = min(pairs)
            codes[place : place + 2] = [merged]
        return tuple(codes)

    def _word(self, word: str) -> tuple[int, ...]:
        known = self._words.get(word)
        if known is None:
            if len(self._words) >= _CACHED:
                self._words.clear()
            known = self._words[word] = self.word_codes(word)
        return known


def split_words(text: str) -> list[str]:
    """The text with one space in front, cut at its borders; nothing is lost."""
    return re.findall(BORDERS, " " + text) if text else []
