"""A cart that balances a pole, whose velocities are hidden: episodes of gymnasium's CartPole-v1.

Barto, Sutton and Anderson 1983. Positions tell what to do only together with those before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import MissingExtraError

SOURCES: tuple[str, ...] = ()  # the episodes are made, not read
NAMES = ("cart_position", "pole_angle")  # in metres and radians
ACTIONS = ("left", "right")
VISIBLE = (0, 2)  # of position, velocity, angle, angular velocity
STEPS = 500  # the longest episode, and the best return
SEEDS = {"train": range(300), "validation": range(10_000, 10_050), "test": range(20_000, 20_100)}

# A linear-quadratic regulator of the cart, linearised at rest, for costs 1, 1, 10, 1 of the state
# and 0.1 of the force: it pushes right where the product with the full state is negative.
GAINS = (-2.784, -5.321, -46.437, -12.048)
_MOST_CHANCE = 0.5  # the largest share of pushes left to chance in an episode to learn from

Policy = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, eq=False)
class Played:
    """Episodes, side by side; what stands after the end of one is 0.

    Args:
        states: Position, velocity, angle, angular velocity: float32 (episodes, steps, 4).
        actions: 0 left, 1 right: int32 (episodes, steps).
        returns: Steps that each lasted, int (episodes,).
    """

    states: np.ndarray
    actions: np.ndarray
    returns: np.ndarray

    @property
    def visible(self) -> np.ndarray:
        """Cart position and pole angle, float32 (episodes, steps, 2)."""
        return np.asarray(self.states[..., VISIBLE])


@dataclass(frozen=True, eq=False)
class Demonstrations:
    """What a teacher that sees the velocities does, in episodes that chance disturbs.

    Args:
        parts: "train" and "validation" to episodes; their actions are the teacher's, also where
            chance pushed the cart instead.
    """

    parts: Mapping[str, Played]


def join(parts: Mapping[str, Any]) -> Demonstrations:
    """Makes the episodes to learn from and those that validate.

    Raises:
        MissingExtraError: gymnasium is not installed.
    """
    return demonstrations({name: SEEDS[name] for name in ("train", "validation")})


def demonstrations(seeds: Mapping[str, Sequence[int]]) -> Demonstrations:
    """Episodes of the teacher by part of the data, each from its own seed.

    Raises:
        MissingExtraError: gymnasium is not installed.
    """
    return Demonstrations({name: _demonstrated(some) for name, some in seeds.items()})


def teacher(states: np.ndarray) -> np.ndarray:
    """The teacher's actions in full states float (episodes, 4), int (episodes,)."""
    return np.asarray(states @ np.array(GAINS) < 0).astype(np.int32)


def play(seeds: Sequence[int], policy: Policy, steps: int = STEPS) -> Played:
    """Plays one episode a seed, in step.

    Args:
        seeds: Of the start of each episode.
        policy: From full states float32 (episodes, 4) to actions int (episodes,), asked at every
            step; the states of episodes that have ended are 0.
        steps: Stop then.

    Raises:
        MissingExtraError: gymnasium is not installed.
    """
    worlds = _worlds(len(seeds))
    now = np.stack([world.reset(seed=int(s))[0] for world, s in zip(worlds, seeds, strict=True)])
    states, actions = [], []
    returns = np.zeros(len(seeds), int)
    running = np.ones(len(seeds), bool)
    for _ in range(steps):
        if not running.any():
            break
        states.append(now.astype(np.float32))
        actions.append(np.where(running, policy(states[-1]), 0).astype(np.int32))
        now = np.zeros_like(now)
        for place in np.flatnonzero(running):
            now[place], _, fallen, late, _ = worlds[place].step(int(actions[-1][place]))
            returns[place] += 1
            running[place] = not (fallen or late)
        now[~running] = 0
    return Played(np.stack(states, axis=1), np.stack(actions, axis=1), returns)


def _demonstrated(seeds: Sequence[int]) -> Played:
    """Episodes with a share of pushes left to chance, drawn for each; labels are the teacher's."""
    rng = np.random.default_rng([len(seeds), *seeds])
    shares = rng.uniform(0, _MOST_CHANCE, len(seeds))

    def disturbed(states: np.ndarray) -> np.ndarray:
        chance = rng.random(len(seeds)) < shares
        return np.where(chance, rng.integers(0, 2, len(seeds)), teacher(states))

    played = play(seeds, disturbed)
    wanted = teacher(played.states.reshape(-1, 4)).reshape(played.actions.shape)
    return Played(played.states, wanted, played.returns)


def _worlds(count: int) -> list[Any]:
    try:
        import gymnasium
    except ImportError:
        raise MissingExtraError("control", "Playing CartPole") from None
    return [gymnasium.make("CartPole-v1") for _ in range(count)]
