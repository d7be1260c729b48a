"""Streams at run time: any chunking, saved and restored, alone and together."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import export
from export.runtime import Batcher, Model, load
from tests.export.made import LAYERS, model, small
from zoo.errors import InputError, QueueFullError, RuntimeFileError, StreamError, ZooError

STEPS, FEATURES = 24, 3


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An LSTM and a GRU after a convolution that needs three steps."""
    x = keras.Input((None, FEATURES), name="x")
    y = LAYERS.Conv1D(4, 3, name="first")(x)
    y = LAYERS.LSTM(5, return_sequences=True, name="lstm")(y)
    network = model([x], {"y": LAYERS.GRU(4, return_sequences=True, name="gru")(y)})
    target = tmp_path_factory.mktemp("stream") / "model.onnx"
    export.to_onnx(network, target, streaming=True, cases=4)
    return target


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recurrent layers alone: their kernels give the same bits in any chunking."""
    x = keras.Input((None, FEATURES), name="x")
    y = LAYERS.LSTM(5, return_sequences=True, name="lstm")(x)
    network = model([x], {"y": LAYERS.GRU(4, return_sequences=True, name="gru")(y)})
    target = tmp_path_factory.mktemp("stream") / "plain.onnx"
    export.to_onnx(network, target, streaming=True, cases=4)
    return target


@pytest.fixture(scope="module")
def file(path: Path) -> Model:
    return load(path, threads=1)


def sequence(seed: int = 0, rows: int = 1) -> Any:
    """A random sequence."""
    return np.random.default_rng(seed).normal(0, 1, (rows, STEPS, FEATURES)).astype(np.float32)


def fed(stream: Any, x: Any, cuts: list[int]) -> Any:
    """The answers for a sequence cut at some steps, put together."""
    bounds = [0, *sorted(cuts), x.shape[1]]
    parts = [stream.feed(x[:, a:b]) for a, b in pairwise(bounds) if b > a]
    return np.concatenate([part["y"] for part in parts if part], axis=1)


CUTS = st.lists(st.integers(1, STEPS - 1), unique=True)


@settings(deadline=None, max_examples=60)
@given(cuts=CUTS, seed=st.integers(0, 5))
def test_any_chunking_is_the_whole_bit_for_bit(plain: Path, cuts: list[int], seed: int) -> None:
    file = _loaded(plain)
    x = sequence(seed, rows=2)
    whole = file.run({"x": x})["y"]
    np.testing.assert_array_equal(fed(file.stream(), x, cuts), whole)


@settings(deadline=None, max_examples=40)
@given(cuts=CUTS, place=st.integers(1, STEPS - 1))
def test_a_saved_stream_goes_on_anywhere(path: Path, cuts: list[int], place: int) -> None:
    file, x = _loaded(path), sequence()
    before, after = file.stream(), load_again(path).stream()
    parts = []
    bounds = [0, *sorted({*cuts, place}), STEPS]
    for start, end in pairwise(bounds):
        if start == place:
            after.restore(before.save())
        parts.append((before if start < place else after).feed(x[:, start:end]))
    answer = np.concatenate([part["y"] for part in parts if part], axis=1)
    np.testing.assert_allclose(answer, file.run({"x": x})["y"], rtol=1e-6, atol=1e-6)


_FILES: dict[Path, list[Model]] = {}


def _loaded(path: Path, place: int = 0) -> Model:
    """Each file is opened twice and no more."""
    if path not in _FILES:
        _FILES[path] = [load(path, threads=1), load(path, threads=1)]
    return _FILES[path][place]


def load_again(path: Path) -> Model:
    return _loaded(path, 1)


def test_saved_bytes_are_the_same_everywhere_and_guarded(file: Model, plain: Path) -> None:
    stream = file.stream()
    stream.feed(sequence()[:, :7])
    blob = stream.save()
    assert blob[:8] == b"RNNZSTRM" and blob[8:10] == b"\x01\x00"
    assert blob[10:42].hex() == file.digest
    again = file.stream()
    again.restore(blob)
    assert again.save() == blob
    with pytest.raises(StreamError, match="was saved for the model "):
        load(plain).stream().restore(blob)
    with pytest.raises(StreamError, match="give the bytes"):
        stream.restore("text")  # type: ignore[arg-type]
    later = file.stream()
    for wrong in (b"", b"RNNZSTRM", blob[:-1], blob + b"\0", b"x" + blob[1:]):
        with pytest.raises(StreamError):
            later.restore(wrong)
    draw = np.random.default_rng(0)
    for place in draw.integers(0, len(blob), 200):
        broken = bytearray(blob)
        broken[place] ^= int(draw.integers(1, 256))
        with pytest.raises(StreamError):
            later.restore(bytes(broken))
    later.feed(sequence()[:, :4])  # none of it did harm


def test_chunks_that_do_not_fit_leave_the_stream_as_it_was(file: Model) -> None:
    x = sequence()
    stream = file.stream()
    first = stream.feed({"x": x[:, :5]})["y"]
    nan = x[:, 5:8].copy()
    nan[0, 1, 2] = np.nan
    for wrong, sentence in (
        (nan, "holds nan at row 0, step 1"),
        (x[:, 5:5], "needs at least 1"),
        (x[0, 5:8], "the model needs"),
        (x[:, 5:8].astype(np.float64), "the model needs"),
        (np.repeat(x[:, 5:8], 2, axis=0), "the chunk has 2 rows; this stream takes 1"),
        ({"z": x}, "the model's inputs are"),
        (None, "is a NoneType"),
    ):
        with pytest.raises(InputError, match=sentence):
            stream.feed(wrong)
    rest = stream.feed(x[:, 5:])["y"]
    whole = file.run({"x": x})["y"]
    np.testing.assert_allclose(np.concatenate([first, rest], 1), whole, rtol=1e-6, atol=1e-6)


def test_first_steps_are_withheld_and_flush_starts_anew(file: Model) -> None:
    x = sequence()
    stream = file.stream()
    assert stream.feed(x[:, :1]) == {} and stream.feed(x[:, 1:2]) == {}
    with pytest.raises(InputError, match="ended after 2 steps; the model needs at least 3"):
        stream.flush()
    for _ in range(2):
        assert fed(stream, x, [2, 9]).shape == (1, STEPS - 2, 4)
        assert stream.flush() == {}
    with pytest.raises(InputError, match="this chunk of a stream needs at least 3"):
        file.run({"x": x[:, :2]})
    with pytest.raises(InputError, match="holds 1 steps; it holds 0 or 2"):
        file.run({"x": x, "first_x": np.zeros((1, 1, 3), np.float32)})


def test_files_that_do_not_stream_say_so(tmp_path: Path) -> None:
    export.to_onnx(small(), tmp_path / "whole.onnx", cases=3)
    with pytest.raises(RuntimeFileError, match="export it with streaming=True"):
        load(tmp_path / "whole.onnx").stream()


def test_options_that_a_stream_does_not_take(file: Model) -> None:
    with pytest.raises(InputError, match="a stream of arrays takes none"):
        file.stream(top=3)


def test_streams_together_answer_as_alone(file: Model) -> None:
    inputs = [sequence(seed) for seed in range(12)]
    expected = [file.run({"x": x})["y"] for x in inputs]

    def one(number: int) -> Any:
        cuts = np.random.default_rng(number).choice(np.arange(1, STEPS), 6, replace=False)
        with batcher.stream() as stream:
            first = stream.feed(inputs[number][:, : cuts[0]])
            blob = stream.save()
        with batcher.stream() as stream:  # streams come and go
            stream.restore(blob)
            rest = inputs[number][:, cuts[0] :]
            parts = [first.get("y", np.zeros((1, 0, 4), np.float32))]
            futures = [stream.submit(rest[:, k : k + 1]) for k in range(rest.shape[1])]
            parts += [found["y"] for f in futures if (found := f.result())]
            stream.flush()
        return np.concatenate(parts, axis=1)

    with Batcher(file, capacity=8, largest=5) as batcher, ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(one, range(12)))
    for answer, whole in zip(answers, expected, strict=True):
        np.testing.assert_allclose(answer, whole, rtol=1e-5, atol=1e-6)


def test_one_stream_never_harms_another(file: Model) -> None:
    x = sequence()
    bad = np.full((1, 4, FEATURES), np.nan, np.float32)
    with Batcher(file) as batcher:
        streams = [batcher.stream() for _ in range(4)]
        pairs = [(s, bad if k == 2 else x[:, :4]) for k, s in enumerate(streams)]
        answers = batcher.feed(pairs)
        assert isinstance(answers[2], InputError)
        for k in (0, 1, 3):
            np.testing.assert_allclose(answers[k]["y"], file.run({"x": x[:, :4]})["y"], atol=1e-6)
        assert streams[2].feed(x[:, :4])["y"].shape == (1, 2, 4)
        with pytest.raises(InputError, match="2 rows; this stream takes 1"):
            streams[2].feed(np.repeat(x, 2, axis=0))


class Failing:
    """An engine that refuses a batch in which a value is over 100."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def run(self, arrays: Any) -> Any:
        if (arrays["x"] > 100).any():
            raise InputError("refused")
        return self.engine.run(arrays)


