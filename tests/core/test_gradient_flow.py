"""The gradient by each step's state, against what can be computed otherwise."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

import zoo
from tests.core.test_training import TOML
from tests.text.made import text
from zoo.errors import RecipeError
from zoo.plots.gradient_flow import Panel, save_gradient_flow
from zoo.reports.gradients import report_gradients
from zoo.training.gradient_flow import gradient_flow

RNG = np.random.default_rng(3)
ROWS = RNG.normal(size=(4, 6, 3)).astype(np.float32)
TARGETS = RNG.normal(size=(4, 2)).astype(np.float32)
ERROR = keras.losses.MeanSquaredError()


def model(*layers: keras.layers.Layer) -> keras.Model:
    rows = hidden = keras.Input((None, 3))
    for layer in layers:
        hidden = layer(hidden)
    hidden = keras.layers.Dropout(0.5, name="dropout")(hidden)
    return keras.Model(rows, keras.layers.Dense(2, name="answer")(hidden))


def test_it_is_the_product_of_the_jacobians() -> None:
    made = model(keras.layers.SimpleRNN(5, name="cell"))
    before = made.get_weights()
    found = gradient_flow(made, ROWS, TARGETS, ERROR)["cell.h"]
    kernel, recurrent, bias, out, _ = before
    states = [np.zeros((4, 5))]
    for step in range(6):
        states.append(np.tanh(ROWS[:, step] @ kernel + states[-1] @ recurrent + bias))
    slope = 2 * (made.predict_on_batch(ROWS) - TARGETS) / 2 @ out.T
    expected = []
    for state in states[:0:-1]:
        expected.append(np.linalg.norm(slope, axis=-1).mean())
        slope = (slope * (1 - state**2)) @ recurrent.T
    np.testing.assert_allclose(found, expected[::-1], rtol=1e-4)
    assert all((a == b).all() for a, b in zip(before, made.get_weights(), strict=True))


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_a_nudge_of_the_state_moves_the_loss_as_told(cell: str) -> None:
    layer = getattr(keras.layers, cell)(5, name="cell", return_sequences=True)
    made = model(layer)
    targets = np.repeat(TARGETS[:, None], 6, axis=1)
    found = gradient_flow(made, ROWS, targets, ERROR)
    assert sorted(found) == (["cell.c", "cell.h"] if cell == "LSTM" else ["cell.h"])
    out = made.get_weights()[-2]
    slope = 2 * (made.predict_on_batch(ROWS) - targets) / 12 @ out.T
    last = np.linalg.norm(slope[:, -1], axis=-1).mean()
    assert found["cell.h"][-1] == pytest.approx(last, rel=1e-4)
    assert found["cell.h"][:-1].min() > 0
    if cell == "LSTM":
        assert found["cell.c"][-1] == 0 and found["cell.c"][:-1].min() > 0


def test_both_directions_are_watched() -> None:
    layer = keras.layers.LSTM(4, name="cell", return_sequences=True)
    made = model(keras.layers.Bidirectional(layer, name="both"))
    found = gradient_flow(made, ROWS, np.repeat(TARGETS[:, None], 6, axis=1), ERROR)
    assert len(found) == 4 and all(len(lengths) == 6 for lengths in found.values())
    assert found["forward_cell.c"][-1] == found["backward_cell.c"][0] == 0


def test_what_cannot_be_watched_is_refused() -> None:
    twice = keras.layers.GRU(3, return_sequences=True, name="twice")
    with pytest.raises(RecipeError, match="'twice' is used more than once"):
        gradient_flow(model(twice, twice, keras.layers.GRU(4)), ROWS, TARGETS, ERROR)
    with pytest.raises(RecipeError, match="no recurrent layer"):
        gradient_flow(model(keras.layers.GlobalAveragePooling1D()), ROWS, TARGETS, ERROR)


def test_a_trained_model_is_reported_also_where_states_were_carried(tmp_path: Path) -> None:
    options = "[training.options]\n"
    (tmp_path / "recipe.toml").write_text(TOML.replace(options, f"{options}carried = true\n"))
    zoo.train(str(tmp_path), tmp_path / "run", data=text(), epochs=1, verbose=0)
    path, found = report_gradients(tmp_path / "run", tmp_path / "flow.png", data=text())
    assert path.read_bytes().startswith(b"\x89PNG")
    assert {name: len(lengths) for name, lengths in found.items()} == {
        "recurrent_0.h": 16,
        "recurrent_0.c": 16,
    }


def test_a_picture_is_drawn_of_any_lengths(tmp_path: Path) -> None:
    lines = {"rnn.h": [0.0, 1e-9, 1.0], "lstm.h": [0.1, 0.2], "lstm.c": [0.3, 0.0]}
    panel = Panel("made", lines, {"rnn.h": [0, 10, 20]})
    save_gradient_flow([panel, panel, panel], tmp_path / "flow.png", columns=2)
    assert (tmp_path / "flow.png").read_bytes().startswith(b"\x89PNG")
