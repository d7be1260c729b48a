"""Tables of every kind become times and numbers, and each fault is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.errors import InputError
from zoo.processing.tables import read_csv, read_table

DAYS = ["2024-02-28", "2024-02-29", "2024-03-01"]
finite = st.floats(allow_nan=False, allow_infinity=False, width=64)


class Frame:
    """What pandas and polars frames have in common."""

    def __init__(self, columns: dict[str, Any], index: Any = None) -> None:
        self._columns = columns
        self.columns = list(columns)
        if index is not None:
            self.index = index

    def __getitem__(self, name: str) -> Any:
        return self._columns[name]


@given(
    st.lists(finite, min_size=1, max_size=30),
    st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)),
)
def test_numbers_and_times_survive_a_csv_file(numbers: list[float], start: datetime) -> None:
    start = start.replace(microsecond=0)
    times = [start + timedelta(hours=hour) for hour in range(len(numbers))]
    lines = ["when,other,x"] + [f"{t},text,{n!r}" for t, n in zip(times, numbers, strict=True)]
    table = read_table(read_csv(lines), ["x"], "when")
    assert table.times is not None
    assert table.times.astype(object).tolist() == times
    np.testing.assert_array_equal(table.values[:, 0], numbers)


def test_every_kind_of_table_reads_alike(tmp_path: Path) -> None:
    numbers = [1.5, -2.0, 3.0]
    rows = list(zip(DAYS, numbers, strict=True))
    path = tmp_path / "table.csv"
    path.write_text("\ufeffday, a b ,x\n" + "".join(f"{d},0,{n}\n" for d, n in rows))
    stamps = np.array(DAYS, dtype="datetime64[ns]")
    structured = np.array(rows, dtype=[("day", "M8[ns]"), ("x", "f8")])
    tables = [
        path,
        str(path),
        {"day": DAYS, "x": numbers},
        {"day": [date.fromisoformat(d) for d in DAYS], "x": [1.5, -2, "3"]},
        {"day": [datetime.fromisoformat(d).replace(tzinfo=UTC) for d in DAYS], "x": numbers},
        {"day": list(stamps), "x": np.array(numbers, dtype=object)},
        structured,
        Frame({"day": stamps, "x": np.array(numbers), "text": ["a", "b", "c"]}),
        Frame({"x": numbers}, index=stamps),
    ]
    for raw in tables:
        table = read_table(raw, ["x"], "day")
        assert table.times is not None
        assert [str(t) for t in table.times.astype("M8[D]")] == DAYS
        assert table.values.tolist() == [[1.5], [-2.0], [3.0]]


def test_pandas_frames_and_local_times() -> None:
    pandas = pytest.importorskip("pandas")
    days = pandas.date_range("2024-03-30", periods=3, freq="24h", tz="Europe/Berlin")
    table = read_table(pandas.DataFrame({"t": days, "x": [1, 2, 3]}), ["x"], "t")
    assert table.times is not None
    assert set(np.diff(table.times).astype(int)) == {86400}
    assert str(table.times[0]) == "2024-03-29T23:00:00"
    zone = timezone(timedelta(hours=2))
    local = {"t": [datetime(2024, 1, 1, 1, tzinfo=zone)], "x": [1]}
    assert str(read_table(local, ["x"], "t").times[0]) == "2023-12-31T23:00:00"  # type: ignore[index]


def test_cells_without_a_value() -> None:
    for cell in ("", " NA", "nan", None, float("nan"), "null"):
        table = read_table({"t": DAYS, "x": [1, cell, "3"]}, ["x"], "t", missing=True)
        np.testing.assert_array_equal(table.values[:, 0], [1, np.nan, 3])
    for cell, says in (("many", "received 'many'"), (float("inf"), "received inf")):
        with pytest.raises(InputError, match=says):
            read_table({"t": DAYS, "x": [1, cell, 3]}, ["x"], "t", missing=True)
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"t": DAYS, "x": pandas.array([1, None, 3], dtype="Int64")})
    table = read_table(frame, ["x"], "t", missing=True)
    np.testing.assert_array_equal(table.values[:, 0], [1, np.nan, 3])


def test_arrays_have_no_times() -> None:
    table = read_table(np.arange(6).reshape(3, 2), ["a", "b"], "t")
    assert table.times is None and table.values.dtype == np.float64
    assert read_table(np.arange(3), ["a"], "t").values.shape == (3, 1)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ({"t": DAYS, "y": [1, 2, 3]}, "lacks the column 'x'; found: 't', 'y'"),
        ({"y": [1]}, "lacks the columns 't', 'x'"),
        ({"t": DAYS, "x": [1, 2]}, "'x' has 2 rows and 't' has 3"),
        ({"t": DAYS, "x": [1, float("nan"), 3]}, "Row 2, column 'x': received nan"),
        ({"t": DAYS, "x": [1, 2, float("inf")]}, "Row 3, column 'x': received inf"),
        ({"t": DAYS, "x": ["1", "", "3"]}, "Row 2, column 'x': received a blank"),
        ({"t": DAYS, "x": ["1", "2", "many"]}, "Row 3, column 'x': received 'many'"),
        ({"t": DAYS, "x": [1, None, 3]}, "Row 2, column 'x': received None"),
        ({"t": DAYS[::-1], "x": [1, 2, 3]}, "Row 2, column 't': 2024-02-29 is earlier than"),
        ({"t": [DAYS[0]] * 2, "x": [1, 2]}, "Row 2, column 't': 2024-02-28 repeats"),
        ({"t": ["1 May", "2 May"], "x": [1, 2]}, "Row 1, column 't': received '1 May'"),
        ({"t": [None, DAYS[0]], "x": [1, 2]}, "Row 1, column 't': the time is missing"),
        ({"t": [7, 8], "x": [1, 2]}, "Row 1, column 't': received 7"),
        ({"t": [], "x": []}, "no rows"),
        (np.zeros((3, 2)), r"shape \(3, 2\); needed is \(rows, 1\)"),
        (np.zeros((1, 3, 1)), "shape"),
        (np.array([[1.0], [np.nan]]), "Row 2, column 'x'"),
        (17, "Received a int"),
        (SimpleNamespace(columns=["x"]), "Received a SimpleNamespace"),
    ],
)
def test_faults_are_named(raw: Any, says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        read_table(raw, ["x"], "t")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"t,x\n", "no rows"),
        (b"t,x\n2024-01-01\n", "Row 1 has 1 cells and the header 2"),
        (b"t;x\n2024-01-01;1\n", "found: 't;x'"),
        (b"\x89PNG\r\n\x1a\n\xff\xfe", "not a text file"),
    ],
)
def test_files_that_are_no_table(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "input.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        read_table(path, ["x"], "t")


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: No such file"):
        read_table(tmp_path / "absent.csv", ["x"], "t")
    with pytest.raises(InputError, match="Is a directory"):
        read_table(str(tmp_path), ["x"], "t")
