"""Accuracy and what stands beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zoo.datasets import fsdd
from zoo.datasets.fsdd import Recordings
from zoo.errors import DataError
from zoo.evaluation.classification import evaluate, nearest_mean, pooled
from zoo.tasks import Arrays
from zoo.tasks.classification import Classification, from_processing


@pytest.fixture(scope="module")
def task(recordings: Recordings) -> Classification:
    return from_processing({"kind": "log_mel", "labels": list(recordings.label_names)})


def always_low(arrays: Arrays) -> Arrays:
    logits = np.zeros((len(arrays["lengths"]), 3), np.float32)
    logits[:, 0] = 1
    return {"logits": logits}


def test_accuracy_and_baselines_of_the_official_split(
    task: Classification, recordings: Recordings
) -> None:
    (metric,) = evaluate(task, always_low, recordings)
    assert metric.name == "accuracy"
    assert metric.primary
    assert metric.value == pytest.approx(1 / 3)
    assert metric.baselines["majority"] == pytest.approx(1 / 3)
    assert metric.baselines["nearest_mean"] > 0.5
    assert "18 clips" in metric.protocol


def test_a_held_out_speaker_is_scored_on_all_clips(
    task: Classification, recordings: Recordings
) -> None:
    (metric,) = evaluate(task, always_low, recordings, hold_out="speaker 2")
    assert metric.name == "accuracy_unseen_speaker"
    assert metric.split == "speaker 2"
    assert not metric.primary
    assert "18 clips" in metric.protocol


def test_folds_are_joined_with_each_beside(task: Classification, recordings: Recordings) -> None:
    parts = [evaluate(task, always_low, recordings, hold_out=f"speaker {i}")[0] for i in range(3)]
    joined = pooled([replace(part, value=i / 2) for i, part in enumerate(parts)])
    assert joined.value == 0.5
    assert joined.details == {"speaker 0": 0.0, "speaker 1": 0.5, "speaker 2": 1.0}
    assert joined.baselines["majority"] == pytest.approx(1 / 3)
    with pytest.raises(DataError, match="no folds"):
        pooled([])


def test_nearest_mean_names_its_own_class(task: Classification, recordings: Recordings) -> None:
    one = recordings.where((recordings.takes == 0) & (recordings.speakers == "speaker 0"))
    np.testing.assert_array_equal(nearest_mean(task, one, one), one.labels)


def test_nothing_to_score_is_refused(task: Classification, recordings: Recordings) -> None:
    with pytest.raises(DataError, match="'dev'"):
        evaluate(task, always_low, recordings, "dev")
    with pytest.raises(DataError, match="labels"):
        evaluate(task, always_low, replace(recordings, label_names=("a", "b", "c")))


def written(folder: Path, rows: str) -> Path:
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(folder / fsdd.AUDIO, np.linspace(-0.5, 0.5, 100), 8000)
    header = "file,digit,speaker,take,split,start,length\n"
    (folder / "index.csv").write_text(header + rows, encoding="utf-8")
    return folder


def test_the_reader_cuts_clips_where_the_index_says(tmp_path: Path) -> None:
    data = fsdd.read(written(tmp_path, "a,7,ann,0,test,0,40\nb,3,bob,5,train,40,60\n"))
    assert [len(waveform) for waveform in data.waveforms] == [40, 60]
    assert data.waveforms[1][0] == pytest.approx(-0.5 + 40 / 99, abs=1e-4)
    assert (data.labels.tolist(), data.takes.tolist()) == ([7, 3], [0, 5])
    assert len(data.where(data.splits == "test")) == 1


@pytest.mark.parametrize("rows", ["", "a,7,ann,0,test,50,51\n", "a,x,ann,0,test,0,9\n", "a\n"])
def test_a_damaged_data_set_is_refused(tmp_path: Path, rows: str) -> None:
    with pytest.raises(DataError):
        fsdd.read(written(tmp_path, rows))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=fsdd.AUDIO):
        fsdd.read(tmp_path)
