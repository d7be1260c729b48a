"""What a stream costs around its kernel, and what a batcher gains, in one interleaved run.

`python -m tests.export.stream_times`: an LSTM of 256 units, one step a call, one thread; `measure`
gives the numbers to other benchmarks. Times are those of the processor, so that other work beside
does not count.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import keras
import numpy as np

import export
from export.runtime import Batcher, Model, load

UNITS, STREAMS = 256, 256


def streaming_file(folder: Path) -> Path:
    """An LSTM that streams."""
    x = keras.Input((None, UNITS), name="x")
    y = keras.layers.LSTM(UNITS, return_sequences=True, name="lstm")(x)
    path = folder / "lstm.onnx"
    export.to_onnx(keras.Model(x, y), path, streaming=True, cases=3)
    return path


class _Known:
    """An engine that knows the answer already."""

    def __init__(self, answer: list[Any]) -> None:
        self._answer = answer

    def run(self, _: Any) -> list[Any]:
        return self._answer


def measure(model: Model, rounds: int = 60) -> dict[str, float]:
    """Medians in microseconds: a step by onnxruntime, by a stream, by Python alone; many streams.

    Args:
        model: A file of one input `x` (batch, time, 256) that streams.
        rounds: Each asks everything once, in turn.
    """
    x = np.random.default_rng(0).normal(0, 1, (1, 1, UNITS)).astype(np.float32)
    states = {name: np.zeros((1, UNITS), np.float32) for name in model.metadata["states"]}
    around = model.stream()
    around.feed(x)
    around._engine = _Known(model.engine.run({"x": x, **states}))
    one, alone = model.stream(), [model.stream() for _ in range(STREAMS)]
    with Batcher(model) as batcher:
        together = [batcher.stream() for _ in range(STREAMS)]
        runners: dict[str, tuple[Callable[[], object], int]] = {
            "kernel": (lambda: model.engine.run({"x": x, **states}), 50),
            "stream": (lambda: one.feed(x), 50),
            "around": (lambda: around.feed(x), 50),
            "alone": (lambda: [stream.feed(x) for stream in alone], 1),
            "together": (lambda: batcher.feed([(stream, x) for stream in together]), 1),
        }
        times: dict[str, list[float]] = {name: [] for name in runners}
        for _ in range(rounds):
            for name, (run, count) in runners.items():
                begun = time.process_time()
                for _ in range(count):
                    run()
                times[name].append((time.process_time() - begun) / count * 1e6)
    return {name: median(found) for name, found in times.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = measure(load(streaming_file(Path(folder)), threads=1))
    python = found["around"] / found["kernel"]
    gain = found["alone"] / found["together"]
    sys.stdout.write(
        f"a step: onnxruntime {found['kernel']:.1f} us, a stream {found['stream']:.1f} us; Python "
        f"around it {found['around']:.1f} us, {python:.2f} of onnxruntime's\n"
        f"{STREAMS} streams: alone {found['alone']:.0f} us, together {found['together']:.0f} us, "
        f"{gain:.2f} times as fast\n"
    )
