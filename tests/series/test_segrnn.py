"""SegRNN: shapes, shared weights, prefixes, saving; for every cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from zoo.builders import build
from zoo.builders._cells import STATES
from zoo.errors import RecipeError

CELLS = sorted(STATES)


def segrnn(**arguments: Any) -> keras.Model:
    sizes = {"units": 6, "look_back": 12, "horizon": 10, "segment": 4, "channels": 3}
    return build("series.segrnn", **{**sizes, **arguments})


def history(batch: int = 5, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(batch).standard_normal((batch, 12, channels)).astype("float32")


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("quantiles", [0, 3])
def test_shapes_names_and_parameters(cell: str, quantiles: int) -> None:
    model = segrnn(cell=cell, quantiles=quantiles)
    shape = (10, 3, 3) if quantiles else (10, 3)
    assert model.output_shape == (None, *shape)
    assert [model.inputs[0].name, model.layers[-1].name] == ["history", "forecast"]
    for batch in (1, 5):
        assert model(history(batch)).shape == (batch, *shape)
    gates = {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    biases = 2 if cell == "gru" else 1
    recurrent = gates * (6 * 6 + 6 * 6 + biases * 6)
    head = 7 * 4 * max(quantiles, 1)
    assert model.count_params() == (4 + 1) * 6 + recurrent + 3 * 3 + 3 * 3 + head


def test_every_layer_is_named_alike_in_every_build() -> None:
    first, second = segrnn(), segrnn()
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]
    assert not any(layer.name[-1].isdigit() for layer in first.layers)


@pytest.mark.parametrize("cell", CELLS)
def test_channels_do_not_see_each_other(cell: str) -> None:
    model, x = segrnn(cell=cell), history()
    changed = x.copy()
    changed[:, :, 1] += 1.7 * np.arange(12)
    before, after = np.asarray(model(x)), np.asarray(model(changed))
    np.testing.assert_allclose(before[..., [0, 2]], after[..., [0, 2]], atol=1e-6)
    assert np.abs(before[..., 1] - after[..., 1]).max() > 1e-3


def test_without_channel_embedding_channels_are_alike() -> None:
    model, x = segrnn(), history()
    model.get_layer("queries").channel.assign(np.zeros((3, 3), "float32"))
    order = [2, 0, 1]
    answer = np.asarray(model(x))[..., order]
    np.testing.assert_allclose(np.asarray(model(x[..., order])), answer, atol=1e-6)


def test_a_level_passes_through() -> None:
    model, x = segrnn(), history()
    level = np.array([5.0, -3.0, 0.5], "float32")
    np.testing.assert_allclose(np.asarray(model(x + level)), model(x) + level, atol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_shorter_horizons_are_prefixes(cell: str) -> None:
    long, short = segrnn(cell=cell, horizon=16), segrnn(cell=cell, horizon=7)
    for layer in short.layers:
        source = long.get_layer(layer.name).get_weights()
        cut = [w[:2] if w.shape == (4, 3) else w for w in source]
        layer.set_weights(cut if layer.name == "queries" else source)
    x = history()
    np.testing.assert_allclose(np.asarray(short(x)), np.asarray(long(x))[:, :7], atol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")
def test_one_series_and_files_in_safe_mode(tmp_path: Path) -> None:
    model = segrnn(channels=1, quantiles=3, cell="lstm")
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = history(channels=1)
    np.testing.assert_allclose(np.asarray(again(x)), np.asarray(model(x)), atol=1e-6)


def test_misfits_are_refused() -> None:
    with pytest.raises(RecipeError, match="look_back=12 and segment=5"):
        segrnn(segment=5)
    with pytest.raises(RecipeError, match="'esn'"):
        segrnn(cell="esn")
