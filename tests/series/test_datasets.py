"""Readers of series: made files in their form, the real ones where they are, the example."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo import datasets
from zoo.datasets import ett, ili_national, weather_mpi
from zoo.errors import DataError
from zoo.processing.tables import read_table

EXAMPLE = Path(zoo.__file__).parent / "examples" / "us_flu_weekly.csv"
real = pytest.mark.skipif(
    not os.environ.get("RNN_ZOO_DATA"), reason="RNN_ZOO_DATA does not name the data folder"
)


def ett_csv(rows: int) -> str:
    times = np.datetime64("2016-07-01T00:00:00") + np.arange(rows) * np.timedelta64(1, "h")
    lines = [f"{str(t).replace('T', ' ')},1,2,3,4,5,6,{i}.5" for i, t in enumerate(times)]
    return "\n".join(["date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT", *lines]) + "\n"


def test_ett_tables_are_read_when_asked_for(tmp_path: Path) -> None:
    (tmp_path / "ETTh1.csv.gz").write_bytes(gzip.compress(ett_csv(14_450).encode()))
    (tmp_path / "ETTh2.csv").write_text(ett_csv(100))
    (tmp_path / "ETTm1.csv.gz").write_bytes(b"not gzip")
    tables = datasets.load("ett", tmp_path)
    data = tables.get("ETTh1")
    assert data.borders == (8640, 11520, 14400) and data.step == 3600
    assert data.table.values[20].tolist() == [1, 2, 3, 4, 5, 6, 20.5]
    assert len(data.units) == len(data.table.names) == 7
    with pytest.raises(DataError, match=r"ETTh2\.csv has 100 rows; needed are 14400"):
        tables.get("ETTh2")
    with pytest.raises(DataError, match=r"ETTm1\.csv\.gz is damaged"):
        tables.get("ETTm1")
    with pytest.raises(DataError, match="'ETTx'; here: ETTh1, ETTh2, ETTm1"):
        tables.get("ETTx")


def test_ett_without_a_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no table is there"):
        ett.read(tmp_path)


def weather_csv(rows: int) -> str:
    head = ",".join(["date", *(f"{n} (\ufffd)" for n in weather_mpi.UNITS if n != "OT"), "OT"])
    lines = [f"2020-01-01 00:10:00,{','.join([str(i % 7)] * 21)}" for i in range(rows)]
    lines[3] = lines[3].rsplit(",", 1)[0] + ",-9999.0"
    return "\n".join([head, *lines]) + "\n"


def test_weather_marks_are_not_measured(tmp_path: Path) -> None:
    (tmp_path / "weather.csv.gz").write_bytes(gzip.compress(weather_csv(100).encode()))
    data = datasets.load("weather-mpi", tmp_path).get("weather")
    assert data.borders == (70, 80, 100) and data.table.names[-1] == "OT" and data.step == 600
    assert np.argwhere(np.isnan(data.table.values)).tolist() == [[3, 20]]
    assert data.published_stds is not None
    assert data.published_stds[20] > 1000 > data.published_stds[0]


def test_weather_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needed is weather\.csv\.gz or weather\.csv"):
        weather_mpi.read(tmp_path)
    (tmp_path / "weather.csv").write_text("date,p (mbar)\n2020-01-01 00:10:00,1\n")
    with pytest.raises(DataError, match=r"damaged: .*lacks the columns"):
        weather_mpi.read(tmp_path)


def test_weeks_without_reports_are_unknown(tmp_path: Path) -> None:
    weeks = np.datetime64("2001-01-07") + 7 * np.arange(100)
    rows = [f"{w},{0.0 if i == 3 else 1.5},x,{0 if i == 3 else 900}" for i, w in enumerate(weeks)]
    header = "DATE,% WEIGHTED ILI,%UNWEIGHTED ILI,TOTAL PATIENTS"
    (tmp_path / "ILINet.csv").write_text("\n".join([header, *rows]))
    data = ili_national.read(tmp_path).get("national")
    assert np.flatnonzero(np.isnan(data.table.values[:, 0])).tolist() == [3]
    assert data.borders == (70, 80, 100) and data.units == ("%",)


def test_flu_data_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needed is ILINet\.csv"):
        ili_national.read(tmp_path)
    (tmp_path / "ILINet.csv").write_text("DATE,ILI\n2001-01-07,1\n")
    with pytest.raises(DataError, match="lacks the columns"):
        ili_national.read(tmp_path)


def test_the_example_is_weekly_and_licensed() -> None:
    table = read_table(EXAMPLE, ["% WEIGHTED ILI"], "DATE")
    assert table.times is not None
    assert set(np.diff(table.times).astype(int)) == {7 * 24 * 3600}
    assert table.values.min() > 0 and len(table.values) >= 104
    assert "public domain" in EXAMPLE.with_name(EXAMPLE.name + ".license").read_text()


@real
def test_the_example_is_of_the_test_part() -> None:
    data = datasets.load("ili-national").get("national")
    example = read_table(EXAMPLE, ["% WEIGHTED ILI"], "DATE")
    begin, end = data.rows("test")
    part = data.table.values[begin:end]
    np.testing.assert_array_equal(example.values, part[: len(example.values)])


@real
def test_the_real_tables_have_their_rows() -> None:
    h1 = datasets.load("ett").get("ETTh1")
    assert h1.table.values.shape == (17_420, 7) and h1.table.times is not None
    assert set(np.diff(h1.table.times).astype(int)) == {3600}
    flu = datasets.load("ili-national").get("national").table
    assert flu.values.shape == (1301, 1) and int(np.isnan(flu.values).sum()) == 95
