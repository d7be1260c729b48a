"""Training as a user meets it: folders, early stopping, damaged checkpoints, fine-tuning."""

from __future__ import annotations

import base64
import dataclasses
import json
import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from click.testing import CliRunner

import zoo
from export.quantization import speed, stored
from tests.text.made import recipe, text
from zoo import datasets
from zoo.cli import app
from zoo.errors import DataError, RecipeError, WeightsError
from zoo.measuring import write_quantized
from zoo.model_card import Recipe
from zoo.training.batches import Batches
from zoo.training.fit import Run, fit_recipe
from zoo.weights import load_weights, read_header, save_weights, weight_arrays

TOML = """
format = 1
title = "made"
description = "made"
domain = "text"
task = "language_model"
license = "Apache-2.0"
source = "made"
streaming = true
[data]
name = "made"
license = "public domain"
open = true
split = "in order"
[processing]
kind = "characters"
[model]
builder = "text.language_model"
[model.arguments]
units = 8
layers = 1
[training]
seed = 1
epochs = 2
batch_size = 8
learning_rate = 0.01
[training.options]
window = 16
validation_window = 16
[targets]
nats_per_character_windows = 1.0
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained folder of the user's own."""
    base = tmp_path_factory.mktemp("own")
    (base / "recipe.toml").write_text(TOML)
    zoo.train(str(base), base / "run", data=text(), verbose=0)
    return base / "run"


def fit(made: Recipe, folder: Path, **options: object) -> Run:
    folder.mkdir(exist_ok=True)
    (folder / "recipe.toml").write_text("")
    return fit_recipe(made, folder / "recipe.toml", folder, data=text(), verbose=0, **options)  # type: ignore[arg-type]


def test_a_run_leaves_a_folder_that_loads_and_answers(folder: Path) -> None:
    left = {path.name for path in folder.iterdir()}
    assert left >= {"recipe.toml", "weights.safetensors", "history.csv", "curve.png"}
    assert (folder / "history.csv").read_text().startswith("epoch,loss,val_loss")
    assert (folder / "curve.png").read_bytes().startswith(b"\x89PNG")
    model = zoo.load(folder)
    assert str(model.predict("to be", length=5)).startswith("to be")
    assert model.predict("to be", seed=1).to_dict() == model.predict("to be", seed=1).to_dict()
    facts = read_header(folder / "weights.safetensors")["run"]
    assert facts["epochs"] == 2 and facts["seed"] == 1 and facts["backend"] == "tensorflow"


def test_measuring_writes_a_card_that_says_so(folder: Path) -> None:
    metrics = zoo.evaluate(folder, data=text(160), write=True)
    card = zoo.load(folder).card
    assert card.measured is not None and card.measured.version == "1"
    assert card.primary == metrics[0] and card.primary.seeds == [1]
    zoo.evaluate(folder, data=text(160), write=True)
    assert zoo.load(folder).card.measured == card.measured


def test_damaged_or_missing_weights_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    zoo.evaluate(copy, data=text(160), write=True)
    path = copy / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="SHA-256"):
        zoo.load(copy)
    assert zoo.load(copy, verify=False).parameters()
    path.unlink()
    for verify in (True, False):
        with pytest.raises(WeightsError, match="does not exist"):
            zoo.load(copy, verify=verify)


