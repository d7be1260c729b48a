"""Every task trains, stops and resumes to the same result on each Keras backend."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ELSEWHERE = ("language_model", "classification", "forecast")
# JAX compiles once a batch shape, and the word tasks' batches, grouped by length, have many.
TASKS = {
    "tensorflow": (
        *ELSEWHERE,
        "text_classification",
        "tagging",
        "intent_and_slots",
        "transduction",
        "translation",
        "dialogue",
    ),
    "jax": ELSEWHERE,
    "torch": ELSEWHERE,
}


@pytest.mark.slow
@pytest.mark.parametrize("backend", TASKS)
def test_a_resumed_run_ends_as_an_unbroken_one(backend: str) -> None:
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.train_small", *TASKS[backend]],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    for task in TASKS[backend]:
        whole, resumed = found[task]["whole"], found[task]["resumed"]
        assert len(whole) == len(resumed) >= 2
        for one, other in zip(whole, resumed, strict=True):
            assert one == pytest.approx(other, rel=1e-4), task
        assert found[task]["shapes"][0] == found[task]["shapes"][1] != {}
    losses = [row["val_loss"] for row in found["language_model"]["whole"]]
    assert losses[-1] < losses[0]
