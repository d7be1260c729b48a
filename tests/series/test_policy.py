"""A policy that remembers: the episodes, the task, its stream and its figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
import zoo
from export.runtime import load
from zoo import datasets
from zoo.datasets.cartpole import STEPS, VISIBLE, Played, demonstrations, play, teacher
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation import policy as judge
from zoo.evaluation.stacked_frames import StackedFrames
from zoo.model_card import read_recipe
from zoo.plots.cartpole import draw_run
from zoo.processing.feature_rows import FeatureRows
from zoo.tasks import load_task
from zoo.tasks.policy import Actor
from zoo.training.policy import Stretches, imitation, prepare

pytest.importorskip("gymnasium")
RECIPE = zoo.card("cartpole-gru").folder / "recipe.toml"


@pytest.fixture(scope="module")
def model() -> Any:
    return zoo.load("cartpole-gru")


@pytest.fixture(scope="module")
def file(model: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cartpole") / "model.onnx"
    export.to_onnx(model, path, streaming=True, cases=10)
    return path


def test_the_teacher_never_drops_the_pole_and_pushing_one_way_soon_does() -> None:
    played = play([1, 2, 3], teacher)
    assert played.returns.tolist() == [STEPS] * 3 and played.visible.shape == (3, STEPS, 2)
    again = play([3, 1], teacher, steps=40)
    assert (again.states[1] == played.states[0, :40]).all() and again.returns.tolist() == [40, 40]
    fallen = play([1, 2], lambda states: np.ones(len(states), np.int32))
    assert (fallen.returns < 15).all() and fallen.states.shape[1] == fallen.returns.max()


def test_demonstrations_are_the_teachers_answers_to_what_chance_did() -> None:
    data = demonstrations({"train": range(8), "validation": range(8, 10)})
    again = demonstrations({"train": range(8)})
    one, other = data.parts["train"], again.parts["train"]
    assert (one.states == other.states).all() and (one.actions == other.actions).all()
    assert (one.actions[:, 0] == teacher(one.states[:, 0])).all()
    moved = np.abs(one.states[:, :, 2]).max()
    assert moved > np.abs(play(range(8), teacher, steps=100).states[..., 2]).max()


def test_the_data_set_is_made_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from zoo.datasets import cartpole

    monkeypatch.setattr(cartpole, "SEEDS", {"train": range(2), "validation": range(2, 3)})
    data = datasets.load("cartpole")
    assert {name: len(part.returns) for name, part in data.parts.items()} == {
        "train": 2,
        "validation": 1,
    }


def test_steps_after_the_end_count_nothing() -> None:
    states = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    played = Played(states, np.ones((2, 3), np.int32), np.array([3, 1]))
    rows = FeatureRows(("a", "b"), (0.0, 0.0), (1.0, 1.0))
    features, actions = Stretches(played, rows, 2).take(np.array([0, 1]), np.random.default_rng(0))
    assert actions.tolist() == [[1, 1], [1, -1]] and (features == states[:, :2, VISIBLE]).all()
    logits = np.zeros((2, 2, 2), np.float32)
    logits[1, 1] = 1e3
    assert np.asarray(imitation(actions, logits)) == pytest.approx([np.log(2)] * 2, rel=1e-4)


def test_a_recipe_becomes_a_problem_and_what_does_not_fit_is_refused() -> None:
    recipe = read_recipe(RECIPE)
    data = demonstrations({"train": range(4), "validation": range(4, 6)})
    problem = prepare(recipe, data)
    assert problem.arguments == {"features": 2, "outputs": 2}
    assert problem.processing["actions"] == ["left", "right"] and len(problem.validation) == 1
    kept = prepare(recipe, data, processing=problem.processing)
    assert kept.processing == problem.processing
    with pytest.raises(RecipeError, match="no groups"):
        prepare(recipe, data, "one")


def test_the_exported_file_balances_step_by_step_as_keras_does(model: Any, file: Path) -> None:
    actor = Actor(load(file).raw_run, model.task.actions)
    played = play(range(30_000, 30_010), lambda states: actor.act(states[:, VISIBLE]))
    assert played.returns.tolist() == [STEPS] * 10
    keras_actor = Actor(model.task.frontend.around(model.run), model.task.actions)
    seen = played.visible[:, :50]
    same = [keras_actor.act(seen[:, step]) == played.actions[:, step] for step in range(50)]
    assert np.mean(same) > 0.99


def test_a_stream_goes_on_from_observation_to_observation(model: Any, file: Path) -> None:
    seen = play([5], teacher, steps=12).visible[0]
    whole = model.predict(seen)
    stream = load(file).stream()
    single = [stream.feed(row) for row in seen[:4]]
    kept = stream.save()
    rest = stream.feed(seen[4:])
    told = [step for answer in (*single, rest) for step in answer.to_dict()["steps"]]
    assert [step["action"] for step in told] == list(whole.actions)
    assert [step["step"] for step in told] == list(range(12))
    shares = [list(step["probabilities"].values()) for step in told]
    np.testing.assert_allclose(shares, whole.probabilities, atol=1e-5)
    assert single[0].last == whole.actions[0] and "step 0: " in str(single[0])
    other = load(file).stream()
    other.restore(kept)
    assert other.feed(seen[4:]).to_dict() == rest.to_dict()
    text = load(file).stream()
    assert str(text.feed("cart_position,pole_angle\n")) == ""
    line = ",".join(str(value) for value in seen[0])
    assert text.feed(line).to_dict() == single[0].to_dict()
    with pytest.raises(InputError, match=r"'fast,0\.1'; needed are cart_position, pole"):
        text.feed("fast,0.1")
    with pytest.raises(InputError, match="cart_position"):
        text.feed("0.1")
    assert str(stream.flush()) == "" and stream.feed(seen[0]).to_dict() == single[0].to_dict()


def test_runs_of_equal_actions_are_told_together(model: Any) -> None:
    answer = model.predict(
        {"cart_position": [0.0] * 5, "pole_angle": [0.02, 0.04, 0.06, 0.08, 0.1]}
    )
    assert str(answer).splitlines()[-1].endswith("%)") and len(answer.to_dict()["steps"]) == 5
    lines = str(answer).splitlines()
    assert lines[0].startswith("step") and answer.last in lines[-1]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (np.zeros((0, 2)), "no rows"),
        (np.zeros((3, 3)), "cart_position"),
        ({"pole_angle": [1.0]}, "cart_position"),
        (np.full((2, 2), 1e31), "units"),
    ],
)
def test_what_is_no_observation_is_refused(model: Any, raw: Any, says: str) -> None:
    with pytest.raises(InputError, match=says):
        model.predict(raw)


def test_processing_is_checked() -> None:
    rows = {"kind": "features", "names": ["a"], "means": [0.0], "stds": [1.0]}
    assert load_task("policy", {**rows, "actions": ["left", "right"]}).processing["actions"]
    for wrong in (rows, {**rows, "actions": []}, {**rows, "actions": ["a"], "colour": 1}):
        with pytest.raises(RecipeError):
            load_task("policy", wrong)


def test_a_rival_without_a_state_needs_two_observations() -> None:
    known = demonstrations({"train": range(40)}).parts["train"]
    scale = known.visible.std(axis=(0, 1))
    returns = {}
    for frames in (1, 2):
        rival = StackedFrames(known.visible / scale, known.actions, known.returns, frames)
        played = play([1, 2], lambda s, r=rival: r.act(s[:, VISIBLE] / scale), steps=150)
        returns[frames] = played.returns.mean()
    assert returns[1] < 100 < returns[2]


def test_the_figure_is_the_mean_return(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "SEEDS", {"train": range(2), "test": range(20_000, 20_002)})
    monkeypatch.setattr(judge, "BASELINES", {"without_memory": 1})
    data = demonstrations({"train": range(2)})
    metric = judge.evaluate(model.task, model.run, data)[0]
    assert metric.value == 500 and metric.baselines["without_memory"] < 200 and metric.primary
    with pytest.raises(DataError, match="'train'"):
        judge.evaluate(model.task, model.run, data, "train")


def test_a_run_is_drawn(tmp_path: Path) -> None:
    played = play([1], teacher, steps=60)
    draw_run(played.visible[0], played.actions[0], tmp_path / "run.png")
    assert (tmp_path / "run.png").read_bytes().startswith(b"\x89PNG")
