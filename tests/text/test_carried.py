"""Truncated back-propagation: what one window remembers is where the next one starts."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.text.made import recipe, text
from zoo.builders import build
from zoo.errors import DataError
from zoo.training.batches import Batches
from zoo.training.carried import CarriedStates, FreshWindows, Streams
from zoo.training.fit import fit_recipe
from zoo.training.windows import Windows
from zoo.weights import load_weights, read_header

CODES = np.arange(103, dtype=np.int32) % 11
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def test_rows_go_on_where_they_were_from_window_to_window() -> None:
    streams = Streams(CODES, 8, 3, seed=1)
    pieces = [streams[position] for position in range(len(streams))]
    rows = np.concatenate([inputs["tokens"] for inputs, _ in pieces], axis=1)
    following = np.concatenate([targets for _, targets in pieces], axis=1)
    assert rows.shape == (3, 8 * len(streams)) and len(streams) == 3
    assert (following == (rows + 1) % 11).all() and (rows[:, 1:] == following[:, :-1]).all()
    assert [inputs["fresh"].tolist() for inputs, _ in pieces] == [[1] * 3, [0] * 3, [0] * 3]
    begins = set()
    for streams.epoch in range(20):
        begins.add(int(streams[0][0]["tokens"][0, 0]))
    assert begins == set(range(8))


def test_a_text_too_short_is_refused() -> None:
    with pytest.raises(DataError, match="20 symbols; 4 rows of windows of 8 need at least 45"):
        Streams(CODES[:20], 8, 4, seed=1)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_states_are_carried_in_training_and_only_there(cell: str) -> None:
    sizes: dict[str, Any] = {"vocabulary_size": 11, "cell": cell, "units": 6, "embedding": 4}
    network = build("text.language_model", **sizes, streaming=True)
    whole = build("text.language_model", **sizes)
    whole.set_weights(network.get_weights())
    learner = CarriedStates(network, 3)
    learner.compile(keras.optimizers.SGD(0.0), loss=LOSS)
    streams = Streams(CODES, 8, 3, seed=1)
    pieces = [streams[position] for position in range(len(streams))]
    rows = np.concatenate([inputs["tokens"] for inputs, _ in pieces], axis=1)
    targets = np.concatenate([wanted for _, wanted in pieces], axis=1)
    losses = LOSS.call(targets, whole.predict_on_batch(rows))
    for _ in range(2):  # what is fresh starts from zero
        for place, (inputs, wanted) in enumerate(pieces):
            part = np.asarray(losses)[:, 8 * place : 8 * place + 8]
            assert learner.train_on_batch(inputs, wanted) == pytest.approx(part.mean(), rel=1e-4)
    windows = Batches(FreshWindows(Windows(CODES, 8, shift=False)), 5, shuffle=False)
    first, following = windows[0]
    alone = LOSS(following, whole.predict_on_batch(first["tokens"]))
    assert learner.test_on_batch(first, following) == pytest.approx(float(alone), rel=1e-4)


@pytest.mark.parametrize(
    "bands", [{}, pytest.param({"cutoffs": [3], "narrowing": 2}, marks=pytest.mark.slow)]
)
def test_a_recipe_asks_for_it(bands: dict[str, Any], tmp_path: Path) -> None:
    made = recipe({"embedding": 8, **bands}, epochs=2, batch_size=4)
    if bands:
        made = dataclasses.replace(made, task="word_model", processing={"kind": "words"})
    options = {**made.training.options, "carried": True}
    made = dataclasses.replace(made, training=dataclasses.replace(made.training, options=options))
    (tmp_path / "recipe.toml").write_text("")
    run = fit_recipe(made, tmp_path / "recipe.toml", tmp_path, data=text(80), verbose=0)
    assert run.history[-1]["val_loss"] < run.history[0]["val_loss"]
    header = read_header(tmp_path / "weights.safetensors")
    network = build(made.model.builder, **made.model.arguments, **header["arguments"])
    assert not load_weights(network, tmp_path / "weights.safetensors")
    again = fit_recipe(made, tmp_path / "recipe.toml", tmp_path, data=text(80), resume=True)
    assert again.history == run.history
