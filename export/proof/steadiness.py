"""Which questions a model has an answer to that is its own, and not that of its rounding.

A recurrent network can be chaotic: its state then amplifies the last bit of a number at every
step, and two right computations part after some of them. Sums of large terms lose digits too. No
tolerance could tell such an answer from a wrong one, so the proof asks for fewer steps, and draws
another input where the last bit of the weights moves an answer by half of the tolerance. The sizes
asked stand in the file, the number of inputs drawn again in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from export.allowed import Allowed
from export.tracing.subject import Subject
from zoo.tasks import Arrays

_DRAWS = 3  # some are mostly padding
_AGAIN = 5
LONGEST = 200


def longest_steady(subject: Subject, draw: Callable[[int], Arrays]) -> int:
    """The largest of a few numbers of steps after which rounding of the weights is not seen.

    Args:
        subject: The model.
        draw: Draws inputs of so many steps more than the model's shortest.
    """
    for steps in (LONGEST, 80, 40, 20, 10):
        inputs = [draw(steps) for _ in range(_DRAWS)]
        if not _unsteady(subject, inputs, [subject.run(arrays) for arrays in inputs]):
            return steps
    return 5


def steady_questions(
    subject: Subject, draws: Sequence[Callable[[], Arrays]]
) -> tuple[list[Arrays], list[Arrays], int]:
    """Inputs, the model's answers to them, and how many were drawn again.

    Args:
        subject: The model.
        draws: Draws an input for each question. One that stays unsteady is asked all the same.
    """
    inputs = [draw() for draw in draws]
    answers = [subject.run(arrays) for arrays in inputs]
    pending, again = list(range(len(inputs))), 0
    for _ in range(_AGAIN):
        chosen = [inputs[k] for k in pending], [answers[k] for k in pending]
        pending = [pending[k] for k in _unsteady(subject, *chosen)]
        again += len(pending)
        for k in pending:
            inputs[k] = draws[k]()
            answers[k] = subject.run(inputs[k])
        if not pending:
            break
    return inputs, answers, again


def _unsteady(subject: Subject, inputs: Sequence[Arrays], answers: Sequence[Arrays]) -> list[int]:
    """Positions of the answers that rounded weights change."""
    with _rounded_weights(subject.network):
        others = [subject.run(subject.moved(arrays)) for arrays in inputs]
    pairs = enumerate(zip(answers, others, strict=True))
    return [index for index, pair in pairs if not _same(*pair, subject.allowed)]


def _same(
    answers: Mapping[str, Any], others: Mapping[str, Any], allowed: Mapping[str, Allowed]
) -> bool:
    """Whether all outputs agree to half of the tolerance of a proof."""
    for name, answer in answers.items():
        if answer.dtype == object:  # texts follow from the numbers beside them
            continue
        other = others[name]
        same = (answer == other) | ((answer != answer) & (other != other))  # NaN is not itself
        with np.errstate(invalid="ignore"):
            near = np.abs(answer - other) <= allowed[name].around(other, 0.5)
        if not (same | near).all():
            return False
    return True


@contextmanager
def _rounded_weights(network: Any) -> Iterator[None]:
    """Moves every weight by a last bit, up or down, for a while."""
    before = [np.asarray(variable).copy() for variable in network.weights]
    generator = np.random.default_rng(0)
    try:
        for variable, value in zip(network.weights, before, strict=True):
            if value.dtype in (np.float32, np.float64):
                signs = generator.choice([-1.0, 1.0], value.shape)
                moved = value * (1 + 2 * np.finfo(value.dtype).eps * signs)
                variable.assign(moved.astype(value.dtype))
        yield
    finally:
        for variable, value in zip(network.weights, before, strict=True):
            variable.assign(value)
