"""Learns the pieces of `zoo.processing.subwords` from texts, by the library `tokenizers`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence

from zoo.errors import DataError, MissingExtraError
from zoo.processing.subwords import BORDERS, FIRST, Subwords


def learn_subwords(texts: Sequence[str], size: int, minimum: int = 1) -> Subwords:
    """The byte-pair codec of texts.

    Args:
        texts: What it is learned from.
        size: Number of codes, those of padding, unknown, start and end included.
        minimum: Times that a character must occur to be known.

    Raises:
        DataError: The texts have no character that often, or too many for `size`.
        MissingExtraError: The library is not installed.
    """
    try:
        from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
    except ImportError:
        raise MissingExtraError("subwords", "Learning subwords") from None
    counts = Counter(character for text in texts for character in " " + text)
    alphabet = "".join(sorted(c for c, count in counts.items() if count >= minimum))
    if not texts or not 0 < len(alphabet) <= size - FIRST:
        raise DataError(
            f"Received {len(texts)} texts with {len(alphabet)} characters for {size} codes; give "
            f"at least one text, and {FIRST} codes more than characters."
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(BORDERS), behavior="isolated")
    trainer = trainers.BpeTrainer(
        vocab_size=size - FIRST,
        initial_alphabet=[*alphabet],
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator((" " + text for text in texts if text), trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    codes = {piece: code + FIRST for piece, code in learned["vocab"].items()}
    return Subwords(alphabet, [(codes[left], codes[right]) for left, right in learned["merges"]])
