"""The classifier: every cell and front end, whatever the padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import zoo.builders.speech
from zoo.errors import RecipeError
from zoo.layers.masking import SequenceMask, ZeroPadded
from zoo.layers.pooling import SequencePooling

SMALL: dict[str, Any] = {"classes": 5, "features": 12, "units": 4, "projection": 6}


def classifier(**arguments: Any) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = zoo.builders.speech.classifier(**{**SMALL, "filters": (2, 3), **arguments})
    for weight in model.weights:  # biases that are not zero show what leaks out of the padding
        weight.assign(np.random.default_rng(1).normal(0, 0.5, weight.shape))
    return model


def clips(lengths: list[int], bands: int = 12) -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=(length, bands)).astype(np.float32) for length in lengths]


def logits(model: keras.Model, batch: list[np.ndarray], time: int, fill: float = 0.0) -> np.ndarray:
    features = np.full((len(batch), time, batch[0].shape[1]), fill, np.float32)
    for row, clip in zip(features, batch, strict=True):
        row[: len(clip)] = clip
    lengths = np.array([len(clip) for clip in batch], np.int32)
    return np.asarray(model({"features": features, "lengths": lengths}, training=False))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize(
    "form",
    [
        {},
        {"filters": (), "layers": 2},
        {"bidirectional": False, "pooling": "mean"},
        {"filters": (2, 2, 2), "pooling": "max"},
    ],
    ids=["default", "no convolution", "one direction", "three convolutions"],
)
def test_answers_do_not_depend_on_padding(cell: str, form: dict[str, Any]) -> None:
    model = classifier(cell=cell, **form)
    batch = clips([1, 2, 4, 5, 8, 9])
    together = logits(model, batch, 9)
    assert together.shape == (6, 5)
    np.testing.assert_allclose(logits(model, batch, 12, fill=9.0), together, atol=2e-5)
    for place in (0, 3, 4):
        alone = logits(model, [batch[place]], len(batch[place]))[0]
        np.testing.assert_allclose(alone, together[place], atol=2e-5)


@pytest.mark.parametrize(("cell", "bands"), [("rnn", ()), ("lstm", (2,)), ("gru", (2, 3))])
def test_decisions_at_frames_hear_nothing_of_what_comes_after(
    cell: str, bands: tuple[int, ...]
) -> None:
    form: dict[str, Any] = {"units": 4, "layers": 2, "filters": (3, 3), "kernel": 2, "bands": bands}
    model = zoo.builders.speech.frames(5, 12, cell, **form)
    for weight in model.weights:
        weight.assign(np.random.default_rng(1).normal(0, 0.5, weight.shape))
    features = clips([9])[0][None]
    whole = np.asarray(model(features, training=False))
    assert whole.shape == (1, 9, 5)
    for steps in (1, 4, 8):
        start = np.asarray(model(features[:, :steps], training=False))
        np.testing.assert_allclose(start, whole[:, :steps], atol=1e-5)
    features[:, 0, :6] += 1  # heard beyond the reach of the convolutions too
    changed = np.asarray(model(features, training=False))
    assert np.abs(changed - whole)[:, 3:].max() > 1e-6


def test_a_speaker_never_looks_ahead() -> None:
    sizes = {"tokens": 11, "speakers": 2, "places": 3, "styles": 2}
    model = zoo.build("speech.speaker", **sizes, mels=5, units=6, embedding=3, hidden=4)
    draw = np.random.default_rng(0)
    told = {
        "tokens": draw.integers(0, 11, (2, 9)),
        "speakers": draw.integers(0, 2, (2, 9)),
        "place": draw.normal(size=(2, 9, 3)),
        "style": draw.normal(size=(2, 9, 2)),
    }
    whole = np.asarray(model(told, training=False))
    assert whole.shape == (2, 9, 5) and model.output_names == ["log_mel"]
    for steps in (1, 4):
        start = model({name: array[:, :steps] for name, array in told.items()}, training=False)
        np.testing.assert_allclose(np.asarray(start), whole[:, :steps], atol=1e-5)
    for name, array in told.items():
        other = {**told, name: 1 - array if name == "speakers" else (array + 1) % 11}
        assert np.abs(np.asarray(model(other, training=False)) - whole).max() > 1e-4, name


def test_inputs_outputs_and_layers_have_names_of_their_own() -> None:
    first, second = classifier(), classifier()
    assert [tensor.name for tensor in first.inputs] == ["features", "lengths"]
    assert first.output_names == ["logits"]
    assert [layer.name for layer in first.layers] == [layer.name for layer in second.layers]


def test_parameters_are_what_the_arguments_say() -> None:
    model = zoo.builders.speech.classifier(10, 40, "gru", units=8, filters=(), projection=4)
    projection, normalization = 40 * 4 + 4, 2 * 4
    gru = 2 * (3 * 8 * (4 + 8) + 2 * 3 * 8)
    pooling = 16 * 32 + 32 + 32
    assert model.count_params() == projection + normalization + gru + pooling + 16 * 10 + 10


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_saved_model_answers_the_same(tmp_path: Path) -> None:
    model, batch = classifier(cell="lstm"), clips([5, 9])
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(logits(again, batch, 9), logits(model, batch, 9), atol=1e-6)


def test_an_unknown_cell_or_pooling_is_refused() -> None:
    with pytest.raises(RecipeError, match="'tcn'"):
        classifier(cell="tcn")
    with pytest.raises(ValueError, match="'last'"):
        SequencePooling("last")


def test_mask_counts_subsampled_steps() -> None:
    features = np.zeros((4, 3, 2), np.float32)
    mask = SequenceMask(stride=4)([features, np.array([1, 4, 5, 12])])
    assert np.asarray(mask).sum(axis=1).tolist() == [1, 1, 2, 3]


def test_zero_padded_zeroes_any_rank() -> None:
    mask = np.array([[True, False]])
    for shape in ((1, 2), (1, 2, 3), (1, 2, 3, 4)):
        kept = np.asarray(ZeroPadded()([np.ones(shape, np.float32), mask]))
        assert kept[:, 0].all()
        assert not kept[:, 1].any()


@pytest.mark.parametrize("kind", ["attention", "mean", "max"])
def test_pooling_of_one_step_is_that_step_and_ends_the_mask(kind: str) -> None:
    features = np.random.default_rng(0).normal(size=(2, 4, 3)).astype(np.float32) - 5
    layer = SequencePooling(kind)
    mask = np.array([[True, False, False, False]] * 2)
    np.testing.assert_allclose(np.asarray(layer(features, mask=mask)), features[:, 0], rtol=1e-6)
    assert layer.compute_mask(features, mask) is None
    assert np.isfinite(np.asarray(layer(features))).all()
