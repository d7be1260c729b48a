"""Perplexity of a language model of words, with carried state, beside n-gram models."""

from __future__ import annotations

import numpy as np

from zoo.datasets.tiny_shakespeare import Text
from zoo.errors import DataError
from zoo.evaluation.kneser_ney import KneserNey
from zoo.evaluation.language_model import losses_of
from zoo.model_card import Metric
from zoo.processing.parts import carry
from zoo.tasks import Arrays, Run
from zoo.tasks.word_model import WordModel

CHUNK = 256
ORDER = 5


def evaluate(
    task: WordModel, run: Run, data: Text, split: str = "test", hold_out: str | None = None
) -> list[Metric]:
    """Scores a split in one pass.

    Args:
        task: Holds the codec.
        run: The network in its streaming form.
        data: The text in three parts; the baselines count the training part, as the network
            learned from no other.
        split: "validation" or "test".
        hold_out: Nothing can be held out of a running text.

    Returns:
        `perplexity` (primary): e to the mean loss of all words but the first of the split, ends of
        lines counted as words, beside those of a 1-gram and a 5-gram model of the same vocabulary;
        among the details, that of the network and the 5-gram model mixed half and half.

    Raises:
        DataError: The split is shorter than two words.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; a running text has no groups.")
    codes = task.codec.encode(getattr(data, split))
    if len(codes) < 2:
        raise DataError(f"The {split} part has {len(codes)} words; needed are 2 or more.")
    losses = _carried(run, codes)
    known, size = task.codec.encode(data.train), len(task.codec.vocabulary)
    plain = {n: KneserNey(known, n, size).losses(codes) for n in (1, ORDER)}
    mixed = -np.logaddexp(-losses, -plain[ORDER]) + np.log(2)
    return [
        Metric(
            name="perplexity",
            value=_perplexity(losses),
            unit="words",
            direction="lower",
            split=split,
            protocol="one pass over the whole part, state carried, ends of lines counted",
            seeds=[],
            primary=True,
            baselines={f"kneser_ney_{n}_gram": _perplexity(found) for n, found in plain.items()},
            details={
                "mixed_with_5_gram": _perplexity(mixed),
                "unknown_words": float(np.mean(codes == task.codec.encode("<unk>")[0])),
            },
        )
    ]


def _perplexity(losses: np.ndarray) -> float:
    return float(np.exp(np.mean(losses)))


def _carried(run: Run, codes: np.ndarray) -> np.ndarray:
    """Losses of all codes but the first, float64 (codes - 1,)."""
    states: Arrays = {}
    losses = []
    for start in range(0, len(codes) - 1, CHUNK):
        part = codes[None, start : start + CHUNK + 1]
        outputs = run({"tokens": part[:, :-1], **states})
        states = carry(outputs)
        losses.append(losses_of(outputs["logits"], part[:, 1:])[0])
    return np.concatenate(losses)
