"""Today's stock export beside ours: its file, what became of it, and how fast each of them runs."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import keras
import numpy as np
import onnx
import onnxruntime as ort

CONTROL_FLOW = frozenset({"Loop", "Scan", "If"})
_SHORTEST = 0.002  # seconds of one timing: several short runs count as one
_LONGEST = 160  # letters of a reason
_TYPES = {"float16": np.float16, "double": np.float64, "int64": np.int64, "int32": np.int32}


@dataclass(frozen=True)
class Paired:
    """Two files timed in one interleaved run.

    Attributes:
        ratio: Median time of stock over ours: above 1, ours is faster.
        noise: How far the same ratio of stock against itself is from 1, or the ratio of lower
            quartiles from that of medians, if that is more: other work on the machine shows there.
        ours: Milliseconds a run.
        stock: Milliseconds a run.
    """

    ratio: float
    noise: float
    ours: float
    stock: float


def stock_export(model: Any, path: Path) -> None:
    """Exports as ``keras.Model.export`` does; calls the model first, since Keras may demand it."""
    inputs = getattr(model, "inputs", None) or []
    if inputs:
        call(model, {t.name: np.zeros([size or 8 for size in t.shape], t.dtype) for t in inputs})
    with _quiet():
        model.export(str(path), format="onnx", verbose=False)


def call(model: Any, feeds: Mapping[str, Any]) -> list[Any]:
    """The model's own outputs in order, for named inputs, without a trace: shapes are known.

    Args:
        model: A called or functional model.
        feeds: Named inputs; for a model without a graph, in its order.
    """
    structure = getattr(model, "_inputs_struct", None)
    if structure is not None:
        flat = [feeds[tensor.name] for tensor in keras.tree.flatten(structure)]
        arguments = keras.tree.pack_sequence_as(structure, flat)
    else:
        arguments = list(feeds.values()) if len(feeds) > 1 else next(iter(feeds.values()))
    outputs = model(arguments, training=False)
    return [np.asarray(one) for one in keras.tree.flatten(outputs)]


def stock_outcome(model: Any, path: Path, feeds: Mapping[str, Any]) -> str:
    """What becomes of a model under the stock export.

    Args:
        model: The model; of a stateful one this call changes the states.
        path: Where its file goes.
        feeds: Named inputs, in the order of the model's.

    Returns:
        ``ok``, ``loop`` (right, with control flow in it), ``wrong: …`` or ``fails: …``.
    """
    try:
        stock_export(model, path)
        session = quiet_session(path)
        answers = session.run(None, feeds_for(session, feeds))
    except Exception as error:  # whatever it is, the table names it
        return f"fails: {_sentence(error)}"
    expected = call(model, feeds)
    if len(answers) != len(expected):
        return f"wrong: {len(answers)} outputs instead of {len(expected)}"
    for received, wanted in zip(answers, expected, strict=True):
        if received.shape != wanted.shape:
            return f"wrong: shape {received.shape} instead of {wanted.shape}"
        exact = wanted.astype("float64")
        gap = np.nan_to_num(np.abs(received.astype("float64") - exact)).max(initial=0.0)
        if gap > (1e-3 if wanted.dtype.itemsize > 2 else 5e-2) * (
            1.0 + np.abs(exact).max(initial=0)
        ):
            return f"wrong: an output differs by {gap:.3g}"
    return "loop" if CONTROL_FLOW & operators(path) else "ok"


def operators(path: Path) -> set[str]:
    """Names of all operators of a file, those inside loops too."""
    return set(_operators(onnx.load(path, load_external_data=False).graph))


def quiet_session(path: Path) -> Any:
    """An onnxruntime session of one thread that writes nothing."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def feeds_for(session: Any, feeds: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs under the names that a file has for them: by name, else by position."""
    by_position = list(feeds.values())
    chosen = {}
    for index, one in enumerate(session.get_inputs()):
        array = feeds.get(one.name, feeds.get(one.name.partition(":")[0], by_position[index]))
        dtype = _TYPES.get(one.type[len("tensor(") : -1], array.dtype)
        chosen[one.name] = array.astype(dtype, copy=False)
    return chosen


def paired_ratio(ours: Path, stock: Path, feeds: Mapping[str, Any], rounds: int = 30) -> Paired:
    """Times two files against each other, and the second against another session of itself.

    Args:
        ours: The file that should be faster.
        stock: The file to compare it with.
        feeds: Named inputs, in the order of the model's.
        rounds: How often each is timed.
    """
    runs = []
    for path in (ours, stock, stock):  # where a session's memory lies makes a difference too
        session = quiet_session(path)
        runs.append(_runner(session, feeds_for(session, feeds)))
    for run in runs:  # the first runs allocate
        run(3)
    counts = [max(1, round(_SHORTEST / max(run(3), 1e-9))) for run in runs]
    counts[2] = counts[1]
    times: list[list[float]] = [[], [], []]
    orders = list(permutations(range(3)))
    for index in range(rounds):
        for which in orders[index % len(orders)]:
            times[which].append(runs[which](counts[which]))
    own, other, again = (median(one) for one in times)
    lower = [quantiles(one, n=4)[0] for one in times]
    ratio = other / own
    noise = max(abs(again / other - 1.0), abs(lower[1] / lower[0] / ratio - 1.0))
    return Paired(ratio, noise, own * 1e3, other * 1e3)


def _runner(session: Any, feeds: Mapping[str, Any]) -> Callable[[int], float]:
    names = [output.name for output in session.get_outputs()]

    def run(times: int) -> float:
        """Seconds a run."""
        started = time.perf_counter()
        for _ in range(times):
            session.run(names, feeds)
        return (time.perf_counter() - started) / times

    return run


def _operators(graph: Any) -> Iterator[str]:
    for node in graph.node:
        yield node.op_type
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                yield from _operators(inner)


def _sentence(error: BaseException) -> str:
    """The line of a message that says most, short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else ""
    for mark in (" , Error ", "Status Message: "):  # onnxruntime tells the reason last
        first = first.rpartition(mark)[2]
    return f"{type(error).__name__}: {first[:_LONGEST]}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Silences what tf2onnx writes to the root logger, and warnings: the table tells."""
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
