"""Over how many steps a model's answers are its own, and not those of its rounding.

A recurrent network can be chaotic: its state then amplifies the last bit of a number at every
step, and two right computations part after some of them. No tolerance could tell such a file from
a wrong one, so the proof asks it for fewer steps; the sizes asked stand in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from export.proof.comparison import TOLERANCES
from export.tracing.subject import Subject
from zoo.tasks import Arrays

_ROUNDING = 2.0**-23
_DRAWS = 3  # some are mostly padding
LONGEST = 200


def longest_steady(subject: Subject, draw: Callable[[int], Arrays]) -> int:
    """The largest of a few numbers of steps after which rounding of the weights is not seen.

    Args:
        subject: The model.
        draw: Draws inputs of so many steps more than the model's shortest.
    """
    for steps in (LONGEST, 80, 40, 20, 10):
        questions = [draw(steps) for _ in range(_DRAWS)]
        answers = [subject.run(arrays) for arrays in questions]
        with _rounded_weights(subject.network):
            others = [subject.run(arrays) for arrays in questions]
        if all(_same(*pair) for pair in zip(answers, others, strict=True)):
            return steps
    return 5


def _same(answers: Mapping[str, Any], others: Mapping[str, Any]) -> bool:
    """Whether all outputs agree to half of the tolerance of a proof."""
    for name, answer in answers.items():
        allowed = TOLERANCES.get(answer.dtype.name, 0.0) / 2
        if not np.allclose(answer, others[name], rtol=allowed, atol=allowed, equal_nan=True):
            return False
    return True


@contextmanager
def _rounded_weights(network: Any) -> Iterator[None]:
    """Moves every weight by the rounding of float32, up or down, for a while."""
    before = [np.asarray(variable).copy() for variable in network.weights]
    generator = np.random.default_rng(0)
    try:
        for variable, value in zip(network.weights, before, strict=True):
            if value.dtype in (np.float32, np.float64):
                signs = generator.choice([-1.0, 1.0], value.shape)
                variable.assign((value * (1 + _ROUNDING * signs)).astype(value.dtype))
        yield
    finally:
        for variable, value in zip(network.weights, before, strict=True):
            variable.assign(value)
