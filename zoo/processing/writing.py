"""A language model asked for what comes next: prompts read, and one more code each at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zoo.errors import InputError
from zoo.processing.finite import all_finite
from zoo.processing.frontend import Arrays, Run
from zoo.processing.parts import carry


def read(run: Run, prompts: Sequence[np.ndarray]) -> tuple[np.ndarray, Arrays]:
    """The logits and the states after prompts, those of one length in one call.

    Args:
        run: The network in its streaming form.
        prompts: Codes of each, int32 (steps,), at least one.

    Returns:
        Logits (prompts, vocabulary), and states with a row a prompt.

    Raises:
        InputError: The network answered NaN.
    """
    last: dict[int, np.ndarray] = {}
    found: dict[int, Arrays] = {}
    for size in {len(codes) for codes in prompts}:
        rows = [row for row, codes in enumerate(prompts) if len(codes) == size]
        outputs = run({"tokens": np.stack([prompts[row] for row in rows])})
        logits, after = last_logits(outputs), carry(outputs)
        for place, row in enumerate(rows):
            last[row] = logits[place]
            found[row] = {name: state[place] for name, state in after.items()}
    everyone = range(len(prompts))
    states = {name: np.stack([found[row][name] for row in everyone]) for name in found[0]}
    return np.stack([last[row] for row in everyone]), states


def follow(run: Run, codes: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
    """The logits (batch, vocabulary) and the states after one more code each, int32 (batch,).

    Raises:
        InputError: The network answered NaN.
    """
    outputs = run({"tokens": codes[:, None], **states})
    return last_logits(outputs), carry(outputs)


def last_logits(outputs: Arrays) -> np.ndarray:
    """The logits after the last step, (batch, vocabulary).

    Raises:
        InputError: They are not finite.
    """
    logits = outputs["logits"][:, -1]
    if not all_finite(logits):
        raise InputError("The network answered NaN; its file is damaged or of another task.")
    return logits
