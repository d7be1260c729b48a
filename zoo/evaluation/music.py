"""How well music is foreseen: nats a frame, beside guesses that know no more than counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from zoo.datasets._piano_rolls import PianoRolls
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.music import Music

BATCH = 16
# What foresees: rolls (batch, time, keys) in, the logit of each key in the next frame out.
Foresight = Callable[[np.ndarray], np.ndarray]


def evaluate(task: Music, run: Run, data: PianoRolls, split: str = "test") -> list[Metric]:
    """Scores every frame but the first of each piece, from all that came before it.

    The figure is that of Boulanger-Lewandowski et al. 2012 and of the TCN's repository: negative
    log-likelihood in nats, summed over the keys, each on its own, the mean over all frames.

    Returns:
        "nats_per_frame"; where pieces of the part stand in the training part too, `unseen` in its
        details is the figure without them.
    """
    pieces, train = data.parts[split], data.parts["train"]
    seen = data.seen(split) if split != "train" else np.zeros(len(pieces), bool)
    found = _nats(lambda roll: run({"roll": roll})["logits"], pieces)
    frames = np.array([len(piece) - 1 for piece in pieces])
    details = {"mean_over_pieces": float((found / frames).mean())}
    if seen.any():
        details["unseen"] = float(found[~seen].sum() / frames[~seen].sum())
    rivals = {"key_frequency": frequency(train), "repeat_last_frame": repetition(train)}
    protocol = (
        f"every frame of the {len(pieces)} pieces of the {split} part but each first one, from all "
        "before it; sum over the keys, mean over frames"
    )
    if seen.any():
        protocol += f"; {int(seen.sum())} of the pieces also train, see unseen"
    return [
        Metric(
            "nats_per_frame",
            float(found.sum() / frames.sum()),
            "nats",
            "lower",
            split,
            protocol,
            [],
            primary=True,
            baselines={
                name: float(_nats(rival, pieces).sum() / frames.sum())
                for name, rival in rivals.items()
            },
            details=details,
        )
    ]


def frequency(train: Sequence[np.ndarray]) -> Foresight:
    """Each key sounds as often as in the training part."""
    frames = np.concatenate(train).astype(np.float64)
    logits = _logits(frames.sum(axis=0), len(frames))
    return lambda roll: np.broadcast_to(logits, roll.shape)


def repetition(train: Sequence[np.ndarray]) -> Foresight:
    """Each key goes on as often as it does in the training part, sounding or not."""
    before = np.concatenate([piece[:-1] for piece in train]).astype(bool)
    after = np.concatenate([piece[1:] for piece in train]).astype(bool)
    went_on = _logits((before & after).sum(axis=0), before.sum(axis=0))
    began = _logits((~before & after).sum(axis=0), (~before).sum(axis=0))
    return lambda roll: np.where(roll > 0, went_on, began)


def _logits(times: np.ndarray, of: np.ndarray | int) -> np.ndarray:
    """Of shares, with one more of either kind than was counted: no share is 0 or 1."""
    return np.asarray(np.log(times + 1.0) - np.log(of - times + 1.0))


def _nats(foresee: Foresight, pieces: Sequence[np.ndarray]) -> np.ndarray:
    """Nats of each piece, float64 (pieces,)."""
    found = np.zeros(len(pieces))
    order = np.argsort([len(piece) for piece in pieces], kind="stable")
    for start in range(0, len(order), BATCH):
        chosen = order[start : start + BATCH]
        longest = len(pieces[chosen[-1]]) - 1
        roll = np.zeros((len(chosen), longest, pieces[0].shape[1]), np.float32)
        for row, number in zip(roll, chosen, strict=True):
            row[: len(pieces[number]) - 1] = pieces[number][:-1]
        logits = foresee(roll).astype(np.float64)  # what stands after the end changes nothing
        for row, number in zip(logits, chosen, strict=True):
            truth = pieces[number][1:]
            told = row[: len(truth)]
            found[number] = (np.logaddexp(0.0, told) - truth * told).sum()
    return found
