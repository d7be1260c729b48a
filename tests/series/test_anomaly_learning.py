"""How a network that watches learns and is scored, on a made benchmark; its file in a stream."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
from export.runtime import Batcher, Model, load
from tests.series.test_anomaly import SETTINGS, daily, last
from zoo.builders import build
from zoo.datasets.nab import Benchmark, Watched
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.anomaly import evaluate, halves, scores
from zoo.evaluation.expectation import nats
from zoo.model_card import Data, Recipe, Training
from zoo.model_card import Model as Built
from zoo.processing.measurements import OwnMetrics
from zoo.tasks import load_task
from zoo.tasks.anomaly import AnomalyDetection
from zoo.training.anomaly import Ends, LogisticLoss, Normals, prepare, read_own_data
from zoo.training.fit import fit_recipe
from zoo.training.made_metrics import made_metric

OPTIONS = {"rows": 60, "series": 16, "made": 0.5}


def recipe(**options: Any) -> Recipe:
    return Recipe(
        format=1,
        title="made",
        description="made",
        domain="series",
        task="anomaly",
        license="none",
        source="none",
        streaming=True,
        data=Data("nab", "none", True, "none"),
        processing=dict(SETTINGS),
        model=Built("series.next_value", {"units": 6}),
        training=Training(1, 3, 8, 0.01, options={**OPTIONS, **options}),
        targets={},
    )


def benchmark(series: int = 4, windows: bool = True) -> Benchmark:
    """Waves with a peak, of which the scored part begins at row 90."""
    made = {}
    for number in range(series):
        values = np.tile(daily(300), 2) + number
        values[400 + number] += 5
        span = ((390, 420),) if windows else ()
        times = np.datetime64("2024-01-01", "s") + np.arange(600) * np.timedelta64(300, "s")
        made[f"g{number // 2}/{number}.csv"] = Watched(times, values, span)
    return Benchmark(made, {name: np.zeros(600) for name in made}, {})


def test_only_the_first_part_of_a_series_is_learned_from() -> None:
    data, other = benchmark(), benchmark()
    for one in other.series.values():
        one.values[90:] = 99
    found = [prepare(recipe(), part) for part in (data, other)]
    for name in ("train", "validation"):
        (x, y), (same_x, same_y) = (getattr(problem, name)[0] for problem in found)
        np.testing.assert_array_equal(x, same_x)
        np.testing.assert_array_equal(y, same_y)
        assert x.dtype == y.dtype == np.float32 and x.shape == y.shape == (len(x), 60, 1)
        known = np.isfinite(y[:, :-1])
        np.testing.assert_array_equal(y[:, :-1][known], x[:, 1:][known])
    ends = found[0].validation.source
    assert isinstance(ends, Ends) and len(ends) == 4
    assert np.isfinite(y).sum(axis=1).ravel().tolist() == [12] * 4  # a fifth of 60 rows


def test_stretches_are_drawn_anew_and_made_ones_among_them() -> None:
    source = prepare(recipe(made=0.0), benchmark()).train.source
    assert isinstance(source, Normals) and len(source) == 16
    first, again, other = (source.take(np.arange(8), np.random.default_rng(k)) for k in (0, 0, 1))
    np.testing.assert_array_equal(first[0], again[0])
    assert (first[0] != other[0]).any()
    made = prepare(recipe(made=1.0), benchmark()).train.source
    for seed in range(40):
        values = made_metric(200, np.random.default_rng(seed))
        assert values.shape == (200,) and np.isfinite(values).all()
    assert np.isfinite(made.take(np.arange(8), np.random.default_rng(0))[0]).all()


def test_training_options_are_checked() -> None:
    with pytest.raises(RecipeError, match="depth"):
        prepare(recipe(depth=1), benchmark())
    with pytest.raises(DataError, match="hold_out"):
        prepare(recipe(), benchmark(), hold_out="g0")


def test_the_loss_is_that_of_a_logistic_distribution() -> None:
    target = np.array([[[1.0], [np.nan]], [[0.0], [3.0]]], np.float32)
    expected = np.array([[[0.5, 0.2], [9.0, 1.0]], [[0.0, 2.0], [1.0, 1.0]]], np.float32)
    off, scale = np.array([2.5, 0.0, 2.0]), np.array([0.2, 2.0, 1.0])
    density = np.exp(-off) / (scale * (1 + np.exp(-off)) ** 2)
    found = float(LogisticLoss()(target, expected))
    assert found == pytest.approx(-np.log(density).mean(), abs=1e-5)
    known = target[..., 0] == target[..., 0]
    assert nats(target[known][:, 0], expected[known]).mean() == pytest.approx(found, abs=1e-5)
    assert LogisticLoss.from_config(LogisticLoss().get_config()).name == "logistic_loss"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network trained on the made benchmark."""
    folder = tmp_path_factory.mktemp("trained")
    path = folder / "recipe.toml"
    path.write_text("")
    run = fit_recipe(recipe(), path, folder, data=benchmark(), verbose=0)
    assert len(run.history) == 3 and run.history[-1]["loss"] < run.history[0]["loss"]
    return folder


def test_a_training_writes_weights(trained: Path) -> None:
    assert (trained / "weights.safetensors").stat().st_size < 20_000


def detection() -> AnomalyDetection:
    task = load_task("anomaly", SETTINGS)
    assert isinstance(task, AnomalyDetection)
    return task


