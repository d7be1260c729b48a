"""Words between spaces, each looked up in one table: no more than a graph of ONNX operators can do.

No pattern is searched in a text. Punctuation is known by the forms in which the table holds a
word: `movie` also as `movie,` and `(movie`. Each form has a reach, the number of words, most
frequent first, that the table holds in it, so that thousands of forms cost a few numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.configuration import check_keys
from zoo.processing.telling import telling
from zoo.processing.text import to_text
from zoo.processing.vocabulary import FIRST, UNKNOWN, Vocabulary

_KEYS = {"kind", "longest", "vocabulary", "forms"}
_SETTINGS = {"kind", "longest", "words", "minimum", "choice"}
_CHOICES = ("frequent", "telling")
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")
_MOST_FORMS = 60

Form = tuple[str, str, int]


class SpacedWords:
    """One code a piece between spaces, in small letters.

    Args:
        vocabulary: The known words, most frequent first.
        forms: What stands before and after a word without a space, and how many of the words are
            known so.
        longest: Words that are read; the rest of a longer text is not.

    Attributes:
        table: Spelling to code, every word in every form that is known; all else is unknown (1).

    Raises:
        RecipeError: `longest` is below 1, or a form is not two texts and a number of words.
    """

    kind = "spaced_words"

    def __init__(self, vocabulary: Vocabulary, forms: Sequence[Form], longest: int) -> None:
        if longest < 1:
            raise RecipeError(f"Received longest={longest}; use 1 word or more.")
        self.vocabulary = vocabulary
        self.forms = tuple(_form(form) for form in forms)
        self.longest = longest
        self.table = {word: code for code, word in enumerate(vocabulary.items, FIRST)}
        for before, after, reach in self.forms:
            for code, word in enumerate(vocabulary.items[:reach], FIRST):
                self.table.setdefault(before + word + after, code)

    @classmethod
    def fit(
        cls, texts: Sequence[str], settings: Mapping[str, Any], labels: Sequence[int]
    ) -> SpacedWords:
        """A codec of the words of `texts` that matter most, punctuation cut off.

        Args:
            texts: What is counted.
            settings: `kind`; `longest`; `words`, the most words to know; `choice`: "frequent" for
                the most frequent ones, "telling" for those that tell most of the label (see
                `zoo.processing.telling`); `minimum`: a word is known in a form if the texts would
                hold it so this often, were both independent.
            labels: The class of each text.

        Raises:
            RecipeError: A key is unknown or missing, or the choice is unknown.
        """
        check_keys(settings, _SETTINGS)
        if settings["choice"] not in _CHOICES:
            raise RecipeError(
                f"Received the choice {settings['choice']!r}; use one of {', '.join(_CHOICES)}."
            )
        split = [lowered(text).split() for text in texts]
        seen = Counter(piece for pieces in split for piece in pieces)
        word_of = {piece: bare(piece) for piece in seen}
        words: Counter[str] = Counter()
        forms: Counter[tuple[str, str]] = Counter()
        for piece, count in seen.items():
            word = word_of[piece]
            words[word] += count
            before, _, after = piece.partition(word)
            forms[before, after] += count
        forms.pop(("", ""), None)
        order: Mapping[str, float] = words
        if settings["choice"] == "telling":
            order = telling([{word_of[piece] for piece in pieces} for pieces in split], labels)
        best = sorted(words, key=lambda word: (-order[word], word))[: settings["words"]]
        known = sorted(best, key=lambda word: (-words[word], word))
        counts = np.array([words[word] for word in known])
        reaches = [
            (*form, int(np.sum(counts * (count / seen.total()) >= settings["minimum"])))
            for form, count in sorted(forms.items(), key=lambda item: (-item[1], item[0]))
        ]
        kept = [form for form in reaches[:_MOST_FORMS] if form[2]]
        return cls(Vocabulary(known), kept, int(settings["longest"]))

    @classmethod
    def from_processing(cls, processing: Mapping[str, Any]) -> SpacedWords:
        """Rebuilds the codec from `to_processing`.

        Raises:
            RecipeError: A key is unknown or missing, or a value cannot be used.
        """
        check_keys(processing, _KEYS)
        return cls(
            Vocabulary.from_processing(processing), processing["forms"], int(processing["longest"])
        )

    def to_processing(self) -> dict[str, Any]:
        """The codec as JSON-able values."""
        return {
            "kind": self.kind,
            "longest": self.longest,
            "vocabulary": list(self.vocabulary.items),
            "forms": [list(form) for form in self.forms],
        }

    def __len__(self) -> int:
        """Number of codes, those of padding and of the unknown included."""
        return len(self.vocabulary)

    def pieces(self, raw: Any) -> list[str]:
        """The words that are read, as they stand in the text, one for each code.

        Raises:
            InputError: The raw input is no text, or blank.
        """
        return to_text(raw).split()[: self.longest]

    def codes(self, raw: Any) -> np.ndarray:
        """Codes of one text, int32 (words,).

        Raises:
            InputError: The raw input is no text, or blank.
        """
        found = (self.table.get(lowered(piece), UNKNOWN) for piece in self.pieces(raw))
        return np.fromiter(found, np.int32)


def lowered(text: str) -> str:
    """The text in small letters, one for each character, as a graph's operator makes them."""
    if text.isascii():
        return text.lower()
    return "".join(character.lower()[0] for character in text)


def bare(piece: str) -> str:
    """A piece without the punctuation at its ends; a piece of nothing else is its own word."""
    return _EDGES.sub("", piece) or piece


def _form(form: Sequence[Any]) -> Form:
    try:
        before, after, reach = form
        if isinstance(before, str) and isinstance(after, str) and before + after:
            return before, after, int(reach)
    except (TypeError, ValueError):
        pass
    raise RecipeError(
        f"Received the form {form!r}; needed are what stands before, what stands after, and a "
        "number of words."
    )
