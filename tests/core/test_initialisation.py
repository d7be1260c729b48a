"""What recurrent layers start from, whatever built the model."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from zoo.errors import RecipeError
from zoo.model_card import Initial
from zoo.training.initialisation import initialise, recurrent_layers

UNITS = 16
GATES = {"SimpleRNN": 1, "GRU": 3, "LSTM": 4}


def model(cell: str) -> keras.Model:
    rows = keras.Input((None, 3))
    layer = getattr(keras.layers, cell)(UNITS, return_sequences=True, name="one")
    both = keras.layers.Bidirectional(getattr(keras.layers, cell)(UNITS, name="two"), name="both")
    return keras.Model(rows, both(layer(rows)))


def test_nothing_asked_for_changes_nothing() -> None:
    made = model("LSTM")
    before = made.get_weights()
    initialise(made, Initial(), 1)
    assert all((a == b).all() for a, b in zip(before, made.get_weights(), strict=True))


@pytest.mark.parametrize("cell", GATES)
@pytest.mark.parametrize("kind", ["orthogonal", "identity", "glorot_uniform"])
def test_each_gate_gets_a_matrix_of_its_own(cell: str, kind: str) -> None:
    made = model(cell)
    initialise(made, Initial(recurrent=kind), 1)
    blocks: list[Any] = []
    for layer in recurrent_layers(made):
        blocks += np.split(np.array(layer.cell.recurrent_kernel.numpy()), GATES[cell], axis=1)
    assert len(blocks) == 3 * GATES[cell]
    for block in blocks:
        if kind == "glorot_uniform":
            assert 0.5 < np.abs(block).max() / np.sqrt(3 / UNITS) <= 1
        else:
            np.testing.assert_allclose(block @ block.T, np.eye(UNITS), atol=1e-5)
    if kind != "identity":
        assert not np.allclose(blocks[0], blocks[-1])


def test_the_forget_bias_is_that_of_an_lstm() -> None:
    made = model("LSTM")
    initialise(made, Initial(forget_bias=2.5), 1)
    for layer in recurrent_layers(made):
        bias = np.array(layer.cell.bias.numpy()).reshape(4, UNITS)
        assert (bias[1] == 2.5).all() and not bias[[0, 2, 3]].any()


@pytest.mark.parametrize("cell", ["LSTM", "GRU"])
def test_chrono_spreads_what_units_remember_up_to_the_longest(cell: str) -> None:
    made, longest = model(cell), 200
    initialise(made, Initial(chrono=longest), 1)
    for layer in recurrent_layers(made):
        bias = np.array(layer.cell.bias.numpy())
        kept = bias.reshape(4, UNITS)[1] if cell == "LSTM" else bias[0, :UNITS]
        steps = 1 + np.exp(kept)  # a gate at s(b) forgets after 1 / (1 - s(b)) = 1 + e^b steps
        assert steps.min() >= 2 and steps.max() <= longest and np.ptp(steps) > longest / 3
        if cell == "LSTM":
            assert (bias[:UNITS] == -kept).all()


@pytest.mark.parametrize(
    ("cell", "initial", "says"),
    [
        ("SimpleRNN", Initial(chrono=50), "has no gates"),
        ("GRU", Initial(chrono=2), "3 steps or more"),
        ("GRU", Initial(recurrent="zeros"), "'zeros'; use one of orthogonal"),
    ],
)
def test_what_does_not_fit_is_refused(cell: str, initial: Initial, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        initialise(model(cell), initial, 1)


def test_a_model_without_recurrence_is_refused() -> None:
    rows = keras.Input((3,))
    dense = keras.Model(rows, keras.layers.Dense(2)(rows))
    with pytest.raises(RecipeError, match="without recurrent layers"):
        initialise(dense, Initial(recurrent="orthogonal"), 1)
