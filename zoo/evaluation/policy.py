"""How long a policy keeps the pole up, beside policies that have no state."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from zoo.datasets.cartpole import SEEDS, STEPS, VISIBLE, Demonstrations, play
from zoo.errors import DataError
from zoo.evaluation.stacked_frames import StackedFrames
from zoo.model_card import Metric
from zoo.tasks import Run
from zoo.tasks.policy import Actor, Policy

BASELINES = {"without_memory": 1, "two_frames": 2}  # observations that each sees


def evaluate(task: Policy, run: Run, data: Demonstrations, split: str = "test") -> list[Metric]:
    """Plays the episodes of a part, each from its own seed, with carried state.

    Args:
        task: What observations are.
        run: The network in its streaming form.
        data: What the baselines learn from.
        split: "validation" or "test".

    Returns:
        One metric, `mean_return`: the mean number of steps until the pole falls, 500 at most.

    Raises:
        DataError: There is no such part.
        MissingExtraError: gymnasium or scikit-learn is not installed.
    """
    if split not in SEEDS or split == "train":
        raise DataError(f"Received the part {split!r}; episodes are played for validation or test.")
    actor = Actor(task.frontend.around(run), task.actions)
    returns = returns_of(actor.act, split)
    known = data.parts["train"]
    features = _standardised(task, known.visible)
    naive = {}
    for name, frames in BASELINES.items():
        rival = StackedFrames(features, known.actions, known.returns, frames)
        naive[name] = float(returns_of(partial(_act_as, rival, task), split).mean())
    return [
        Metric(
            name="mean_return",
            value=float(returns.mean()),
            unit="steps",
            direction="higher",
            split=split,
            protocol=f"{len(returns)} episodes of CartPole-v1 from seeds of their own, at most "
            f"{STEPS} steps, positions only, state carried, the likelier action taken",
            seeds=[],
            primary=True,
            baselines=naive,
            details={"least_return": float(returns.min())},
        )
    ]


def returns_of(act: Callable[[np.ndarray], np.ndarray], split: str) -> np.ndarray:
    """Steps that each episode of a part lasts, int (episodes,).

    Args:
        act: From cart positions and pole angles (episodes, 2) to actions int (episodes,).
        split: "validation" or "test".
    """
    return play(SEEDS[split], lambda states: act(states[:, VISIBLE])).returns


def _act_as(rival: StackedFrames, task: Policy, visible: np.ndarray) -> np.ndarray:
    return rival.act(_standardised(task, visible))


def _standardised(task: Policy, visible: np.ndarray) -> np.ndarray:
    return task.rows({"values": visible})["features"]
