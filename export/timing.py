"""Times of several sessions in one interleaved run, and the machine that they were measured on."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from export.benchmark.turns import in_turn
from zoo.tasks import Arrays


def session(model: bytes) -> Any:
    """A session on one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def interleaved(sessions: Sequence[Any], feeds: Sequence[Arrays], seconds: float) -> list[float]:
    """Runs sessions in turn, in changing order.

    Returns:
        For each the time of a run in seconds that one run in five stays below: other work on the
        machine can only make a run longer.
    """
    for one, feed in zip(sessions, feeds, strict=True):
        one.run(None, feed)
    asks = [partial(_timed, *pair) for pair in zip(sessions, feeds, strict=True)]
    return [float(np.quantile(values, 0.2)) for values in in_turn(asks, seconds, least=7)]


def _timed(one: Any, feed: Arrays) -> list[float]:
    start = time.perf_counter()
    one.run(None, feed)
    return [time.perf_counter() - start]


def machine() -> str:
    """The processor's name."""
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text(encoding="utf-8").splitlines() if cpus.exists() else []
    names: list[Any] = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor()
