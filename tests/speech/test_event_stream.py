"""Events of an exported file: piece by piece, saved, and from the shell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import pairwise
from typing import Any

import keras
import numpy as np
import pytest

import export
from export.runtime import Model, load
from tests.speech.made import RATE
from tests.speech.made_voices import small_recipe
from zoo.builders import build
from zoo.errors import InputError, StreamError

LABELS = ["high", "low", "something else", "silence"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A network of keywords with made weights, streaming and with its processing."""
    recipe = small_recipe("keywords")
    keras.utils.set_random_seed(5)
    arguments = {**recipe.model.arguments, "classes": len(LABELS), "features": 10}
    network = build("speech.frames", **arguments)
    rng = np.random.default_rng(6)  # hears many words
    for weight in network.weights:
        weight.assign(rng.normal(0, 1, weight.shape))
    path = tmp_path_factory.mktemp("events") / "model.onnx"
    events = {"threshold": 0.4, "smooth": 4, "rest": 8}
    processing = {**recipe.processing, "labels": LABELS, "events": events}
    export.to_onnx(network, path, cases=5, streaming=True, processing=processing, task="keywords")
    return load(path, threads=1)


def sound(seconds: float = 4.0) -> np.ndarray:
    """Tones that come and go in noise."""
    time = np.arange(round(seconds * RATE)) / RATE
    tones = np.sin(2 * np.pi * (300 + 400 * np.floor(2 * time)) * time) * (time % 1 > 0.4)
    return np.asarray(0.3 * tones + np.random.default_rng(0).normal(0, 0.01, len(time)), np.float32)


def same(found: list[dict[str, Any]], whole: list[dict[str, Any]]) -> None:
    assert [(x["event"], x["seconds"]) for x in found] == [
        (x["event"], x["seconds"]) for x in whole
    ]
    for one, other in zip(found, whole, strict=True):
        assert one["probability"] == pytest.approx(other["probability"], abs=1e-4)


def test_pieces_have_the_events_of_the_whole_recording(file: Model) -> None:
    x = sound(12.0)
    whole = file(x).to_dict()["events"]
    assert len(whole) > 8
    rng = np.random.default_rng(1)
    stream, found = file.stream(), []
    cuts = np.sort(rng.integers(0, len(x), 9)).tolist()
    for place, (start, end) in enumerate(pairwise([0, *cuts, len(x)])):
        if place == 5:
            blob, stream = stream.save(), file.stream()
            stream.restore(blob)
        found += stream.feed(x[start:end]).to_dict()["events"]
    same(found + stream.flush().to_dict()["events"], whole)
    again = [*stream.feed(x).to_dict()["events"], *stream.flush().to_dict()["events"]]
    same(again, whole)
    with pytest.raises(StreamError):
        stream.restore(blob[:-9])


@pytest.mark.parametrize("samples", [1, 2, RATE])
def test_a_short_or_silent_recording_has_events_or_none(file: Model, samples: int) -> None:
    assert isinstance(file(np.zeros(samples, np.float32)).to_dict()["events"], list)
    with pytest.raises(InputError, match="empty"):
        file(np.zeros(0, np.float32))


def test_a_recording_without_end_goes_into_a_stream_alone(file: Model) -> None:
    long = np.zeros(601 * RATE, np.int16)
    with pytest.raises(InputError, match="more than 10 minutes; cut it, or feed it in pieces"):
        file(long)
    stream = file.stream()
    for piece in np.split(long, 601):
        stream.feed(piece)


def test_the_shell_tells_events_and_how_long_they_took(file: Model) -> None:
    x = sound()
    done = subprocess.run(
        [sys.executable, "-m", "zoo.cli", "stream", str(file.path), "--json"],
        input=(x * 32767).astype("<i2").tobytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = [event for line in lines for event in line["events"]]
    whole = file(x).to_dict()["events"]
    assert [event["event"] for event in found] == [event["event"] for event in whole]
    told = done.stderr.decode()
    assert re.search(r"4\.0 s of sound in \d+ pieces: answers came [\d.]+ ms \(median", told)
    factor = re.search(r"real-time factor ([\d.]+) \(processor time\)", told)
    assert factor and 0 < float(factor[1]) < 1
