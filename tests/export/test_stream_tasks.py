"""Streams of tasks: sound and text piece by piece, from Python and from the shell."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
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
from tests.export.made import LAYERS, language_model, model
from zoo.errors import InputError, StreamError

PROCESSING = {
    "kind": "log_mel",
    "level": "none",
    "mels": 8,
    "floor": 1e-6,
    "labels": ["other", "tone"],
    "threshold": 0.6,
}
CHARACTERS = {"kind": "characters", "vocabulary": "abcdefghij\n"}
STATES = {f"state_{k}": f"next_state_{k}" for k in range(3)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal model of frames, with and without its processing, and one of characters."""
    target = tmp_path_factory.mktemp("tasks")
    features = keras.Input((None, 8), name="features")
    x = LAYERS.Conv1D(5, 3, padding="causal", activation="tanh", name="convolution")(features)
    x = LAYERS.GRU(6, return_sequences=True, name="gru")(x)
    frames = model([features], {"logits": LAYERS.Dense(2, name="logits")(x)})
    told: dict[str, Any] = {"processing": PROCESSING, "task": "frames", "streaming": True}
    export.to_onnx(frames, target / "frames.onnx", cases=9, **told)
    export.to_onnx(frames, target / "tensors.onnx", cases=4, raw=False, **told)
    whole = {**told, "streaming": False}
    export.to_onnx(frames, target / "whole.onnx", cases=6, **whole)
    export.to_onnx(
        language_model(),
        target / "text.onnx",
        processing=CHARACTERS,
        metadata={"states": STATES},
        cases=3,
    )
    return target


_FILES: dict[Path, Model] = {}


def opened(path: Path) -> Model:
    if path not in _FILES:
        _FILES[path] = load(path, threads=1)
    return _FILES[path]


