"""Splits, augmentation and one short training on recordings made on the spot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.datasets.fsdd import Recordings
from zoo.errors import DataError, RecipeError
from zoo.model_card import Recipe, read_recipe
from zoo.processing.audio import LogMel, filterbank, log_bands, power_spectrogram
from zoo.tasks.classification import from_processing
from zoo.training.audio_augmentation import AudioAugmenter, Strength
from zoo.training.classification import fitted, folds, prepare, split

RECIPE = Path(__file__).parents[2] / "zoo" / "pretrained" / "digits-gru" / "recipe.toml"
OFF = Strength(0.0, 0.0, 0.0, 0.0, (0.0, 0.0), 0.0, 0, 0.0)


def small_recipe(**options: object) -> Recipe:
    recipe = read_recipe(RECIPE)
    arguments = {**recipe.model.arguments, "units": 8, "filters": [4], "projection": 12}
    training = replace(
        recipe.training,
        epochs=2,
        batch_size=9,
        options={**recipe.training.options, "validation_takes": 1, **options},
    )
    return replace(recipe, model=replace(recipe.model, arguments=arguments), training=training)


def powers(recordings: Recordings, config: LogMel) -> list[np.ndarray]:
    return [power_spectrogram(waveform, config) for waveform in recordings.waveforms]


def test_the_recipe_is_whole() -> None:
    recipe = read_recipe(RECIPE)
    task = from_processing({**recipe.processing, "labels": ["a", "b"]})
    assert task.labels == ("a", "b")
    assert Strength.from_dict(recipe.training.options["augment"])


def test_official_split_validates_on_takes_of_the_training_part(recordings: Recordings) -> None:
    training, validating = split(recordings, None, 1)
    assert set(recordings.takes[validating]) == {2}
    assert set(recordings.takes[training]) == {3, 4, 5}


def test_a_held_out_speaker_is_on_neither_side(recordings: Recordings) -> None:
    assert folds(small_recipe(), recordings) == ["speaker 0", "speaker 1", "speaker 2"]
    training, validating = split(recordings, "speaker 1", 1)
    assert set(recordings.speakers[training | validating]) == {"speaker 0", "speaker 2"}
    assert set(recordings.takes[validating]) == {0}
    assert not set(recordings.takes[training]) & set(recordings.takes[validating])


def test_what_cannot_be_split_is_refused(recordings: Recordings) -> None:
    with pytest.raises(DataError, match="'speaker 9'"):
        split(recordings, "speaker 9", 1)
    with pytest.raises(DataError, match="cannot be split"):
        split(recordings, None, 4)
    with pytest.raises(DataError, match="16000 Hz"):
        prepare(small_recipe(), replace(recordings, sampling_rate=16000))
    with pytest.raises(RecipeError, match="'mixup'"):
        prepare(small_recipe(mixup=0.2), recordings)
    with pytest.raises(RecipeError, match="'echo'"):
        prepare(small_recipe(augment={"echo": 1}), recordings)


def test_a_problem_fits_builder_and_task(recordings: Recordings) -> None:
    problem = prepare(small_recipe(), recordings)
    assert problem.arguments == {"classes": 3, "features": 40}
    assert problem.processing["labels"] == ["low", "high", "rising"]
    inputs, targets = problem.train[0]
    assert inputs["features"].shape[::2] == (9, 40)
    assert inputs["features"].shape[1] % 32 == 0
    assert targets.shape == (9, 3)
    again, _ = problem.train[0]
    np.testing.assert_array_equal(inputs["features"], again["features"])
    problem.train.epoch = 1
    assert not np.array_equal(problem.train[0][1], targets) or not np.array_equal(
        problem.train[0][0]["lengths"], inputs["lengths"]
    )


def test_validation_hears_what_the_task_hears(recordings: Recordings) -> None:
    problem = prepare(small_recipe(), recordings)
    validating = recordings.where(split(recordings, None, 1)[1])
    inputs, _ = problem.validation[0]
    task = from_processing(problem.processing)
    expected = task.frontend.process(task.arrays(validating.waveforms))
    np.testing.assert_array_equal(inputs["lengths"], expected["lengths"])
    time = expected["features"].shape[1]
    np.testing.assert_array_equal(inputs["features"][:, :time], expected["features"])


def test_fine_tuning_keeps_the_processing(recordings: Recordings) -> None:
    kept = {"kind": "log_mel", "mels": 20, "labels": ["other"]}
    problem = prepare(small_recipe(), recordings, processing=kept)
    assert problem.processing == {**kept, "labels": ["low", "high", "rising"]}
    assert problem.arguments["features"] == 20


def test_without_strength_nothing_is_bent(recordings: Recordings) -> None:
    config = LogMel()
    augmenter = AudioAugmenter(powers(recordings, config), config, OFF)
    features, lengths = augmenter.take(np.array([5, 0]), np.random.default_rng(0))
    for row, length, place in zip(features, lengths, (5, 0), strict=True):
        expected = config(recordings.waveforms[place])
        assert length == len(expected)
        np.testing.assert_allclose(row[:length], expected, atol=1e-4)
        assert not row[length:].any()


@given(seed=st.integers(0, 1000), count=st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_bent_clips_are_finite_and_right_padded(
    recordings: Recordings, seed: int, count: int
) -> None:
    config, rng = LogMel(mels=20), np.random.default_rng(seed)
    augmenter = AudioAugmenter(
        powers(recordings.where(recordings.takes == 0), config), config, Strength()
    )
    indices = rng.integers(0, 9, count)
    features, lengths = augmenter.take(indices, rng)
    assert features.dtype == np.float32
    assert features.shape[0] == count
    assert features.shape[1] == lengths.max()
    assert np.isfinite(features).all()
    assert lengths.min() >= config.frames
    for row, length in zip(features, lengths, strict=True):
        assert not row[length:].any()
        assert row.min() >= np.float32(np.log10(config.floor))


def test_speed_changes_lengths_both_ways(recordings: Recordings) -> None:
    config = LogMel()
    augmenter = AudioAugmenter(powers(recordings, config), config, replace(OFF, speed=0.5))
    plain = len(config(recordings.waveforms[0]))
    _, lengths = augmenter.take(np.zeros(200, int), np.random.default_rng(0))
    assert 0.65 * plain < lengths.min() < 0.8 * plain
    assert 1.3 * plain < lengths.max() < 1.55 * plain


def test_warp_moves_a_tone_by_its_factor() -> None:
    config = LogMel()
    tone = np.sin(2 * np.pi * 1000 * np.arange(4000) / 8000).astype(np.float32)
    power = power_spectrogram(tone, config)
    for warp in (0.8, 1.25):
        bands = log_bands(power @ filterbank(config, warp).T, config.floor)
        assert abs(bands.mean(axis=0).argmax() - config.band_of(1000 / warp)) <= 1


def test_noise_has_the_ratio_that_was_asked() -> None:
    config, tone = LogMel(), np.sin(np.arange(8000) / 5).astype(np.float32)
    augmenter = AudioAugmenter(
        [power_spectrogram(tone, config)], config, replace(OFF, noise=1.0, snr=(10.0, 10.0))
    )
    power = augmenter._powers
    rng = np.random.default_rng(0)
    noisy = [
        augmenter._noisy(power, np.zeros(len(power), int), np.array([len(power)]), rng).mean()
        for _ in range(5)
    ]
    assert np.mean(noisy) / power.mean() == pytest.approx(1.1, abs=0.01)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_two_epochs_of_training_make_a_model_folder(tmp_path: Path, recordings: Recordings) -> None:
    from zoo.training.fit import fit_recipe

    run = fit_recipe(small_recipe(), RECIPE, tmp_path / "model", data=recordings, verbose=0)
    assert len(run.history) == 2
    assert all(np.isfinite(row["val_loss"]) for row in run.history)
    assert (run.folder / "weights.safetensors").stat().st_size > 1000


@given(steps=st.integers(1, 9))
def test_fitted_pads_or_cuts_to_one_shape(steps: int) -> None:
    features = np.arange(24, dtype=np.float32).reshape(2, 4, 3) + 1
    arrays = fitted(features, np.array([4, 2], np.int32), steps)
    assert arrays["features"].shape == (2, steps, 3)
    assert arrays["lengths"].tolist() == [min(4, steps), min(2, steps)]
    assert (arrays["features"][:, :4] == features[:, :steps]).all()
    assert not arrays["features"][:, 4:].any()
