"""What each cell can remember: the runs of `memory.toml`, trained, measured and drawn."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.builders import build
from zoo.errors import InputError
from zoo.files import replacing
from zoo.model_card import Training
from zoo.reports.made_sequences import PROBLEMS, Endless, Problem
from zoo.training.batches import Batches
from zoo.training.fit import compile_model
from zoo.training.gradient_flow import gradient_flow
from zoo.training.initialisation import initialise
from zoo.typed_tables import typed

RUNS = Path(__file__).with_name("memory.toml")
SHIPPED = Path(__file__).with_name("memory.json")
_BATCHES = 100  # an epoch
_TEST, _WATCHED = 1000, 32  # sequences that are scored, and that the gradient is taken of
_TEST_SEED = 20_000
_POINTS = 120  # of a line in the picture, at most


@dataclass(frozen=True)
class MemoryRun:
    """One training.

    Args:
        id: Its name.
        setting: What is particular to it, for the table.
        panels: The comparisons that it belongs to, and its name in each.
        problem: "adding" or "copy".
        length: Of the problem.
        arguments: Of the builder `series.causal`.
        training: As in a recipe; an epoch has 100 batches.
    """

    id: str
    setting: str
    panels: dict[str, str]
    problem: str
    length: int
    arguments: dict[str, Any]
    training: Training

    @property
    def made(self) -> Problem:
        """The problem at its length."""
        return PROBLEMS[self.problem](self.length)

    @property
    def sha256(self) -> str:
        """Digest of what decides the result."""
        told = {k: v for k, v in asdict(self).items() if k not in ("id", "setting", "panels")}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Flow:
    """The length of the gradient of the recalling loss by h_t (or c_t) at some steps."""

    places: list[int]
    lengths: dict[str, list[float]]


@dataclass(frozen=True)
class MemoryResult:
    """What a run came to.

    Args:
        id: Of the run.
        sha256: Of its settings.
        error: Of 1,000 sequences that it did not learn from, in `unit`.
        chance: The error of the best answer that remembers nothing.
        unit: Of both.
        seconds: Wall time of the training.
        parameters: Of the model.
        curve: Training loss of each epoch.
        before: Gradient flow of the untrained model.
        after: That of the trained one.
    """

    id: str
    sha256: str
    error: float
    chance: float
    unit: str
    seconds: float
    parameters: int
    curve: list[float]
    before: Flow
    after: Flow
    versions: dict[str, str] = field(default_factory=dict)


def read_runs(path: Path = RUNS) -> list[MemoryRun]:
    """The runs of a list; what `[defaults.training]` says holds for those that do not say it.

    Raises:
        RecipeError: A key is missing, unknown or of the wrong type.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    shared = table["defaults"]["training"]
    rows = [{**row, "training": {**shared, **row.get("training", {})}} for row in table["runs"]]
    return [typed(MemoryRun, row, f"{path}: {row.get('id')}") for row in rows]


def report_memory(
    folder: Path,
    *,
    patterns: Sequence[str] = (),
    epochs: int | None = None,
    verbose: int | str = 0,
    report: Callable[[MemoryRun, MemoryResult], None] | None = None,
) -> list[MemoryResult]:
    """Trains what is not finished yet, then writes the table and the picture of all that is.

    Args:
        folder: Holds `runs/ID.json`, `memory.csv`, `memory.md` and `memory.png`.
        patterns: Only runs whose id matches one of them, as in "adding-*"; all if left out.
        epochs: Stop each run after that many, if that is less than its own.
        verbose: Keras' progress bar.
        report: Called with each result as it is known.

    Returns:
        The results, in the order of the list.

    Raises:
        InputError: No run matches, or a number is below 1.
        MissingExtraError: matplotlib is not installed.
    """
    from zoo.reports.memory_pages import write_pages

    runs = chosen(read_runs(), patterns)
    if epochs is not None and epochs < 1:
        raise InputError(f"Received epochs={epochs}; use 1 or more.")
    results = []
    for run in runs:
        if epochs is not None and epochs < run.training.epochs:
            run = replace(run, training=replace(run.training, epochs=epochs))
        path = folder / "runs" / f"{run.id}.json"
        result = read_result(path, run)
        if result is None:
            result = train_run(run, verbose)
            with replacing(path) as temporary:
                temporary.write_text(json.dumps(asdict(result)), encoding="utf-8")
        results.append(result)
        if report is not None:
            report(run, result)
    write_pages(runs, results, folder)
    return results


