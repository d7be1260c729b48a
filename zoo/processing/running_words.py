"""Running text as codes of words, lines included, and back."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.configuration import check_keys

UNKNOWN, END = "<unk>", "<eos>"
_KEYS = {"kind", "vocabulary"}

# What a writer puts together stands apart in tokenised text: "well @-@ known", "12 @,@ 000".
_PIECES = re.compile(
    r"""(?P<joint>(?<=\d)[.,](?=\d)|(?<=\w)-(?=\w))
    | '(?:s|t|re|m|ve|ll|d)\b
    | (?:[^\W\d_]\.){2,}
    | \w+
    | [^\w\s]""",
    re.VERBOSE,
)
_JOINTS = {"@-@": "-", "@,@": ",", "@.@": "."}
_CLOSING = re.compile(r"[,.;:!?)\]%]|'\w+")
_OPENING = ("(", "[", "$", "£")


class RunningWords:
    """One code a word, the most frequent first; the end of a line is a word too.

    Source: the tokens of WikiText (Merity et al. 2016, arXiv 1609.07843).

    Args:
        vocabulary: The known words, `<unk>` for all others and `<eos>` for the end of a line among
            them; a word's code is its position.

    Raises:
        RecipeError: A word stands twice, or one of these two is missing.
    """

    kind = "running_words"
    unit = "word"

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)
        self._codes = {word: code for code, word in enumerate(self.vocabulary)}
        if len(self._codes) != len(self.vocabulary) or not {UNKNOWN, END} <= set(self._codes):
            raise RecipeError(
                f"Received a vocabulary of {len(self.vocabulary)} words, {len(self._codes)} of "
                f"them different; each must stand there once, {UNKNOWN} and {END} among them."
            )

    @classmethod
    def fit(cls, text: str) -> RunningWords:
        """A codec of every word between spaces of `text`, the most frequent first."""
        counts = Counter(text.split())
        counts[END] = text.count("\n")
        counts.setdefault(UNKNOWN, 0)
        return cls(sorted(counts, key=lambda word: (-counts[word], word)))

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> RunningWords:
        """Rebuilds the codec from `to_processing`.

        Raises:
            RecipeError: A key is unknown or missing, or the kind is another.
        """
        check_keys(processing, _KEYS)
        if processing["kind"] != cls.kind:
            raise RecipeError(f"Received the kind {processing['kind']!r}; needed is {cls.kind!r}.")
        return cls(str(processing["vocabulary"]).split(" "))

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values; the words stand in one text, with spaces between."""
        return {"kind": self.kind, "vocabulary": " ".join(self.vocabulary)}

    def encode(self, text: str) -> np.ndarray:
        """Codes of a text, int32 (words,): that of `<unk>` for a word that is not known.

        What stands between spaces is one word if it is known; else it is cut at punctuation.
        """
        codes: list[int] = []
        for number, line in enumerate(text.split("\n")):
            if number:
                codes.append(self._codes[END])
            for piece in line.split():
                codes.extend(self._coded(piece))
        return np.array(codes, np.int32)

    def decode(self, codes: np.ndarray, after: np.ndarray | None = None) -> str:
        """The text of codes, with spaces where a writer puts them.

        Args:
            codes: int (words,).
            after: Codes of what stands before; without any, the text begins with its first word.
        """
        before = self.vocabulary[int(after[-1])] if after is not None and len(after) else END
        pieces = []
        for code in codes:
            word = self.vocabulary[int(code)]
            pieces.append(_space(before, word) + _written(word))
            before = word
        return "".join(pieces)

    def _coded(self, piece: str) -> Iterator[int]:
        if piece in self._codes:
            yield self._codes[piece]
            return
        for match in _PIECES.finditer(piece):
            word = f"@{match[0]}@" if match["joint"] else match[0]
            yield self._codes.get(word, self._codes[UNKNOWN])


def _written(word: str) -> str:
    return "\n" if word == END else _JOINTS.get(word, word)


def _space(before: str, word: str) -> str:
    """What stands between two words."""
    joined = {before, word} & _JOINTS.keys() or END in (before, word) or before in _OPENING
    return "" if joined or _CLOSING.fullmatch(word) else " "
