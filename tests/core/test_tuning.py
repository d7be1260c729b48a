"""A search of settings: what may be tried, what is told, and going on after an interruption."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import zoo
from tests.series.made import hourly, recipe, tables
from zoo.errors import InputError
from zoo.model_card import Recipe, read_recipe
from zoo.training import tuning
from zoo.training.fit import Run
from zoo.training.recipe_file import write_recipe
from zoo.training.search_space import Range, changed, read_space, usual_space

pytest.importorskip("optuna")
SPACE = {"training.learning_rate": Range(1e-4, 1e-1, log=True), "model.arguments.units": [4, 8]}


def pretended(losses: Callable[[Recipe], list[float]]) -> Callable[..., Run]:
    """A training that takes no time: the losses follow from the recipe."""

    def fit(made: Recipe, _: Path, folder: Path, *, callbacks: Any, **options: Any) -> Run:
        assert options["resume"] and made.training.epochs == recipe().training.epochs
        history = [{"val_loss": loss} for loss in losses(made)]
        for epoch, row in enumerate(history):
            callbacks[0].on_epoch_end(epoch, row)
        return Run(folder, history, 0)

    return fit


def far_from_best(made: Recipe) -> list[float]:
    distance = abs(math.log10(made.training.learning_rate) + 2)
    return [distance + 1, distance + 0.1 * (made.model.arguments["units"] == 4)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_recipe(recipe(), tmp_path / "model" / "recipe.toml")
    return tmp_path / "model"


def test_what_is_tried_is_told(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "fit_recipe", pretended(far_from_best))
    told: list[Any] = []
    tuned = zoo.tune(
        str(folder), tmp_path / "t", trials=12, space=SPACE, data=object(), report=told.append
    )
    assert [one.number for one in told] == list(range(12)) and tuple(told) == tuned.trials
    complete = [one for one in tuned.trials if one.state == "complete"]
    assert tuned.best.loss == min(one.loss for one in complete) < 0.5
    with (tuned.folder / "trials.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 12 and set(SPACE) < set(rows[0])
    assert (tuned.folder / "trials.png").read_bytes().startswith(b"\x89PNG")
    best = read_recipe(tuned.folder / "recipe.toml")
    assert best.training.learning_rate == tuned.best.settings["training.learning_rate"]
    assert best.training.epochs == recipe().training.epochs


def test_a_search_goes_on_with_the_trial_that_was_cut_off(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def losses(made: Recipe) -> list[float]:
        asked.append(made.training.learning_rate)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return far_from_best(made)

    monkeypatch.setattr(tuning, "fit_recipe", pretended(losses))
    options: dict[str, Any] = {"space": SPACE, "data": object()}
    with pytest.raises(KeyboardInterrupt):
        zoo.tune(str(folder), tmp_path / "t", trials=4, **options)
    tuned = zoo.tune(str(folder), tmp_path / "t", trials=4, **options)
    assert len(tuned.trials) == 4 and len(asked) == 5 and asked[3] == asked[2]
    assert len(set(asked)) == 4  # a new generator draws other settings
    assert zoo.tune(str(folder), tmp_path / "t", trials=4, **options).trials == tuned.trials
    with pytest.raises(InputError, match="another space"):
        zoo.tune(str(folder), tmp_path / "t", space={"training.batch_size": [8]}, data=object())


def test_failures_are_told_and_do_not_end_the_search(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losses(made: Recipe) -> list[float]:
        if made.training.batch_size == 8:
            raise InputError("too small")
        return [math.nan] if made.training.batch_size == 16 else [1.0, 0.5]

    monkeypatch.setattr(tuning, "fit_recipe", pretended(losses))
    space = {"training.batch_size": [8, 16, 32]}
    tuned = zoo.tune(str(folder), tmp_path / "t", trials=12, space=space, data=object())
    reasons = {one.settings["training.batch_size"]: one.told for one in tuned.trials}
    assert reasons == {8: "too small", 16: "The loss is no number.", 32: ""}
    assert tuned.best.loss == 0.5
    with pytest.raises(InputError, match="No trial ended well; the last one: too small"):
        only = {"training.batch_size": [8]}
        zoo.tune(str(folder), tmp_path / "none", trials=2, space=only, data=object())


@pytest.mark.slow
def test_real_trainings_and_the_usual_space(folder: Path, tmp_path: Path) -> None:
    space = usual_space(recipe(arguments={"dropout": 0.1}))
    assert space["training.learning_rate"] == Range(0.001, 0.1, log=True)
    assert space["model.arguments.units"] == [4, 8, 16]
    assert "model.arguments.dropout" in space and "training.batch_size" in space
    tuned = zoo.tune(str(folder), tmp_path / "t", trials=2, epochs=1, data=tables(hourly()))
    assert all(one.state == "complete" and 0 < one.loss < 10 for one in tuned.trials)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x", "no TOML file"),
        ("", "empty"),
        ('"training.learning_rate" = {low = 0, high = 1, log = true}', "log = true, which needs"),
        ('"training.learning_rate" = 3', "use a list of choices"),
        ('"training.colour" = [1]', "unknown key 'colour'"),
        ('"colour.learning_rate" = [1]', "no table 'colour'"),
        ('"training.epochs" = ["many"]', "epochs"),
    ],
)
def test_spaces_that_cannot_be_searched(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "space.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=says):
        read_space(path, recipe())


def test_a_space_is_read(tmp_path: Path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(
        '"model.arguments.units" = {low = 4, high = 9}\n"training.options.loss" = ["mse"]'
    )
    space = read_space(path, recipe())
    assert space == {"model.arguments.units": Range(4, 9), "training.options.loss": ["mse"]}
    assert changed(recipe(), {"training.options.loss": "mse"}).training.options == {"loss": "mse"}


def test_numbers_below_one(folder: Path, tmp_path: Path) -> None:
    for options in ({"trials": 0}, {"epochs": 0}):
        with pytest.raises(InputError, match="use 1 or more"):
            zoo.tune(str(folder), tmp_path / "t", data=object(), **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="the original"):
        zoo.tune(str(folder), folder, data=object())
