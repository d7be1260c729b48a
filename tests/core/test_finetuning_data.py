"""A user's own data for fine-tuning: what is read, and what is refused."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from tests.series import made as series
from tests.speech.test_speech_training import small_recipe
from zoo.errors import DataError
from zoo.training import classification, forecast

SPEECH = {**small_recipe().processing, "labels": ["a", "b"]}


def write_clips(folder: Path, label: str, count: int) -> None:
    """Writes short tones as 8 kHz WAV files."""
    (folder / label).mkdir(parents=True)
    for i in range(count):
        samples = 9000 * np.sin(np.arange(1600) * 0.1 * (i + 1))
        with wave.open(str(folder / label / f"{i}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(samples.astype("<i2").tobytes())


def test_a_folder_of_clips_a_label_validates_on_every_fifth(tmp_path: Path) -> None:
    write_clips(tmp_path, "no", 5)
    write_clips(tmp_path, "yes", 10)
    data = classification.read_own_data(tmp_path, small_recipe(), SPEECH)
    assert data.label_names == ("no", "yes") and len(data) == 15
    training, validating = classification.split(data, None, 5)
    assert validating.sum() == 3 and training.sum() == 12
    problem = classification.prepare(small_recipe(), data, None, SPEECH)
    assert problem.processing["labels"] == ["no", "yes"]
    assert problem.arguments["classes"] == 2


@pytest.mark.parametrize(("labels", "count"), [(["yes"], 9), (["yes", "no"], 4), ([], 0)])
def test_too_few_clips_or_labels_are_refused(tmp_path: Path, labels: list[str], count: int) -> None:
    for label in labels:
        write_clips(tmp_path, label, count)
    with pytest.raises(DataError, match="at least two folders"):
        classification.read_own_data(tmp_path, small_recipe(), SPEECH)


def test_a_table_is_split_in_time(tmp_path: Path) -> None:
    made = series.hourly(200)
    recipe = series.recipe()
    fitted = forecast.prepare(recipe, series.tables(made)).processing
    path = tmp_path / "own.csv"
    lines = [",".join(["time", *made.table.names])]
    for time, row in zip(made.table.times, made.table.values, strict=True):
        lines.append(",".join([str(time), *map(str, row)]))
    path.write_text("\n".join(lines))
    own = forecast.own_series(path, fitted)[0].get("made")
    assert own.borders == (140, 160, 200)
    np.testing.assert_allclose(own.table.values, made.table.values)
    assert forecast.prepare(recipe, series.tables(own), None, fitted).processing == fitted
    path.write_text("\n".join(lines[:40]))
    with pytest.raises(DataError, match="39 rows"):
        forecast.own_series(path, fitted)
    path.write_text("time,other\n2024-01-01,1\n")
    with pytest.raises(DataError, match="s0"):
        forecast.own_series(path, fitted)