def test_a_chunk_that_the_kernel_refuses_ends_its_stream_alone(path: Path) -> None:
    file = load(path, threads=1)
    file.engine = Failing(file.engine)  # type: ignore[assignment]
    x, alone = sequence(), file.stream()
    with Batcher(file) as batcher:
        good, bad = batcher.stream(), batcher.stream()
        blob = bad.save()
        answers = batcher.feed([(good, x[:, :4]), (bad, x[:, :4] + 200)])
        assert isinstance(answers[1], InputError) and answers[0]["y"].shape == (1, 2, 4)
        for stream in (bad, alone):
            if stream is alone:
                with pytest.raises(InputError, match="refused"):
                    alone.feed(x + 200)
            for call in (lambda s=stream: s.feed(x), stream.save):
                with pytest.raises(StreamError, match="failed inside a chunk"):
                    call()
            stream.restore(blob)
            assert stream.feed(x)["y"].shape == (1, STEPS - 2, 4)


class Slow:
    """An engine that waits until it is let go."""

    def __init__(self, engine: Any) -> None:
        self.engine, self.gate = engine, threading.Event()

    def run(self, arrays: Any) -> Any:
        assert self.gate.wait(20)
        return self.engine.run(arrays)


def test_a_full_queue_holds_back_or_refuses_and_close_answers_what_waits(path: Path) -> None:
    file = load(path, threads=1)
    slow = Slow(file.engine)
    file.engine = slow  # type: ignore[assignment]
    x = sequence()
    batcher = Batcher(file, capacity=2)
    stream = batcher.stream()
    futures = [stream.submit(x[:, :4]), stream.submit(x[:, 4:5])]
    for timeout in (0.0, 0.02):
        with pytest.raises(QueueFullError, match="2 chunks wait already"):
            stream.submit(x[:, 5:6], timeout=timeout)
    threading.Timer(0.05, slow.gate.set).start()
    futures.append(stream.submit(x[:, 5:]))  # held back until there is room
    batcher.close()
    answer = np.concatenate([future.result(0)["y"] for future in futures], axis=1)
    np.testing.assert_allclose(answer, load(path).run({"x": x})["y"], rtol=1e-5, atol=1e-6)
    for call in (lambda: stream.feed(x), batcher.stream):
        with pytest.raises(StreamError, match="closed"):
            call()
    assert issubclass(QueueFullError, StreamError) and issubclass(StreamError, ZooError)
