"""`python -m tests.export.fuzzing arrays|raw|files MODEL COUNT SEED`: throws bad input at a file.

A process of its own, so that its death is seen. Prints one JSON object: how many calls were
answered, how many refused, the longest call in seconds of its own work, and what was neither.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from export.runtime import Model, load
from zoo.errors import ZooError

Draw = np.random.Generator
_TYPES = (
    "float64",
    "float16",
    "int8",
    "uint8",
    "int64",
    "int32",
    "bool",
    "complex64",
    ">f4",
    ">i4",
)
_TEXTS = ("", "a", "\ud800", "a\0b", "\u202e", "é" * 3000, "🙂", "\n\n", "\x7f", "../../etc/passwd")


def good(model: Model, draw: Draw, batch: int | None = None) -> dict[str, np.ndarray]:
    """Inputs that the model answers, but for chance."""
    sizes = {"batch": batch or int(draw.integers(1, 4)), "time": int(draw.integers(1, 9))}
    sizes["samples"] = 100 * sizes["time"]
    counted = {"lengths": "time", "samples": "samples"}
    arrays: dict[str, np.ndarray] = {}
    for port in model.inputs:
        shape = [axis if isinstance(axis, int) else sizes.get(axis, 2) for axis in port.shape]
        if port.name in counted:
            most = sizes[counted[port.name]]
            arrays[port.name] = draw.integers(1, most + 1, shape).astype(port.dtype)
        elif "int" in port.dtype:
            arrays[port.name] = draw.integers(0, 6, shape).astype(port.dtype)
        else:
            arrays[port.name] = draw.standard_normal(shape).astype(port.dtype)
    return arrays


def _other_shape(array: Any, draw: Draw) -> Any:
    shapes = ((0,), (0, 0, 0), (1,), (2, 0, 3), (1, 1, 1, 1), (), (3, 2), (7, 1, 6), (1, 10**7))
    return np.zeros(shapes[draw.integers(len(shapes))], array.dtype)


def _huge(array: Any, draw: Draw) -> Any:
    """Axes of up to 10 to the 12, of one value in memory."""
    shape = list(array.shape)
    for axis in range(len(shape)):
        if draw.random() < 0.5:
            shape[axis] = int(draw.choice([10**7, 2**27, 10**9, 10**12]))
    if np.prod([float(size) for size in shape]) * array.itemsize > 2**62:
        shape = [10**7]
    return np.broadcast_to(np.ones((), array.dtype), shape)


def _holes(array: Any, draw: Draw) -> Any:
    bad = array.copy()
    if bad.dtype.kind == "f" and bad.size:
        bad.flat[draw.integers(bad.size)] = draw.choice([np.nan, np.inf, -np.inf, 3e38, -1e-45])
    elif bad.size:
        bad.flat[draw.integers(bad.size)] = draw.choice([-1, -(2**31), 2**31 - 1, 10**6, 0])
    return bad


def same_values(array: Any, draw: Draw) -> Any:
    """The same values, laid out in memory in another way: these are to be answered."""
    ways: list[Callable[[], Any]] = [
        lambda: np.asfortranarray(array),
        lambda: np.repeat(array, 2, axis=0)[::2],
        lambda: array[::-1].copy()[::-1],
        lambda: np.concatenate([array, array], axis=-1)[..., : array.shape[-1]],
    ]
    made = ways[draw.integers(len(ways))]()
    made.flags.writeable = draw.random() < 0.5
    return made


def _swapped(array: Any, _: Draw) -> Any:
    """The same values, in the byte order of other machines."""
    return array.astype(array.dtype.newbyteorder("S"))


def _not_an_array(array: Any, draw: Draw) -> Any:
    things: list[Any] = [None, array.tolist(), "x", b"x", 3, {}, object(), iter(()), [[1], [2, 3]]]
    things += [array.astype(object), np.ma.masked_array(array), np.array("x"), np.array([None])]
    things += [np.zeros(2, "S3"), np.zeros(2, "datetime64[s]"), np.zeros(2, [("a", "f4")])]
    things += [array.view(np.recarray), np.asmatrix(np.ones((2, 2))), np.float32(1)]
    return things[draw.integers(len(things))]


def _other_type(array: Any, draw: Draw) -> Any:
    with np.errstate(all="ignore"):
        return array.astype(_TYPES[draw.integers(len(_TYPES))])


WAYS = (_other_shape, _huge, _holes, same_values, _swapped, _not_an_array, _other_type)


def bad_arrays(model: Model, count: int, draw: Draw) -> Iterator[Callable[[], Any]]:
    """Calls of `run`, each with something odd."""
    for _ in range(count):
        arrays: Any = good(model, draw)
        for name in draw.permutation(list(arrays))[: draw.integers(1, 3)]:
            arrays[str(name)] = WAYS[draw.integers(len(WAYS))](arrays[name], draw)
        chance = draw.random()
        if chance < 0.05:
            del arrays[next(iter(arrays))]
        elif chance < 0.1:
            arrays[draw.choice(["more", "", "lengths "])] = np.zeros(2)
        elif chance < 0.13:
            arrays = [None, [], "x", 3, list(arrays.items()), {3: 4}][draw.integers(6)]
        yield lambda given=arrays: model.run(given)


def bad_raw(model: Model, count: int, draw: Draw) -> Iterator[Callable[[], Any]]:
    """Calls of `predict` with what is no text, no waveform and no table."""
    long = np.zeros(10_000_000, np.float32)
    things: list[Any] = [None, 3, 2.5, True, b"", b"RIFF", [], {}, (), object(), Path("none.wav")]
    things += [*_TEXTS, "a" * 10**6, Path(), Path("/dev/null"), float("nan"), [None], {"a": 1}]
    things += [long, long[:0], long[:9], long.astype(np.int16), long.reshape(-1, 10), long > 0]
    things += [
        np.full(900, np.nan, "f4"),
        np.full(900, 1e30, "f4"),
        np.array("x"),
        np.zeros((2, 2, 2)),
    ]
    things += [np.array([None, "a"]), np.ones(5, ">f4"), np.ones(5, complex), np.float32(1)]
    options: list[dict[str, Any]] = [{}, {}, {}, {"seed": "x"}, {"sampling_rate": 0}, {"colour": 1}]
    options += [{"sampling_rate": "8000"}, {"sampling_rate": -1}, {"length": "x"}, {"length": -1}]
    options += [{"temperature": float("nan")}, {"top_k": 0}, {"horizon": 10**9}, {"horizon": "x"}]
    for k in range(count):
        thing = things[draw.integers(len(things))]
        if k % 2:
            thing = bytes(draw.integers(0, 256, draw.integers(0, 99), np.uint8))
            thing = thing.decode("latin-1") if draw.random() < 0.5 else thing
        told = options[draw.integers(len(options))]
        yield lambda given=thing, told=told: model.predict(given, **told)


def damaged_files(path: Path, count: int, draw: Draw) -> Iterator[Callable[[], Any]]:
    """Loads of the file with a few bytes changed, cut off, doubled or lost; half with no digest."""
    content = path.read_bytes()
    file = path.with_name("damaged.onnx")
    for k in range(count):
        damaged = bytearray(content)
        for _ in range(int(draw.integers(1, 6))):
            place = int(draw.integers(len(damaged) or 1))
            kind = draw.integers(4)
            if kind < 2 and damaged:
                damaged[place % len(damaged)] ^= int(draw.integers(1, 256))
            elif kind == 2:
                damaged[place:place] = damaged[place : place + int(draw.integers(1, 30))]
            else:
                del damaged[place : place + int(draw.integers(1, 2 + len(damaged) // 4))]

        def call(damaged: bytes = bytes(damaged), verify: bool = bool(k % 2)) -> Any:
            file.write_bytes(damaged)
            model = load(file, verify=verify, threads=1)
            assert not verify or damaged == content, "a damaged file was loaded"
            return model

        yield call


def main(kind: str, path: str, count: int, seed: int) -> dict[str, Any]:
    """Makes all calls; what is no `ZooError` is told."""
    draw = np.random.default_rng(seed)
    if kind == "files":
        calls = damaged_files(Path(path), count, draw)
    else:
        make = bad_arrays if kind == "arrays" else bad_raw
        calls = make(load(path, threads=1), count, draw)
    told: dict[str, Any] = {"answered": 0, "refused": 0, "longest": 0.0, "wrong": []}
    for call in calls:
        begun = time.process_time()
        try:
            call()
            told["answered"] += 1
        except ZooError as error:
            told["refused"] += 1
            if len(str(error)) > 2000:
                told["wrong"].append(f"long: {str(error)[:100]}")
        except BaseException as error:
            told["wrong"].append(f"{type(error).__name__}: {str(error)[:200]}")
        told["longest"] = max(told["longest"], time.process_time() - begun)
    return told


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(*sys.argv[1:3], int(sys.argv[3]), int(sys.argv[4]))))