def shipped_results() -> list[MemoryResult]:
    """What all runs of the list came to when this project ran them, in its order."""
    return [to_result(row) for row in json.loads(SHIPPED.read_text(encoding="utf-8"))]


def chosen(runs: Sequence[MemoryRun], patterns: Sequence[str]) -> list[MemoryRun]:
    """The runs whose id matches a pattern; all where there is none.

    Raises:
        InputError: A pattern matches nothing.
    """
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(run.id, pattern) for run in runs):
            known = ", ".join(run.id for run in runs)
            raise InputError(f"Received {pattern!r}, which no run is called; known: {known}.")
    wanted = patterns or ["*"]
    return [run for run in runs if any(fnmatch.fnmatchcase(run.id, one) for one in wanted)]


def read_result(path: Path, run: MemoryRun) -> MemoryResult | None:
    """A finished result of the very same settings, or None."""
    if not path.exists():
        return None
    result = to_result(json.loads(path.read_text(encoding="utf-8")))
    return result if result.sha256 == run.sha256 else None


def to_result(table: dict[str, Any]) -> MemoryResult:
    """A result from JSON values."""
    flows = {name: Flow(**table[name]) for name in ("before", "after")}
    return MemoryResult(**{**table, **flows})


def train_run(run: MemoryRun, verbose: int | str = 0) -> MemoryResult:
    """Trains one run and measures it, on Keras' current backend."""
    training, problem = run.training, run.made
    keras.utils.set_random_seed(training.seed)
    sizes = {"features": problem.features, "outputs": problem.outputs}
    model = build("series.causal", **sizes, **run.arguments)
    initialise(model, training.initial, training.seed)
    test = problem.make(_TEST, np.random.default_rng(_TEST_SEED))
    watched = test[0][:_WATCHED], test[1][:_WATCHED]
    before = _flow(gradient_flow(model, *watched, problem.recall))
    source = Endless(problem, _BATCHES * training.batch_size)
    batches = Batches(source, training.batch_size, training.seed)
    compile_model(model, training, len(batches), problem.loss)

    def tell(epoch: int, _logs: Any) -> None:
        batches.epoch = epoch

    started = time.perf_counter()
    history = model.fit(
        batches,
        epochs=training.epochs,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_begin=tell)],
        shuffle=False,
        verbose=verbose,
    )
    seconds = time.perf_counter() - started
    return MemoryResult(
        id=run.id,
        sha256=run.sha256,
        error=_short(model.evaluate(*test, batch_size=100, verbose=0)),
        chance=_short(problem.chance),
        unit=problem.unit,
        seconds=round(seconds, 1),
        parameters=model.count_params(),
        curve=[_short(value) for value in history.history["loss"]],
        before=before,
        after=_flow(gradient_flow(model, *watched, problem.recall)),
        versions={"keras": keras.__version__, "backend": keras.backend.backend()},
    )


def _flow(found: dict[str, np.ndarray]) -> Flow:
    """Of each line as many steps as a picture shows."""
    steps = len(next(iter(found.values())))
    places = sorted({*range(0, steps, -(-steps // _POINTS)), steps - 1})
    lengths = {
        name.rpartition(".")[2]: [_short(values[place]) for place in places]
        for name, values in found.items()
    }
    return Flow(places, lengths)


def _short(value: float) -> float:
    return float(f"{value:.3e}")
