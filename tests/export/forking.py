"""`python -m tests.export.forking fork|spawn|bare FILE [ENGINE]`: children answer with one model.

A process of its own, since pytest's runs TensorFlow, whose threads do not survive a fork.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from functools import partial

import numpy as np

from export.runtime import Model, load

X = np.random.default_rng(0).standard_normal((2, 5, 3)).astype("float32")


def logits(model: Model, _: int = 0) -> np.ndarray:
    """The model's answer to the same question."""
    return model.run({"x": X})["logits"]


def main(start: str, file: str, engine: str = "onnxruntime") -> None:
    """Asks before the fork, in two children and afterwards."""
    model = load(file, threads=2, engine=engine)
    unused = load(file, threads=2, engine=engine)  # its threads are missing in the child too
    before = logits(model)
    if start == "bare":
        child = os.fork()
        if not child:
            sys.exit(7 if np.array_equal(before, logits(model)) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    else:
        with multiprocessing.get_context(start).Pool(2) as pool:
            answers = pool.map(partial(logits, model), range(6))
        assert all(np.array_equal(before, answer) for answer in answers)
    assert np.array_equal(before, logits(model))
    assert np.array_equal(before, logits(unused))


if __name__ == "__main__":
    main(*sys.argv[1:])
