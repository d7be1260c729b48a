"""What decoding costs around its kernel, in one interleaved run.

`python -m tests.export.decode_times`: for models of the zoo that write, on one thread, the time of
our decoding over that of bare calls of the same graphs, with inputs that are prepared. Times are
those of the processor, so that other work beside does not count; but it takes the caches from us,
and less so where the operating system lets nobody else in between (`chrt -f 50 python -m ...`).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import export
import zoo
from export.runtime import Model, load
from zoo.tasks import Arrays

ROUNDS, LENGTH = 40, 60


class _Counted:
    """An engine that keeps what it is asked."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.asked: list[Arrays] = []

    def run(self, arrays: Arrays) -> Any:
        self.asked.append(dict(arrays))
        return self._engine.run(arrays)


def measure(model: Model, ask: Callable[[], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Medians in microseconds of a decoding and of the bare calls that it is made of.

    Args:
        model: A file of one thread, or a bundle of a model in parts.
        ask: Decodes with it, the same each time.
        rounds: Each asks both once, in turn.

    Returns:
        `ours` and `bare`, for all calls together, and their number, `calls`.
    """
    files = [*model.parts.values()] or [model]
    asked = [_asked(file, ask) for file in files]
    sessions = [file.engine._session for file in files]
    names = [[port.name for port in file.outputs] for file in files]

    def bare() -> None:
        for session, outputs, inputs in zip(sessions, names, asked, strict=True):
            for arrays in inputs:
                session.run(outputs, arrays)

    times: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        for name, run in (("ours", ask), ("bare", bare)):
            begun = time.process_time()
            run()
            times[name].append((time.process_time() - begun) * 1e6)
    calls = sum(len(inputs) for inputs in asked)
    return {"calls": calls, **{name: median(found) for name, found in times.items()}}


def _asked(file: Model, ask: Callable[[], object]) -> list[Arrays]:
    """The inputs of each call of a file."""
    engine = file.engine
    counted: Any = _Counted(engine)
    file.engine = counted
    ask()
    file.engine = engine
    return list(counted.asked)


def _answer(model: Model, raw: str, options: dict[str, Any]) -> object:
    """What it writes: in a dialogue the reply to the first turn."""
    if model.metadata["task"] == "dialogue":
        return model.chat().reply(raw, **options)
    return model.predict(raw, **options)


def main(folder: Path) -> None:
    """Measures every model that writes."""
    for model_id, raw, options in QUESTIONS:
        path = folder / model_id
        if not path.exists():
            export.to_bundle(zoo.load(model_id), path, cases=3)
        model = load(path, threads=1)
        found = measure(model, partial(_answer, model, raw, options))
        told = ", ".join(f"{key}={value}" for key, value in options.items())
        sys.stdout.write(
            f"{model_id} {told}: {found['calls']} calls, bare {found['bare'] / found['calls']:.1f} "
            f"us each, ours {found['ours'] / found['calls']:.1f}: "
            f"{found['ours'] / found['bare']:.2f} times\n"
        )


QUESTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("shakespeare-lstm", "ROMEO:", {"length": LENGTH}),
    ("shakespeare-gru", "ROMEO:", {"length": LENGTH}),
    ("shakespeare-lstm", "ROMEO:", {"length": LENGTH, "beams": 4}),
    ("g2p-lstm", "pronunciation", {"beams": 1}),
    ("g2p-lstm", "pronunciation", {"beams": 4}),
    ("g2p-lstm", "pronunciation", {"beams": 8}),
    ("de-en-gru", "Zwei junge Hunde spielen im Schnee.", {"beams": 1}),
    ("de-en-gru", "Zwei junge Hunde spielen im Schnee.", {"beams": 5}),
    ("de-en-gru", "Zwei junge Hunde spielen im Schnee.", {"temperature": 0.8, "seed": 1}),
    ("chat-gru", "I need a table for two in San Jose", {}),
]

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        main(Path(name))
