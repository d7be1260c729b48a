"""An anomaly score for any metric: its past alone counts, whole as in pieces; what it is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.errors import InputError, RecipeError
from zoo.processing.measurements import read_measurements
from zoo.tasks import Arrays, load_task
from zoo.tasks._alarms import Anomalies, Rows
from zoo.tasks._watching import AnomalyReader
from zoo.tasks.anomaly import AnomalyDetection

SETTINGS: dict[str, Any] = {
    "learning": 60,
    "horizon": 200,
    "limit": 8.0,
    "forget": 1e-4,
    "smooth": 5,
    "weight": 0.2,
    "half": 0.1,
    "threshold": 0.5,
    "rest": 10,
}
NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([0.0, 1.0, 1e30, -1e30, 5e-324, float("nan")])


def detector(**changes: Any) -> AnomalyDetection:
    task = load_task("anomaly", {**SETTINGS, **changes})
    assert isinstance(task, AnomalyDetection)
    return task


def mean(arrays: Arrays) -> Arrays:
    """A causal network: it expects the mean of what it has read, nearly."""
    scaled = arrays["scaled"]
    assert scaled.dtype == np.float32 and scaled.shape[2] == 1
    counts = np.arange(1, scaled.shape[1] + 1)[:, None]
    means = np.cumsum(scaled, axis=1) / counts
    return {"next": np.concatenate([means, np.full_like(means, 0.5)], axis=2).astype("f4")}


def last(arrays: Arrays) -> Arrays:
    """A network that expects the last value again."""
    scaled = arrays["scaled"]
    return {"next": np.concatenate([scaled, np.full_like(scaled, 0.5)], axis=2)}


def ask(values: Any, **options: Any) -> Anomalies:
    return detector().predict(mean, values, **options)


def daily(rows: int = 240) -> np.ndarray:
    rng = np.random.default_rng(0)
    values: np.ndarray = 5 + np.sin(np.arange(rows) / 4) + 0.05 * rng.standard_normal(rows)
    return values


def fed(reader: AnomalyReader, pieces: Sequence[Any], saved: int = -1) -> list[Rows]:
    """What a reader answers; its network is asked with all that it has read.

    Before the piece `saved` it is replaced by another that takes what it remembers.
    """
    seen, answers = np.zeros((1, 0, 1), np.float32), []
    for place, piece in enumerate(pieces):
        if place == saved:
            kept, reader = reader.state(), detector(learning=5).reader(False)
            reader.restore(kept)
        arrays, before = reader.arrays(piece), seen.shape[1]
        if arrays is not None:
            seen = np.concatenate([seen, arrays["scaled"]], axis=1)
        outputs = None if arrays is None else {"next": mean({"scaled": seen})["next"][:, before:]}
        answers.append(reader.answer(outputs))
    return answers


def test_what_leaves_the_range_is_an_alarm_once() -> None:
    values = daily()
    values[150:153] = 9, 10, 11
    answer = ask(values)
    assert [alarm.row for alarm in answer.alarms] == [150] and answer.alarms[0].value == 9
    assert answer.scores[150] > 0.9 > answer.scores[100] and answer.learning == 60
    assert (answer.scores[:60] == 0).all() and answer.scores.max() <= 1
    assert "1 alarm\nrow 150: 9 (score" in str(answer)
    assert ask(values, learning=160).learning == 160 and not ask(values, learning=160).alarms
    assert not ask(values, threshold=0.999).alarms


def test_an_alarm_soon_after_another_has_to_be_worse() -> None:
    values = daily()
    values[[150, 155, 158, 175]] = 6.5, 30, 40, 50
    assert [alarm.row for alarm in ask(values).alarms] == [150, 155, 175]


def test_what_surprises_is_an_alarm_within_the_range() -> None:
    values = daily()
    values[150:170] = 6 - 2 * (np.arange(20) % 2)  # from end to end of the range, each step
    assert values[150:170].max() <= values[:150].max()
    wild = detector(weight=1.0).predict(last, values)
    assert wild.alarms[0].row == 150 and wild.scores[151] > 0.7
    assert not detector(weight=0.0).predict(last, values).alarms


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(NUMBERS, min_size=2, max_size=90),
    other=st.lists(NUMBERS, min_size=1, max_size=5),
    data=st.data(),
)
def test_what_comes_later_changes_no_score(
    values: list[float], other: list[float], data: st.DataObject
) -> None:
    row = data.draw(st.integers(1, len(values)))
    before, changed = ask(values, learning=5), ask(values[:row] + other, learning=5)
    np.testing.assert_array_equal(before.scores[:row], changed.scores[:row])
    assert np.isfinite(before.scores).all() and ((before.scores >= 0) & (before.scores <= 1)).all()
    assert [a for a in before.alarms if a.row < row] == [a for a in changed.alarms if a.row < row]


@settings(deadline=None, max_examples=40)
@given(
    values=st.lists(NUMBERS, min_size=1, max_size=90),
    cuts=st.lists(st.integers(0, 90), max_size=6),
    saved=st.integers(0, 6),
    text=st.booleans(),
)
def test_pieces_are_the_whole(values: list[float], cuts: list[int], saved: int, text: bool) -> None:
    whole = ask(values, learning=5)
    ends = [0, *sorted(min(cut, len(values)) for cut in cuts), len(values)]
    pieces = [values[start:end] for start, end in pairwise(ends)]
    given_as = ["\n".join(map(repr, piece)) for piece in pieces] if text else pieces
    answers = fed(detector(learning=5).reader(False), given_as, saved)
    scores = np.concatenate([answer.scores for answer in answers])
    np.testing.assert_allclose(scores, whole.scores, atol=1e-6)
    assert sum(answer.learning for answer in answers) == whole.learning
    assert [a.row for answer in answers for a in answer.alarms] == [a.row for a in whole.alarms]


def test_a_constant_series_is_normal_until_it_moves() -> None:
    for level in (0.0, 45.0, -1e9):
        values = np.full(120, level)
        assert not ask(values).scores.any()
        values[100] = level + 1 + abs(level)
        assert [alarm.row for alarm in ask(values).alarms] == [100]


def test_what_is_missing_scores_nothing_and_changes_nothing() -> None:
    values = daily().tolist()
    gaps = [*values[:100], float("nan"), *values[100:]]
    answer = ask(gaps)
    np.testing.assert_array_equal(np.delete(answer.scores, 100), ask(values).scores)
    assert answer.scores[100] == 0 and answer.to_dict()["values"][100] is None
    assert not ask([None, "", "NaN"]).scores.any()
    reader = detector().reader(False)
    (empty,) = fed(reader, [[float("nan")]])
    assert str(empty) == "0 nan 0.000 learning missing"
    assert str(reader.answer(None)) == "" and str(fed(reader, [[]])[0]) == ""


def test_tables_give_times(tmp_path: Path) -> None:
    times = pandas.date_range("2024-01-01", periods=240, freq="5min")
    values = daily()
    values[150] = 20
    frame = pandas.DataFrame({"timestamp": times, "cpu": values})
    frame.to_csv(tmp_path / "cpu.csv", index=False)
    indexed = frame.set_index("timestamp")
    for raw in (frame, indexed, tmp_path / "cpu.csv", str(tmp_path / "cpu.csv")):
        answer = ask(raw)
        assert answer.alarms[0].time == "2024-01-01 12:30:00" and answer.times[1][-5:] == "05:00"
        np.testing.assert_allclose(answer.scores, ask(values).scores)
    assert ask({"value": values, "b": values}).times == ()
    assert ask({"a": values[::-1], "b": values}, column="b").alarms[0].row == 150
    told = json.loads(json.dumps(ask(frame).to_dict()))
    assert told["alarms"][0]["row"] == 150 and len(told["scores"]) == len(told["times"]) == 240


def test_input_that_cannot_be_watched_is_refused() -> None:
    column = {"value": [1, 2]}
    wrong: list[tuple[Any, str]] = [
        ([], "Received no values"),
        (np.zeros((3, 2)), r"shape \(3, 2\)"),
        ({"a": [1], "b": [2]}, "lacks the column 'value'; found: a, b"),
        ([1, float("inf")], "Row 2, column 'value': received inf"),
        ([1, 1e31], "beyond 1e\\+30; check its units"),
        (["1", "many"], "received 'many' where a number is needed"),
        ({"time": ["2024-01-02", "2024-01-01"], **column}, "sort the rows by time"),
        ({"time": ["2024-01-01", "2024-01-01"], **column}, "repeats"),
        (7, "Received a int"),
        ("no_such.csv", "No such file"),
    ]
    for raw, message in wrong:
        with pytest.raises(InputError, match=message):
            ask(raw)
    with pytest.raises(InputError, match="lacks the column 'c'"):
        read_measurements(column, "c")
    for options in ({"learning": 0}, {"threshold": 1.5}, {"learning": "many"}):
        with pytest.raises(InputError, match="learning is a whole number"):
            ask(daily(), **options)
    with pytest.raises(InputError, match="Received no series"):
        detector().predict_many(mean, [])
    with pytest.raises(InputError, match="100001 rows; at most 100000"):
        ask(np.zeros(100_001))


def test_lines_are_read_as_they_come() -> None:
    reader = detector().reader(False)
    lines = ["timestamp,value\n", "2024-01-01 00:00:00,1.5\n", "\n", "2024-01-01 00:05:00,\n"]
    told = [str(answer) for answer in fed(reader, lines)]
    assert told[0] == told[2] == "" and told[1] == "2024-01-01 1.5 0.000 learning"
    assert told[3] == "2024-01-01 00:05:00 nan 0.000 learning missing"
    kept = {name: array.copy() for name, array in reader.state().items()}
    for line, message in (
        ("2024-01-01 00:04:00,3", "after 2024-01-01 00:05:00"),
        ("timestamp,value", "Received the line 'timestamp,value'"),
        ("soon,3", "Received the line 'soon,3'"),
        ("1,2,3", "such as"),
        ("2024-01-02,3\n4", "with and without a time"),
    ):
        with pytest.raises(InputError, match=message):
            reader.arrays(line)
    for name, array in reader.state().items():
        np.testing.assert_array_equal(array, kept[name])
    assert fed(reader, ["2024-01-01 00:06,2"])[0].first == 2


def test_settings_that_do_not_fit_are_refused() -> None:
    for changes, message in (
        ({"learning": 0}, "learning cannot be 0"),
        ({"threshold": 1.0}, "threshold"),
        ({"rest": 1.5}, "rest is 1.5; needed is int"),
        ({"depth": 3}, "'depth' is unknown"),
    ):
        with pytest.raises(RecipeError, match=message):
            detector(**changes)


def test_a_series_is_drawn(tmp_path: Path) -> None:
    values = daily()
    values[150] = 20
    figure = ask(values).plot(tmp_path / "rows.png", windows=[(140, 160)])
    assert (tmp_path / "rows.png").stat().st_size > 10_000
    above, below = figure.axes
    labels = above.get_legend_handles_labels()[1]
    assert labels == ["value", "alarm", "learning", "known anomaly"]
    assert below.get_xlabel() == "rows"
    times = np.datetime64("2024-01-01", "s") + np.arange(240) * np.timedelta64(300, "s")
    assert ask({"time": times, "value": values}).plot().axes[1].get_xlabel() == ""
