"""Accuracy of a tagger, beside each word's most frequent tag."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from zoo.datasets.ud_english_ewt import Tagged, TaggedSentences
from zoo.errors import DataError
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.tagging import Tagging

_BATCH = 64


def evaluate(
    task: Tagging, run: Run, data: TaggedSentences, split: str = "test", hold_out: str | None = None
) -> list[Metric]:
    """Scores a tagger on given words.

    Args:
        task: What turns words into tags.
        run: The network.
        data: Tagged sentences; the baselines learn from the training part.
        split: "validation" or "test".
        hold_out: These sentences have no groups.

    Returns:
        `accuracy` over all words (primary) and `accuracy_unknown_words`, over the words that do
        not stand in the training part, whatever their capitals.

    Raises:
        DataError: The split is empty or unknown.
    """
    known, scored = parts(data, split, hold_out)
    found = answer(task, run, scored)
    naive = MostFrequentTag(known)
    answers = {
        "": flat(found),
        "most_frequent_tag": flat([naive.predict(words) for words in scored.sentences]),
    }
    wanted, words = flat(scored.tags), flat(scored.sentences)
    seen = {word.lower() for sentence in known.sentences for word in sentence}
    unknown = np.array([word.lower() not in seen for word in words])
    metrics = []
    for name, chosen in (("accuracy", np.ones_like(unknown)), ("accuracy_unknown_words", unknown)):
        shares = {
            key: float(np.mean((tags == wanted)[chosen])) if chosen.any() else 0.0
            for key, tags in answers.items()
        }
        metrics.append(
            Metric(
                name=name,
                value=shares.pop(""),
                unit="share",
                direction="higher",
                split=split,
                protocol=f"{chosen.sum()} given words of {len(scored)} sentences",
                seeds=[],
                primary=name == "accuracy",
                baselines=shares,
            )
        )
    return metrics


def parts(data: TaggedSentences, split: str, hold_out: str | None) -> tuple[Tagged, Tagged]:
    """The training part and the part to score.

    Raises:
        DataError: The split is unknown or empty, or a group is to be held out.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; these sentences have no groups.")
    scored = getattr(data, split, None)
    if not scored:
        raise DataError(f"No sentences are left of the part {split!r}.")
    return data.train, scored


def answer(task: Tagging, run: Run, data: Tagged) -> list[list[str]]:
    """The tags of each sentence."""
    raw_run = task.frontend.around(run)
    return [
        found.tags
        for start in range(0, len(data), _BATCH)
        for found in task.predict_many(raw_run, data.sentences[start : start + _BATCH])
    ]


def flat(rows: Sequence[Sequence[str]]) -> np.ndarray:
    """All entries of all rows, one after the other."""
    return np.array([entry for row in rows for entry in row])


class MostFrequentTag:
    """Each word's most frequent tag; an unknown word gets that of the words seen only once.

    Args:
        data: What is counted.
    """

    def __init__(self, data: Tagged) -> None:
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for words, tags in zip(data.sentences, data.tags, strict=True):
            for word, tag in zip(words, tags, strict=True):
                counts[word][tag] += 1
        self._tags = {word: _commonest(found) for word, found in counts.items()}
        once = [found for found in counts.values() if found.total() == 1]
        self._rest = _commonest(sum(once or counts.values(), Counter()))

    def predict(self, words: Sequence[str]) -> list[str]:
        """A tag for each word."""
        return [self._tags.get(word, self._rest) for word in words]


def _commonest(counts: Counter[str]) -> str:
    return min(counts, key=lambda tag: (-counts[tag], tag))
