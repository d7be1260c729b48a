"""Language model of words: the beginning of a sentence in, its completion out, word by word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zoo.processing.running_words import UNKNOWN, RunningWords
from zoo.processing.word_reading import WordReader
from zoo.tasks.language_model import LanguageModel

DOMAIN = "text"
INPUTS = {"tokens": "codes of words: place in `vocabulary`, from 0, where a space is between two"}
OUTPUTS = {"logits": "one logit a word for the word after each, in the order of `vocabulary`"}


class WordModel(LanguageModel):
    """Writes on from a prompt, word by word, known words alone; see `LanguageModel`."""

    def __init__(self, codec: RunningWords) -> None:
        super().__init__(codec, never=[codec.vocabulary.index(UNKNOWN)])

    def reader(self, _raw: bool, *, top: int = 3) -> WordReader:
        """Reads one text piece by piece; see `zoo.tasks.Reader`.

        Args:
            top: How many of the most likely next words are named.
        """
        return WordReader(self.codec, top)


def from_processing(processing: Mapping[str, Any]) -> WordModel:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: The configuration is not one of running words.
    """
    return WordModel(RunningWords.from_processing(processing))