def test_fine_tuning_starts_from_the_weights_and_keeps_the_vocabulary(
    folder: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.txt"
    own.write_text("to be or to be or " * 400)
    tuned = zoo.train(
        None, tmp_path / "tuned", start=str(folder), data=str(own), epochs=1, verbose=0
    )
    assert tuned.task.processing == zoo.load(folder).task.processing
    before = zoo.load(folder).model.get_weights()
    moved = [
        float(np.abs(a - b).mean()) for a, b in zip(before, tuned.model.get_weights(), strict=True)
    ]
    fresh = zoo.build("text.language_model", **tuned.arguments).get_weights()
    far = [float(np.abs(a - b).mean()) for a, b in zip(before, fresh, strict=True)]
    assert 0 < sum(moved) < sum(far)
    card = tuned.card
    assert card.recipe.data.name == "own.txt" and "own.txt" in str(card)
    assert card.measured is not None and card.measured.metrics[0].split == "validation"
    assert tuned.card.recipe.model == zoo.card(folder).recipe.model


def test_own_data_too_short_to_score_leaves_no_figures(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("to be or to be or " * 60)
    with pytest.warns(UserWarning, match="no figures"):
        tuned = zoo.train(
            None, tmp_path / "tuned", start=str(folder), data=str(own), epochs=1, verbose=0
        )
    assert tuned.card.measured is None


def test_training_stops_when_validation_no_longer_improves(tmp_path: Path) -> None:
    made = recipe(epochs=30, learning_rate=1e-9, patience=2, weight_decay=0.0)
    run = fit(made, tmp_path)
    losses = [row["val_loss"] for row in run.history]
    assert len(run.history) < 30
    assert len(run.history) - 1 - run.best_epoch >= 2
    assert run.best_epoch == int(np.argmin(losses))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    fit(recipe(epochs=1), tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="without --resume"):
        fit(recipe(epochs=2), tmp_path, resume=True)


def test_wrong_recipes_are_refused(tmp_path: Path) -> None:
    wrong = recipe({"colour": 3})
    with pytest.raises(RecipeError, match="colour"):
        fit(wrong, tmp_path)
    with pytest.raises(RecipeError, match="poetry"):
        fit(dataclasses.replace(recipe(), task="poetry"), tmp_path)
    lacking = dataclasses.replace(recipe().training, options={})
    with pytest.raises(RecipeError, match="window"):
        fit(dataclasses.replace(recipe(), training=lacking), tmp_path)


def test_batches_depend_on_seed_epoch_and_position_alone() -> None:
    class Numbers:
        def __len__(self) -> int:
            return 10

        def take(
            self, indices: np.ndarray, rng: np.random.Generator
        ) -> tuple[np.ndarray, np.ndarray]:
            return indices, rng.random(len(indices))

    one, other = Batches(Numbers(), 4, seed=3), Batches(Numbers(), 4, seed=3)
    one.epoch = other.epoch = 2
    assert len(one) == 3
    for position in (2, 0, 1):
        for a, b in zip(one[position], other[position], strict=True):
            assert (a == b).all()
    seen = np.concatenate([one[i][0] for i in range(3)])
    assert sorted(seen.tolist()) == list(range(10))
    other.epoch = 3
    assert seen.tolist() != np.concatenate([other[i][0] for i in range(3)]).tolist()


def test_weights_come_back_rounded_to_half_precision(tmp_path: Path) -> None:
    model = zoo.build("text.language_model", vocabulary_size=5, units=4, dropout=0.5)
    save_weights(model, tmp_path / "w.safetensors", {"x": [1]})
    again = zoo.build("text.language_model", vocabulary_size=5, units=4, dropout=0.5)
    assert load_weights(again, tmp_path / "w.safetensors") == []
    for key, value in weight_arrays(model).items():
        assert (value.astype(np.float16).astype(np.float32) == weight_arrays(again)[key]).all()
    assert not any("seed" in key for key in weight_arrays(model))
    assert read_header(tmp_path / "w.safetensors") == {"x": [1]}


def test_a_long_header_is_packed_and_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    model = zoo.build("text.language_model", vocabulary_size=5, units=4)
    words = {"vocabulary": " ".join(f"wörd{i}" for i in range(5000))}
    save_weights(model, path, words)
    assert path.stat().st_size < len(words["vocabulary"]) / 2
    assert read_header(path) == words
    cut = {"rnn_zoo_xz": base64.b85encode(lzma.compress(b"{}" * 10**5)[:-20]).decode()}
    safetensors.numpy.save_file(weight_arrays(model), path, metadata=cut)
    with pytest.raises(WeightsError, match="cut short"):
        read_header(path)


def test_weights_of_another_model_and_damaged_ones_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    model = zoo.build("text.language_model", vocabulary_size=5, units=4)
    with pytest.raises(WeightsError, match="does not exist"):
        load_weights(model, path)
    save_weights(model, path, {})
    wider = zoo.build("text.language_model", vocabulary_size=5, units=6)
    with pytest.raises(WeightsError, match="shape"):
        load_weights(wider, path)
    assert load_weights(wider, path, partly=True)
    with pytest.raises(WeightsError, match="one side only"):
        load_weights(zoo.build("text.language_model", vocabulary_size=5, units=4, layers=1), path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(WeightsError, match="damaged"):
        load_weights(model, path)
    with pytest.raises(WeightsError, match="damaged"):
        read_header(path)


def test_the_checkpoint_is_plain_data(tmp_path: Path) -> None:
    fit(recipe(epochs=1), tmp_path)
    with safetensors.safe_open(tmp_path / "checkpoint.safetensors", framework="numpy") as file:
        facts = json.loads(file.metadata()["rnn_zoo"])
    assert len(facts["history"]) == 1 and facts["seconds"] > 0


def test_small_files_are_scored_and_stand_in_the_card(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speed, "_SECONDS", 0.0)
    monkeypatch.setattr(stored, "SMALLEST_INTEGER", 64)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "card.toml").unlink(missing_ok=True)
    with pytest.raises(RecipeError, match="evaluate copy --write"):
        write_quantized(zoo.load(copy), [])
    zoo.evaluate(copy, data=text(160), write=True)
    monkeypatch.setattr(datasets, "load", lambda _: text(160))
    done = CliRunner().invoke(app, ["evaluate", str(copy), "--quantized", "--write"])
    assert done.exit_code == 0, done.output
    card = zoo.card(copy)
    assert card.measured is not None
    metrics, files = card.measured.metrics, card.measured.quantized
    assert [small.kind for small in files] == ["int8", "float16"]
    for small in files:
        assert f"{small.kind} " in done.stdout and f" {small.bytes} " in done.stdout
    for small in files:
        assert small.weights_sha256 == card.measured.weights.sha256
        assert small.bytes < small.float_bytes and set(small.speedup) == {"1", "32"}
        assert small.metrics.keys() == {metric.name for metric in metrics}
        for metric in metrics:
            assert small.metrics[metric.name] == pytest.approx(metric.value, rel=0.05)
    assert "float16 file:" in str(card)
    zoo.evaluate(copy, data=text(160), write=True)
    assert zoo.card(copy).measured == card.measured
    (copy / "recipe.toml").write_text(TOML.replace("seed = 1", "seed = 2"))
    zoo.evaluate(copy, data=text(160), write=True)
    again = zoo.card(copy).measured
    assert again is not None and again.quantized == []
