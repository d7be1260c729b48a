"""Sequences of given features: read, moved, learned, told apart, beside dynamic time warping."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo import load
from zoo.datasets import ucr_uea
from zoo.datasets.ucr_uea import LabelledSequences
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.sequence_classification import evaluate
from zoo.evaluation.time_warping import NearestWarped
from zoo.model_card import Recipe, read_recipe
from zoo.processing.feature_rows import FeatureRows
from zoo.tasks import Arrays, load_task
from zoo.training.sequence_classification import Moved, prepare, read_own_data, split

RECIPE = Path(__file__).parents[2] / "zoo" / "pretrained" / "vowels-gru" / "recipe.toml"
ROWS = FeatureRows(("x", "y"), (1.0, -2.0), (0.5, 4.0))
PROCESSING = {**ROWS.to_processing(), "problem": "made", "labels": ["up", "down"]}
HEAD = "# a comment\n@problemName made\n@classLabel true up down\n@data\n"


def made() -> LabelledSequences:
    """Two features over 3 to 8 steps that rise in one class and fall in the other."""
    rng = np.random.default_rng(0)
    rows = [(label, split) for split in ("train", "test") for label in (0, 1) for _ in range(10)]
    sequences = tuple(
        np.linspace(0, 1 - 2 * label, int(rng.integers(3, 9)))[:, None] * [2.0, 1.0]
        + rng.normal(0, 0.1, (1, 2))
        for label, _ in rows
    )
    labels = np.array([label for label, _ in rows], np.int32)
    splits = np.array([split for _, split in rows])
    return LabelledSequences(sequences, labels, splits, ("x", "y"), ("up", "down"))


SMALL = {
    "units = 64": "units = 6",
    "epochs = 100": "epochs = 2",
    "batch_size = 32": "batch_size = 4",
}


def recipe_with(**options: float) -> Recipe:
    recipe = read_recipe(RECIPE)
    options = {**recipe.training.options, **options}
    return replace(recipe, training=replace(recipe.training, options=options))


def archived(folder: Path, data: LabelledSequences, **change: str) -> Path:
    """A data set's folder with the sequences in the archive's own form."""
    files = {}
    for part in ("train", "test"):
        chosen = data.where(data.splits == part)
        lines = [
            ":".join(",".join(map(repr, row)) for row in sequence.T.tolist())
            + f":{data.label_names[label]}\n"
            for sequence, label in zip(chosen.sequences, chosen.labels, strict=True)
        ]
        files[part] = HEAD + "".join(lines)
    folder.mkdir()
    with tarfile.open(folder / ucr_uea.ARCHIVE, "w:gz") as archive:
        for part, text in {**files, **change}.items():
            entry = tarfile.TarInfo(f"made/made_{part.upper()}.ts")
            entry.size = len(text.encode())
            archive.addfile(entry, BytesIO(text.encode()))
    return folder


def test_the_archive_is_read_as_it_was_written(tmp_path: Path) -> None:
    data = made()
    found = ucr_uea.read(archived(tmp_path / "whole", data)).get("made")
    assert found.label_names == data.label_names and found.names == ("feature 1", "feature 2")
    np.testing.assert_array_equal(found.labels, data.labels)
    np.testing.assert_array_equal(found.splits, data.splits)
    for one, other in zip(found.sequences, data.sequences, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "test", [HEAD, HEAD + "1,2:3,x:up\n", HEAD + "1,2:3,4:left\n", HEAD + "1:2:3:up\n"]
)
def test_a_damaged_archive_is_refused(test: str, tmp_path: Path) -> None:
    problems = ucr_uea.read(archived(tmp_path / "damaged", made(), test=test))
    with pytest.raises(DataError, match="made"):
        problems.get("made")
    with pytest.raises(DataError, match="'other'"):
        problems.get("other")
    with pytest.raises(DataError, match=ucr_uea.ARCHIVE):
        ucr_uea.read(tmp_path)


def always_up(arrays: Arrays) -> Arrays:
    assert arrays["features"].dtype == np.float32
    return {"logits": np.repeat([[1, 0]], len(arrays["lengths"]), axis=0).astype(np.float32)}


def test_a_table_becomes_standardised_rows(tmp_path: Path) -> None:
    task = load_task("sequence_classification", PROCESSING)
    path = tmp_path / "clip.csv"
    path.write_text("y,note,x\n2,a,1.5\n-2,b,1\n")
    seen: list[Arrays] = []

    def run(arrays: Arrays) -> Arrays:
        seen.append(arrays)
        return always_up(arrays)

    raws = [path, np.ones((3, 2)), {"x": [1, 1], "y": [2.5, 1]}]
    answers = task.predict_many(task.frontend.around(run), raws)
    assert [answer.to_dict()["label"] for answer in answers] == ["up"] * 3
    assert seen[0]["lengths"].tolist() == [2, 3, 2]
    np.testing.assert_allclose(seen[0]["features"][0, :2], [[1, 1], [0, 0]])


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"x": [1.0]}, "'y'"),
        ({"x": [], "y": []}, "no rows"),
        ({"x": [1, 2], "y": [1]}, "same length"),
        (np.ones((2, 3)), r"\(2, 3\)"),
        (np.full((1, 2), np.nan), "nan"),
        (np.full((1, 2), 1e31), "units"),
        (7, "int"),
    ],
)
def test_what_is_no_table_of_these_features_is_refused(raw: object, said: str) -> None:
    task = load_task("sequence_classification", PROCESSING)
    with pytest.raises(InputError, match=said):
        task.predict(task.frontend.around(always_up), raw)
    with pytest.raises(InputError, match="no table"):
        task.predict_many(task.frontend.around(always_up), [])


@pytest.mark.parametrize(
    "change", [{"kind": "log_mel"}, {"stds": [1.0, 0.0]}, {"means": [1.0]}, {"colour": 3}]
)
def test_wrong_processing_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match=r"needed is"):
        load_task("sequence_classification", {**PROCESSING, **change})


def test_every_fifth_of_a_class_validates() -> None:
    data = made()
    training, validating = split(data)
    assert np.flatnonzero(validating).tolist() == [4, 9, 14, 19]
    assert not (training & validating).any() and (training | validating).sum() == 20
    with pytest.raises(DataError, match=r"\[8, 0\]"):
        split(data.where(data.labels == 0))
    constant = replace(data, sequences=tuple(np.zeros((3, 2)) for _ in data.sequences))
    with pytest.raises(DataError, match="'x' is constant"):
        prepare(recipe_with(), constant)


def test_the_run_that_ships_learns_the_validation_part_too() -> None:
    chosen, shipped = (prepare(recipe_with(with_validation=flag), made()) for flag in (False, True))
    assert (len(chosen.train.source), len(shipped.train.source)) == (16, 20)
    assert len(chosen.validation.source) == len(shipped.validation.source) == 4
    assert chosen.arguments == {"classes": 2, "features": 2}
    kept = prepare(recipe_with(), made(), processing=PROCESSING).processing
    assert kept["means"] == [1.0, -2.0] and kept["labels"] == ["up", "down"]
    with pytest.raises(RecipeError, match="mixup"):
        prepare(recipe_with(mixup=0.2), made())


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999), st.floats(0, 0.5), st.floats(0, 1))
def test_moved_sequences_are_finite_and_of_one_shape(
    seed: int, stretch: float, hidden: float
) -> None:
    rng = np.random.default_rng(seed)
    sequences = [rng.normal(size=(steps, 2)).astype(np.float32) for steps in (1, 4, 9)]
    source = Moved(sequences, np.eye(3, dtype=np.float32), 13, 0.1, 0.1, stretch, hidden)
    inputs, targets = source.take(np.array([2, 0]), rng)
    assert inputs["features"].shape == (2, 13, 2) and np.isfinite(inputs["features"]).all()
    assert (inputs["lengths"] >= 1).all() and (inputs["lengths"] <= 13).all()
    assert targets.argmax(axis=1).tolist() == [2, 0]
    plain, _ = Moved(sequences, np.eye(3), 13).take(np.array([1]), rng)
    np.testing.assert_array_equal(plain["features"][0, :4], sequences[1])
    assert not plain["features"][0, 4:].any()


def slowly(one: np.ndarray, other: np.ndarray) -> float:
    """Dynamic time warping by its recursion, cell by cell."""
    best = np.full((len(one) + 1, len(other) + 1), np.inf)
    best[0, 0] = 0
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            before = min(best[i - 1, j], best[i, j - 1], best[i - 1, j - 1])
            best[i, j] = np.square(a - b).sum() + before
    return float(best[-1, -1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 999))
def test_warped_distances_are_those_of_the_recursion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    known = [rng.normal(size=(steps, 2)) for steps in rng.integers(1, 7, 4)]
    one = rng.normal(size=(int(rng.integers(1, 7)), 2))
    found = NearestWarped(known).distances(one)
    np.testing.assert_allclose(found, [slowly(one, other) for other in known])
    assert NearestWarped(known).distances(np.repeat(known[2], 3, axis=0))[2] == 0


def test_accuracy_stands_beside_its_baselines() -> None:
    task = load_task("sequence_classification", PROCESSING)
    (metric,) = evaluate(task, always_up, made())
    assert metric.primary and metric.value == metric.baselines["majority"] == 0.5
    assert metric.baselines["nearest_neighbour_dtw"] == 1.0
    with pytest.raises(DataError, match="'validation'"):
        evaluate(task, always_up, made(), "validation")
    with pytest.raises(DataError, match="labels"):
        evaluate(task, always_up, replace(made(), label_names=("a", "b")))


def tables(folder: Path) -> Path:
    data = made()
    for place, (sequence, label) in enumerate(zip(data.sequences, data.labels, strict=True)):
        target = folder / data.label_names[label]
        target.mkdir(parents=True, exist_ok=True)
        body = "".join(f"{x},{y}\n" for x, y in sequence)
        (target / f"{place:02}.csv").write_text("x,y\n" + body)
    return folder


def test_own_tables_are_learned_and_answered(tmp_path: Path) -> None:
    from zoo.training.fit import fit_recipe
    from zoo.training.pictures import save_pictures

    own = read_own_data(tables(tmp_path / "own"), recipe_with(), PROCESSING)
    assert own.label_names == ("down", "up") and (own.splits == "validation").sum() == 8
    recipe = RECIPE.read_text()
    for found, small in SMALL.items():
        recipe = recipe.replace(found, small)
    (tmp_path / "recipe.toml").write_text(recipe)
    fit_recipe(
        read_recipe(tmp_path / "recipe.toml"),
        tmp_path / "recipe.toml",
        tmp_path / "model",
        data=own,
        verbose=0,
    )
    model = load(tmp_path / "model")
    assert model.card.cell == "gru"
    save_pictures(model, own, tmp_path)
    assert (tmp_path / "confusion.png").exists()
    short, padded = (
        model.task.predict_many(model.task.frontend.around(model.run), raws)[0].probabilities
        for raws in ([own.sequences[0]], [own.sequences[0], np.ones((30, 2))])
    )
    assert short == pytest.approx(padded, abs=1e-5)
    with pytest.raises(DataError, match="at least two"):
        read_own_data(tmp_path / "model", recipe_with(), PROCESSING)
