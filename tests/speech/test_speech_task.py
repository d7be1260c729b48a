"""From a recording to a named answer, with any callable as the network."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from zoo.datasets.fsdd import Recordings
from zoo.errors import InputError, RecipeError
from zoo.plots.spectrogram import save_spectrogram
from zoo.processing.audio import LogMel
from zoo.processing.waveforms import padded
from zoo.tasks import Arrays, Run, answer, load_task
from zoo.tasks.classification import Classification, Label

PROCESSING = {"kind": "log_mel", "mels": 16, "labels": ["low", "high", "rising"], "longest": 1.0}


def task() -> Classification:
    made = load_task("classification", PROCESSING)
    assert isinstance(made, Classification)
    return made


def raw(run: Run) -> Run:
    """A network with the task's frontend around it."""
    return task().frontend.around(run)


def by_length(arrays: Arrays) -> Arrays:
    """Logits that favour "high" for clips of more than 50 frames."""
    long = arrays["lengths"] > 50
    return {"logits": np.stack([~long, long, np.zeros(len(long))], axis=1).astype(np.float32) * 4}


def test_an_answer_names_the_class_and_shows_every_probability() -> None:
    answer = task().predict(raw(by_length), np.ones(8000, np.float32))
    assert answer.label == "high"
    assert list(answer.probabilities) == ["low", "high", "rising"]
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.probability == pytest.approx(np.exp(4) / (np.exp(4) + 2))
    assert str(answer).startswith("high (96.5%; ")
    assert json.loads(json.dumps(answer.to_dict()))["label"] == "high"


def test_a_single_class_reads_well() -> None:
    assert str(Label("yes", {"yes": 1.0})) == "yes (100.0%)"


def test_many_answers_come_in_order_from_one_call() -> None:
    calls = []

    def run(arrays: Arrays) -> Arrays:
        calls.append({name: array.shape for name, array in arrays.items()})
        return by_length(arrays)

    answers = task().predict_many(raw(run), [np.ones(n, np.float32) for n in (800, 8000, 90)])
    assert [answer.label for answer in answers] == ["low", "high", "low"]
    assert calls == [{"features": (3, 99, 16), "lengths": (3,)}]


def test_files_and_their_samples_get_one_answer(
    write_wave: Callable[..., Path], recordings: Recordings
) -> None:
    waveform = recordings.waveforms[0]
    raw_arrays = task().arrays([write_wave(waveform), waveform])
    arrays = task().frontend.process(raw_arrays)
    np.testing.assert_allclose(arrays["features"][0], arrays["features"][1], atol=0.05)


def test_long_recordings_make_few_frames() -> None:
    arrays = task().frontend.process(task().arrays([np.ones(8000 * 30, np.float32)]))
    assert arrays["lengths"].tolist() == [99]


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="NaN"):
        task().predict(raw(by_length), np.array([np.nan]))
    with pytest.raises(InputError, match="no input"):
        task().predict_many(raw(by_length), [])
    with pytest.raises(InputError, match="temperature"):
        answer(task(), raw(by_length), np.ones(100), {"temperature": 1.0})


def test_a_network_that_answers_nan_is_not_believed() -> None:
    with pytest.raises(InputError, match="NaN"):
        task().predict(raw(lambda _: {"logits": np.full((1, 3), np.nan)}), np.ones(100))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "mfcc"}, "'mfcc'"),
        ({"labels": []}, "labels"),
        ({"labels": ["a", "a"]}, "labels"),
        ({"colour": 3}, "'colour'"),
    ],
)
def test_wrong_processing_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        load_task("classification", {**PROCESSING, **change})


def test_padded_fills_with_zeros_up_to_the_longest() -> None:
    arrays = padded([np.ones((3, 2), np.float32), np.ones((5, 2), np.float32)])
    assert arrays["features"].shape == (2, 5, 2)
    assert arrays["features"].sum(axis=(1, 2)).tolist() == [6, 10]
    assert arrays["lengths"].tolist() == [3, 5]
    assert arrays["lengths"].dtype == np.int32


def test_features_are_those_of_the_configuration(recordings: Recordings) -> None:
    waveform = recordings.waveforms[3]
    features = task().frontend.process(task().arrays([waveform]))["features"][0]
    np.testing.assert_array_equal(features, LogMel(mels=16, longest=1.0)(waveform))


def test_a_picture_shows_spectrogram_and_answer(tmp_path: Path, recordings: Recordings) -> None:
    pytest.importorskip("matplotlib")
    clip = recordings.waveforms[0]
    save_spectrogram(task(), clip, task().predict(raw(by_length), clip), tmp_path / "heard.png")
    assert (tmp_path / "heard.png").read_bytes().startswith(b"\x89PNG")
    assert [path.name for path in tmp_path.iterdir()] == ["heard.png"]