def test_a_benchmark_is_scored_beside_simpler_detectors() -> None:
    data, task = benchmark(), detection()
    assert halves(data) == (["g0/0.csv", "g1/2.csv"], ["g0/1.csv", "g1/3.csv"])
    found = {metric.name: metric for metric in evaluate(task, last, data)}
    assert list(found) == [
        "standard",
        "low_false_positives",
        "low_false_negatives",
        "standard_held_out",
    ]
    primary = found["standard"]
    assert primary.primary and primary.value > 80 and primary.direction == "higher"
    assert primary.baselines["windowed_gaussian"] <= 0 < primary.baselines["range_alone"]
    assert primary.details["windows_found"] == 4 and primary.details["g0"] > 80
    assert found["standard_held_out"].details["windows_found"] == 2
    names = [metric.name for metric in evaluate(task, last, data, "validation")]
    assert names == ["standard", "low_false_positives", "low_false_negatives"]
    with pytest.raises(DataError, match="No series has a window"):
        evaluate(task, last, benchmark(windows=False))


def test_scores_of_the_evaluation_are_those_of_the_answer() -> None:
    values, task = benchmark().series["g0/0.csv"].values, detection()
    (expected,) = task.expectations(last, [values])
    answer = task.predict(last, values)
    np.testing.assert_array_equal(scores(task.normality, values, expected), answer.scores)
    alone = scores(task.normality, values, None)
    assert (alone <= answer.scores).all() and alone[400] == answer.scores[400] > 0.9


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A network as a file that streams."""
    keras.utils.set_random_seed(0)
    network = build("series.next_value", units=6)
    path = tmp_path_factory.mktemp("file") / "watch.onnx"
    told: dict[str, Any] = {"processing": SETTINGS, "task": "anomaly", "streaming": True}
    export.to_onnx(network, path, cases=4, **told)
    return load(path, threads=1)


def test_a_file_answers_numbers_as_they_come(file: Model) -> None:
    values = daily()
    values[150] = 20
    whole, stream = file(values), file.stream()
    assert [alarm.row for alarm in whole.alarms] == [150]  # type: ignore[attr-defined]
    found = [stream.feed(value) for value in values[:100].tolist()]
    kept = stream.save()
    stream.restore(kept)
    found += [stream.feed(values[100:220]), stream.feed("\n".join(map(str, values[220:])))]
    joined = np.concatenate([answer.scores for answer in found])
    np.testing.assert_allclose(joined, whole.scores, atol=1e-5)  # type: ignore[attr-defined]
    assert str(stream.flush()) == "" and stream.feed(1.0).first == 0
    with pytest.raises(InputError, match="learning, threshold"):
        file.stream(depth=1)
    with Batcher(file) as batcher:
        both = batcher.feed([(batcher.stream(), values), (batcher.stream(learning=200), values)])
    np.testing.assert_allclose(both[0].scores, joined, atol=1e-5)
    assert not both[1].alarms


def test_the_shell_streams_lines_of_numbers(file: Model) -> None:
    values = daily(150).round(4)
    values[140] = 20
    lines = "".join(
        f"2024-01-01 {row // 60:02}:{row % 60:02},{v}\n" for row, v in enumerate(values)
    )
    done = _stream(file, "timestamp,value\n" + lines + "2024-01-01 04:00,\n")
    said = done.stdout.splitlines()
    assert done.returncode == 0 and len(said) == 151, done.stderr
    assert said[0] == f"2024-01-01 {values[0]:g} 0.000 learning" and "ALARM" in said[140]
    assert said[150] == "2024-01-01 04:00:00 nan 0.000 missing"
    done = _stream(file, "1\n2\n", "--json", "-o", "learning=1")
    scored = [json.loads(line)["scores"][0] for line in done.stdout.splitlines()]
    assert scored == pytest.approx([0, 1], abs=1e-3)
    done = _stream(file, "1\n2\nmany\n")
    assert done.returncode == 2 and "Received the line 'many'" in done.stderr


def _stream(file: Model, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "zoo.cli", "stream", str(file.path), *options]
    return subprocess.run(words, input=text, capture_output=True, text=True, check=False)


def test_own_metrics_are_read(tmp_path: Path) -> None:
    for name in "ab":
        rows = "\n".join(f"{value:.3f}" for value in daily(120))
        (tmp_path / f"{name}.csv").write_text(f"cpu\n{rows}\n\n")
    data = read_own_data(tmp_path, recipe(), SETTINGS)
    assert isinstance(data, OwnMetrics) and len(data.series) == 2
    assert len(prepare(recipe(), data).train.source) == 16
    (metric,) = evaluate(detection(), last, data, "validation")
    assert metric.primary and metric.value > metric.baselines["last_value"] > 0
    assert len(read_own_data(tmp_path / "a.csv", recipe(), SETTINGS).series) == 1
    (tmp_path / "c.csv").write_text("cpu\n1\n2\n")
    with pytest.raises(DataError, match=r"c\.csv with 2 values; needed are 100"):
        read_own_data(tmp_path, recipe(), SETTINGS)
    (tmp_path / "c.csv").write_text("cpu\nmany\n")
    with pytest.raises(DataError, match="cannot be learned from"):
        read_own_data(tmp_path, recipe(), SETTINGS)
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="holds no CSV file"):
        read_own_data(tmp_path / "none", recipe(), SETTINGS)
