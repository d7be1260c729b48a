"""Perplexity of a dialogue model beside n-grams, and its replies beside the nearest known ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from zoo.datasets.sgd_dialogues import Dialogue, Dialogues
from zoo.errors import DataError
from zoo.evaluation.nearest import nearest
from zoo.evaluation.ngram import Ngram
from zoo.evaluation.replies import distinct_2, mean_f1
from zoo.model_card import Metric
from zoo.processing.subwords import PADDING, Subwords
from zoo.processing.turns import SYSTEM, USER, dialogue_codes
from zoo.tasks import Run
from zoo.tasks.dialogue import DialogueTask

REPLIES = 500
_BATCH = 32
_ORDERS = (1, 5)


def evaluate(
    task: DialogueTask, run: Run, data: Dialogues, split: str = "test", hold_out: str | None = None
) -> list[Metric]:
    """Scores whole dialogues, each from zero states, and greedy replies to some of their turns.

    Args:
        task: Holds the codec.
        run: The network in its streaming form.
        data: The dialogues; the baselines know those of the training part.
        split: "validation" or "test".
        hold_out: Nothing can be held out of dialogues.

    Returns:
        `perplexity_token` (primary): of all pieces and marks of turns but the first mark, which is
        always the same; `perplexity_reply_token`: of those in the assistant's turns and the mark
        after each. Both stand beside n-grams of the same pieces that read the same dialogue.
        `reply_f1`: mean F1 of the words of replies against those of people, and `distinct_2`: the
        share of different pairs of words, both over as many as `REPLIES` turns, evenly spaced.

    Raises:
        DataError: The part has no dialogue.
        MissingExtraError: scikit-learn is not installed.
    """
    if hold_out is not None:
        raise DataError(f"Received hold_out={hold_out!r}; dialogues have no groups.")
    dialogues: tuple[Dialogue, ...] = getattr(data, split)
    if not dialogues or not data.train:
        raise DataError(f"No dialogues are left of the part {split!r} or to learn from.")
    return [
        *_perplexities(task.codec, run, data.train, dialogues, split),
        *_of_replies(task, run, data.train, dialogues, split),
    ]


def _perplexities(
    codec: Subwords,
    run: Run,
    known: Sequence[Dialogue],
    dialogues: Sequence[Dialogue],
    split: str,
) -> list[Metric]:
    rows = [dialogue_codes(codec, turns) for turns in dialogues]
    counted = _counted(codec, tuple(known), tuple(dialogues))
    losses = np.concatenate(_losses(run, rows))
    replying = np.concatenate([_replying(row) for row in rows])
    words = sum(1 + len(turn.split()) for turns in dialogues for turn in turns)
    protocol = f"{len(rows)} whole dialogues, each from zero states"
    return [
        _perplexity(
            "perplexity_token",
            split,
            f"{protocol}: all {len(losses)} pieces and marks of turns",
            losses,
            counted,
            {"perplexity_word": float(np.exp(losses.sum() / words))},
        ),
        _perplexity(
            "perplexity_reply_token",
            split,
            f"{protocol}: the {int(replying.sum())} of the assistant's turns",
            losses[replying],
            {name: found[replying] for name, found in counted.items()},
            {},
        ),
    ]


@lru_cache(maxsize=1)  # a model's small files are scored beside the same baselines
def _counted(
    codec: Subwords, known: tuple[Dialogue, ...], dialogues: tuple[Dialogue, ...]
) -> dict[str, np.ndarray]:
    """Losses of n-grams in nats, of all codes of all dialogues but the first of each."""
    rows = [dialogue_codes(codec, turns) for turns in dialogues]
    learned = _joined([dialogue_codes(codec, turns) for turns in known])
    predicted = np.concatenate([_targets(row) for row in rows])[1:]  # the first has no loss
    models = {f"{n}_gram": Ngram(learned, n, len(codec)) for n in _ORDERS}
    return {name: model.losses(_joined(rows))[predicted] for name, model in models.items()}


def _perplexity(
    name: str,
    split: str,
    protocol: str,
    losses: np.ndarray,
    baselines: dict[str, np.ndarray],
    details: dict[str, float],
) -> Metric:
    return Metric(
        name=name,
        value=float(np.exp(losses.mean())),
        unit="perplexity",
        direction="lower",
        split=split,
        protocol=protocol,
        seeds=[],
        primary=name == "perplexity_token",
        baselines={key: float(np.exp(found.mean())) for key, found in baselines.items()},
        details=details,
    )


def _of_replies(
    task: DialogueTask,
    run: Run,
    known: Sequence[Dialogue],
    dialogues: Sequence[Dialogue],
    split: str,
) -> list[Metric]:
    places = [(d, t) for d, turns in enumerate(dialogues) for t in range(1, len(turns), 2)]
    places = places[:: -(-len(places) // REPLIES)]
    wanted = [dialogues[d][t] for d, t in places]
    asked = [dialogues[d][:t] for d, t in places]
    said = [reply.text for reply in task.predict_many(run, asked, temperature=0)]
    naive = _nearest(tuple(known), tuple(asked))
    protocol = f"greedy replies to {len(places)} turns evenly spaced, after all turns before"
    return [
        _of_texts("reply_f1", mean_f1(said, wanted), mean_f1(naive, wanted), split, protocol, {}),
        _of_texts(
            "distinct_2",
            distinct_2(said),
            distinct_2(naive),
            split,
            protocol,
            {"people": distinct_2(wanted)},
        ),
    ]


def _of_texts(
    name: str, value: float, naive: float, split: str, protocol: str, details: dict[str, float]
) -> Metric:
    return Metric(
        name=name,
        value=value,
        unit="share",
        direction="higher",
        split=split,
        protocol=protocol,
        seeds=[],
        baselines={"nearest_reply": naive},
        details=details,
    )


@lru_cache(maxsize=1)  # as above
def _nearest(known: tuple[Dialogue, ...], asked: tuple[Dialogue, ...]) -> list[str]:
    """The replies to the most similar known turns."""
    places = [(turns, t) for turns in known for t in range(1, len(turns), 2)]
    contexts = [_context(turns[:t]) for turns, t in places]
    found = nearest(contexts, [_context(turns) for turns in asked])
    return [turns[t] for turns, t in (places[place] for place in found)]


def _context(turns: Sequence[str]) -> str:
    """What the nearest reply is found by: the user's turn and the assistant's before it."""
    return " ".join(turns[-2:])


def _joined(rows: Sequence[np.ndarray]) -> np.ndarray:
    """All rows one after the other; an n-gram sees the start of each as it sees nothing else."""
    start = np.full(max(_ORDERS) - 1, PADDING, np.int32)
    return np.concatenate([part for row in rows for part in (start, row)])


def _targets(row: np.ndarray) -> np.ndarray:
    """Which codes of a joined row are predicted: all of the row but the first, bool."""
    start = max(_ORDERS) - 1
    return np.arange(start + len(row)) > start


def _losses(run: Run, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Losses in nats of each row's codes but the first."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    found: list[np.ndarray] = [np.zeros(0)] * len(rows)
    for start in range(0, len(rows), _BATCH):
        chosen = order[start : start + _BATCH]
        width = max(len(rows[k]) for k in chosen)
        codes = np.full((len(chosen), width), PADDING, np.int32)
        for place, k in enumerate(chosen):
            codes[place, : len(rows[k])] = rows[k]
        scores = run({"tokens": codes[:, :-1]})["logits"]
        scores = scores - scores.max(axis=-1, keepdims=True)
        right = np.take_along_axis(scores, codes[:, 1:, None].astype(np.int64), axis=-1)[..., 0]
        losses = np.log(np.exp(scores).sum(axis=-1, dtype=np.float64)) - right
        for place, k in enumerate(chosen):
            found[k] = losses[place, : len(rows[k]) - 1]
    return found


def _replying(row: np.ndarray) -> np.ndarray:
    """Which codes but the first stand in the assistant's turns or end one, bool (codes - 1,)."""
    marks = (row == USER) | (row == SYSTEM)
    last = np.maximum.accumulate(np.where(marks, np.arange(len(row)), 0))
    return np.asarray(row[last[:-1]] == SYSTEM)
