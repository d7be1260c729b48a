"""Exporting, verifying and running from the shell, for a user's own Keras file."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner

from export import bundle
from export.runtime import load
from zoo.cli import app
from zoo.errors import InputError


def save(model: keras.Model, path: Path) -> None:
    """Saves in Keras' own format, whose writer warns of numpy's coming change."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        model.save(path)


def test_an_own_keras_file_is_exported_verified_and_run(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((None, 3), name="features"),
            keras.layers.GRU(4, name="gru"),
            keras.layers.Dense(2, name="scores"),
        ]
    )
    path = tmp_path / "mine.keras"
    save(model, path)
    done = CliRunner().invoke(app, ["export", str(path), "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "equal to the original" in done.output
    file = tmp_path / "out" / "model.onnx"
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    answers = load(file).run({"features": x})
    np.testing.assert_allclose(answers["scores"], np.asarray(model(x)), atol=1e-5)
    replayed = CliRunner().invoke(app, ["verify", str(tmp_path / "out")])
    assert replayed.exit_code == 0 and "3 golden vectors" in replayed.output
    again = CliRunner().invoke(app, ["verify", str(file), str(path)])
    assert again.exit_code == 0 and "equal to the original" in again.output


def test_a_keras_file_with_code_in_it_is_not_opened(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    path = tmp_path / "code.keras"
    save(model, path)
    done = CliRunner().invoke(app, ["export", str(path), "-o", str(tmp_path / "out")])
    assert isinstance(done.exception, InputError)
    assert "code.keras" in str(done.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_model_of_the_zoo_is_exported_both_ways_and_runs(tmp_path: Path) -> None:
    words = ["export", "flu-segrnn", "--to", "onnx", "--to", "saved-model", "-o", str(tmp_path)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert done.output.count("equal to the original") == 2
    manifest = bundle.read_json(tmp_path / "manifest.json")
    assert [told["path"] for told in manifest["exports"]] == ["model.onnx", "1"]
    assert bundle.read_json(tmp_path / "saved_model" / "1" / "manifest.json")["cases"] == 24
    example = Path(__file__).parents[2] / "zoo" / "examples" / "us_flu_weekly.csv"
    ran = CliRunner().invoke(app, ["run", str(tmp_path / "model.onnx"), str(example)])
    asked = CliRunner().invoke(app, ["predict", "flu-segrnn", str(example)])
    assert ran.exit_code == asked.exit_code == 0
    assert ran.output.splitlines() == asked.output.splitlines()
    shown = CliRunner().invoke(
        app, ["run", str(tmp_path / "model.onnx"), str(example), "-o", "horizon=2", "--json"]
    )
    assert shown.output.count("2019-11") >= 1