def sound(samples: int = 2903) -> Any:
    """Noise, then a tone."""
    noise = np.random.default_rng(0).normal(0, 0.02, samples)
    tone = np.sin(np.arange(samples)) * (np.arange(samples) > samples // 2)
    return (noise + 0.3 * tone).astype(np.float32)


def same(answer: Any, whole: Any) -> None:
    """Whether decisions are those of the whole recording."""
    assert [f.seconds for f in answer] == [f.seconds for f in whole]
    shares = [(f.label, f.probability) for f in whole]
    for frame, (label, share) in zip(answer, shares, strict=True):
        assert frame.label == label
        assert frame.probability == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("name", ["frames.onnx", "tensors.onnx"])
@settings(deadline=None, max_examples=25)
@given(cuts=st.lists(st.integers(0, 2903)), saved=st.integers(0, 5))
def test_sound_in_any_pieces_is_the_whole_recording(
    folder: Path, name: str, cuts: list[int], saved: int
) -> None:
    file, x = opened(folder / name), sound()
    whole = opened(folder / "whole.onnx")(x).frames
    same(file(x).frames, whole)
    stream, found = file.stream(), []
    for place, (start, end) in enumerate(pairwise([0, *sorted(cuts), len(x)])):
        if place == saved:
            blob = stream.save()
            stream = file.stream()
            stream.restore(blob)
        found += stream.feed(x[start:end]).frames
    found += stream.flush().frames
    same(found, whole)
    assert not stream.flush().frames


@pytest.mark.parametrize("name", ["frames.onnx", "tensors.onnx"])
def test_short_and_integer_sound_is_padded_as_the_whole_is(folder: Path, name: str) -> None:
    file = opened(folder / name)
    for samples in (1, 150, 200, 201, 1000):
        x = (sound()[-samples:] * 32767).astype(np.int16)
        stream = file.stream()
        same([*stream.feed(x).frames, *stream.flush().frames], file(x).frames)


def test_sound_in_a_batcher_is_as_alone(folder: Path) -> None:
    file = opened(folder / "frames.onnx")
    sounds = [sound(1500 + 333 * k) for k in range(4)]
    with Batcher(file) as batcher:
        streams = [batcher.stream() for _ in sounds]
        found: list[list[Any]] = [[] for _ in sounds]
        for start in range(0, 3000, 170):
            pairs = [(s, x[start : start + 170]) for s, x in zip(streams, sounds, strict=True)]
            for parts, answer in zip(found, batcher.feed(pairs), strict=True):
                parts += answer.frames
        for stream, parts, x in zip(streams, found, sounds, strict=True):
            same([*parts, *stream.flush().frames], file(x).frames)


def test_sound_that_cannot_be_heard_changes_nothing(folder: Path) -> None:
    file = opened(folder / "frames.onnx")
    stream = file.stream()
    found = [*stream.feed(sound()[:300]).frames]
    nan = np.array([0.0, np.nan], np.float32)
    for wrong in (nan, np.full(3, 1e7, np.float32), np.zeros((2, 2)), "text", np.array(["a"])):
        with pytest.raises(InputError):
            stream.feed(wrong)
    found += [*stream.feed(sound()[300:]).frames, *stream.flush().frames]
    same(found, file(sound()).frames)


def test_samples_as_arrays_are_answered_as_their_frames_are_complete(folder: Path) -> None:
    file, x = opened(folder / "frames.onnx"), np.stack([sound(), sound()[::-1]])
    whole = file.run({"waveform": x})
    assert whole["logits"].shape[1] == 1 + (x.shape[1] - 200) // 80
    assert whole["next_held"].shape[1] == x.shape[1] - 80 * whole["logits"].shape[1]
    for cuts in ([1, 199, 201, 700], [150, 279, 281, 290, 2902], list(range(7, 2900, 41))):
        stream, found = file.stream(arrays=True), []
        for place, (start, end) in enumerate(pairwise([0, *cuts, x.shape[1]])):
            if place == 2:
                blob = stream.save()
                stream = file.stream(arrays=True)
                stream.restore(blob)
            answer = stream.feed(x[:, start:end].copy())
            found += [answer["logits"]] if answer else []
        assert stream.flush() == {}
        np.testing.assert_allclose(np.concatenate(found, axis=1), whole["logits"], atol=1e-5)
    with pytest.raises(InputError, match="needs at least 200"):
        file.run({"waveform": x[:, :199]})


def test_text_in_any_pieces_has_one_likelihood(folder: Path) -> None:
    file, text = opened(folder / "text.onnx"), "abcdefghijabc\nabc"
    whole = file.stream().feed(text)
    assert whole.predicted == len(text) - 1 and len(whole.likely) == 3
    stream = file.stream(top=2)
    pieces = [stream.feed(piece) for piece in ("a", "", "bcd", "efghij", "abc\nabc")]
    assert sum(piece.nats for piece in pieces) == pytest.approx(whole.nats, abs=1e-4)
    assert sum(piece.predicted for piece in pieces) == whole.predicted
    assert list(pieces[-1].likely) == list(whole.likely)[:2] and str(pieces[1]) == ""
    assert sum(file.stream(top=11).feed(text).likely.values()) == pytest.approx(1)
    with pytest.raises(InputError, match="does not know"):
        stream.feed("abcx")
    with pytest.raises(InputError, match="this stream takes top"):
        file.stream(temperature=1)
    blob = stream.save()
    with pytest.raises(StreamError, match="of another kind"):
        file.stream(arrays=True).restore(blob)
    tokens = np.array([[1, 2]], np.int32)
    assert file.stream(arrays=True).feed(tokens)["logits"].shape == (1, 2, 11)


def command(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "zoo.cli", "stream", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONUNBUFFERED": ""},
        **options,
    )


def test_the_shell_streams_sound_and_text(folder: Path) -> None:
    x = sound()
    as_integers = (x * 32767).astype("<i2").tobytes()
    done = command(str(folder / "frames.onnx"), "--json")
    out, err = done.communicate(as_integers)
    assert done.returncode == 0, err.decode()
    frames = [frame for line in out.splitlines() for frame in json.loads(line)["frames"]]
    assert len(frames) == len(opened(folder / "frames.onnx")(x).frames)
    done = command(str(folder / "frames.onnx"), "--coding", "f32le")
    out, err = done.communicate(x.astype("<f4").tobytes() + b"\0")
    assert done.returncode == 2 and b"The samples end within one: 1 bytes" in err
    done = command(str(folder / "text.onnx"), "-o", "top=1")
    out, _ = done.communicate(b"abc\nabd\n")
    assert done.returncode == 0 and out.count(b"nats a character; next ") == 2


def _ended(process: subprocess.Popen[bytes], end: Callable[[], None]) -> bytes:
    """What a process that has answered once says on stderr when it is ended."""
    assert process.stdin and process.stdout and process.stderr
    process.stdin.write(b"abc\n")
    process.stdin.flush()
    assert b"next" in process.stdout.readline()  # written at once, though the input goes on
    end()
    try:
        for _ in range(200):
            process.stdin.write(b"abc\n")
            process.stdin.flush()
            time.sleep(0.005)
    except BrokenPipeError:
        pass
    process.wait(20)
    said = process.stderr.read()
    for pipe in (process.stdout, process.stderr):
        pipe.close()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    return said


@pytest.mark.skipif(os.name == "nt", reason="signals and pipes of POSIX")
def test_the_shell_ends_without_a_word(folder: Path) -> None:
    gone = command(str(folder / "text.onnx"))
    assert gone.stdout
    assert _ended(gone, gone.stdout.close) == b"" and gone.returncode == 0
    stopped = command(str(folder / "text.onnx"))
    assert _ended(stopped, lambda: stopped.send_signal(signal.SIGINT)) == b""
    assert stopped.returncode == 130
