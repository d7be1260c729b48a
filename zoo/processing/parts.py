"""A network in two parts: one reads the whole input once, one answers step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from zoo.processing.frontend import Arrays, Run


@dataclass(frozen=True)
class Parts:
    """An encoder and a step of a decoder, beside the whole network that they were made of.

    It can be called as the whole network is: a task that knows nothing of parts, or wants all
    steps at once, takes it for any other run.

    Attributes:
        encoder: From the input to what it remembers of it: `memory` float32 (batch, time, size),
            and `state_...` where the decoder does not start from zeros.
        step: From what it reads of the memory, `previous` int32 (batch, 1), the code of the last
            answer, and the states `state_...` to `logits` and `next_state_...`.
        whole: From the input and all answers before each step, `previous` int32 (batch, steps), to
            the `logits` of all steps.
    """

    encoder: Run
    step: Run
    whole: Run

    def __call__(self, arrays: Arrays) -> Arrays:
        """Computes the whole network."""
        return self.whole(arrays)


def carry(outputs: Mapping[str, np.ndarray]) -> Arrays:
    """The `next_...` outputs of one call as the state inputs of the following one."""
    return {name[5:]: value for name, value in outputs.items() if name[:5] == "next_"}
