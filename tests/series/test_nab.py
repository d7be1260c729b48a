"""The anomaly benchmark: its reader, and its score against one written down by hand."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo import datasets
from zoo.errors import DataError
from zoo.evaluation.nab_scorer import PROFILES, Points, Profile, points, probation

STANDARD = PROFILES["standard"]
PUBLISHED = {"standard": 39.65, "reward_low_FP_rate": 20.87, "reward_low_FN_rate": 47.41}


def by_hand(series: Points, threshold: float) -> float:
    """The score, row by row."""
    total, earned = 0.0, dict.fromkeys(range(series.count), -series.profile.miss)
    for score, worth, window in zip(series.scores, series.worth, series.windows, strict=True):
        if score < threshold:
            continue
        if window < 0:
            total += worth
        else:
            earned[window] = max(earned[window], worth)
    return series.normalised(total + sum(earned.values()))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 99), levels=st.integers(1, 6), profile=st.sampled_from(sorted(PROFILES)))
def test_the_best_threshold_is_the_best_of_all(seed: int, levels: int, profile: str) -> None:
    rng = np.random.default_rng(seed)
    scores = {name: rng.integers(0, levels, 60) / 6 for name in "ab"}
    windows = {"a": [(2, 12), (30, 40)], "b": [(50, 59)]}
    made = points(scores, windows, PROFILES[profile])
    assert len(made.scores) == 2 * (60 - probation(60)) and made.count == 3
    for threshold in (*np.unique(made.scores), 2.0):
        assert made.at(threshold) == pytest.approx(by_hand(made, threshold))
    threshold, best = made.best()
    assert best == pytest.approx(made.at(threshold))
    assert best == pytest.approx(max(made.at(one) for one in np.unique(made.scores)))


def test_early_counts_more_than_late_and_far_costs_more_than_near() -> None:
    flat, windows = {"a": np.zeros(100)}, {"a": [(40, 49)]}
    made = points(flat, windows, Profile(1.0, 0.1, 2.0))
    worth = dict(zip(range(probation(100), 100), made.worth, strict=True))
    inside, behind = [worth[row] for row in range(40, 50)], [worth[row] for row in range(50, 100)]
    assert inside[0] == pytest.approx(1) and inside == sorted(inside, reverse=True)
    assert behind == sorted(behind, reverse=True) and behind[-1] == worth[20] == -0.1
    assert made.at(0.5) == 0 and made.normalised(1.0) == 100
    assert probation(100_000) == 750


def archive(folder: Path, values: str = "1.5") -> None:
    """Writes a small benchmark."""
    rows = "".join(f"2020-01-01 00:0{minute}:00,{values}\n" for minute in range(5))
    windows = {"g/one.csv": [["2020-01-01 00:01:00.000000", "2020-01-01 00:02:00.000000"]]}
    files = {
        "./data/g/one.csv": f"timestamp,value\n{rows}".encode(),
        "./labels/combined_windows.json": json.dumps(windows).encode(),
        "./results/final_results.json": json.dumps({"null": {"standard": 0.0}}).encode(),
        "./windowedGaussian_scores.json.gz": gzip.compress(b'{"g/one.csv": [0, 0, 1, 0, 0]}'),
    }
    with tarfile.open(folder / "nab_data_labels.tar.gz", "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_a_benchmark_is_read(tmp_path: Path) -> None:
    archive(tmp_path)
    data = datasets.load("nab", tmp_path)
    (one,) = data.series.values()
    assert one.windows == ((1, 2),) and one.values.tolist() == [1.5] * 5
    assert str(one.times[1]) == "2020-01-01T00:01:00" and data.board["null"]["standard"] == 0
    assert data.gaussian["g/one.csv"].tolist() == [0, 0, 1, 0, 0]
    archive(tmp_path, "much")
    with pytest.raises(DataError, match="damaged"):
        datasets.load("nab", tmp_path)
    with pytest.raises(DataError, match="missing"):
        datasets.load("nab", tmp_path / "nowhere")


@pytest.mark.skipif(not os.environ.get("RNN_ZOO_DATA"), reason="RNN_ZOO_DATA is not set")
def test_published_detections_have_their_published_score() -> None:
    data = datasets.load("nab")
    windows = {name: series.windows for name, series in data.series.items()}
    for profile, wanted in PUBLISHED.items():
        made = points(data.gaussian, windows, PROFILES[profile])
        assert made.at(1.0) == pytest.approx(wanted, abs=0.005)  # its published threshold
        assert made.at(1.0) == pytest.approx(data.board["windowedGaussian"][profile], abs=1e-6)
