"""Recordings made worse, what a model makes of them, and recordings at the edge of use."""

from __future__ import annotations

import shutil
import tracemalloc
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import zoo
from tests.speech.made import RATE, made_recordings, made_wave, spoken
from zoo.catalog import card
from zoo.cli import app
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation import classification, robustness
from zoo.evaluation.robustness import CONDITIONS, Condition
from zoo.model_card import Robustness
from zoo.plots.robustness import save_robustness
from zoo.processing import recording
from zoo.tasks import Arrays
from zoo.tasks.classification import Classification, from_processing

DIGITS = Path(zoo.__file__).parent / "pretrained" / "digits-gru"
BY_NAME = {condition.name: condition for condition in CONDITIONS}
EVERY = [(one, setting) for one in CONDITIONS for setting in one.settings]
WORD = spoken("rising", 3)


def task() -> Classification:
    return from_processing({"kind": "log_mel", "labels": ["low", "high", "rising"]})


def always_low(arrays: Arrays) -> Arrays:
    assert np.isfinite(arrays["features"]).all()
    return {"logits": np.eye(1, 3, dtype=np.float32).repeat(len(arrays["lengths"]), axis=0)}


@pytest.mark.parametrize(
    ("condition", "setting"), EVERY, ids=[f"{one.name} {at}" for one, at in EVERY]
)
def test_every_condition_makes_a_recording_that_can_be_heard(
    condition: Condition, setting: float | str
) -> None:
    made = condition.made(WORD, RATE, 0, setting)
    heard = recording.read(made, RATE)
    factor = float(setting) if condition.name == "speed" else 1.0
    assert len(heard) == pytest.approx(len(WORD) / factor, abs=20)
    if condition.name in ("sampling_rate", "coding"):
        shared = min(len(heard), len(WORD))
        assert np.corrcoef(heard[:shared], WORD[:shared])[0, 1] > 0.98
    np.testing.assert_array_equal(
        recording.read(condition.made(WORD, RATE, 0, setting), RATE), heard
    )


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(["white_noise", "pink_noise"]), st.integers(-5, 40), st.integers(0, 99))
def test_noise_has_the_ratio_that_was_asked(name: str, ratio: int, number: int) -> None:
    noise = BY_NAME[name].made(WORD, RATE, number, ratio) - WORD
    found = 10 * np.log10(np.square(WORD).mean() / np.square(noise).mean())
    assert found == pytest.approx(ratio, abs=0.05)


def test_pink_noise_has_the_same_power_in_each_octave() -> None:
    noise = BY_NAME["pink_noise"].made(np.ones(2**16, np.float32), RATE, 0, 0) - 1
    power = np.square(np.abs(np.fft.rfft(noise)))
    octaves = [power[2**place : 2 ** (place + 1)].sum() for place in range(9, 15)]
    assert max(octaves) < 1.3 * min(octaves)


def test_clipping_offset_and_a_silent_side_are_what_they_say() -> None:
    clipped = BY_NAME["clipping"].made(WORD, RATE, 0, 20)
    assert np.abs(clipped).max() == pytest.approx(np.abs(WORD).max() / 10)
    moved = BY_NAME["offset"].made(WORD, RATE, 0, 0.5)
    np.testing.assert_allclose(moved - WORD, 0.5 * np.abs(WORD).max(), atol=1e-6)
    side = recording.read(BY_NAME["channels"].made(WORD, RATE, 0, "one side"), RATE)
    np.testing.assert_allclose(side, WORD / 2, atol=1e-4)


def test_silence_stays_silence_under_noise_of_a_ratio() -> None:
    silent = np.zeros(800, np.float32)
    assert not BY_NAME["white_noise"].made(silent, RATE, 0, 10).any()


def test_accuracy_under_all_conditions() -> None:
    data = made_recordings()
    score = lambda change: classification.changed(task(), always_low, data, "test", change)  # noqa: E731
    found = {condition.name: values for condition, values in robustness.measure(score)}
    assert list(found) == list(BY_NAME)
    assert {value for values in found.values() for value in values.values()} == {1 / 3}
    assert list(found["speed"]) == ["0.9", "0.95", "1.05", "1.1"]
    with pytest.raises(DataError, match="'dev'"):
        classification.changed(task(), always_low, data, "dev", lambda one, _, __: one)


def test_the_card_keeps_and_shows_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(robustness, "CONDITIONS", CONDITIONS[:1])
    folder = tmp_path / "copied"
    shutil.copytree(DIGITS, folder)
    data = replace(made_recordings(), label_names=tuple("0123456789"))
    seen: list[Robustness] = []
    found = zoo.evaluate_robustness(folder, data=data, write=True, report=seen.append)
    assert seen == found and list(found[0].values) == ["30", "20", "15", "10", "5", "0"]
    copied = card(folder)
    assert copied.measured is not None and copied.measured.robustness == found
    assert "white_noise: accuracy " in str(copied) and " at 30, " in str(copied)
    zoo.evaluate(folder, data=data, write=True)
    assert card(folder).measured.robustness == found  # type: ignore[union-attr]
    recipe = folder / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("epochs = 100", "epochs = 9"))
    with pytest.raises(RecipeError, match="--write"):
        zoo.evaluate_robustness(folder, data=data)


def test_a_model_of_texts_hears_nothing() -> None:
    with pytest.raises(InputError, match="hear recordings"):
        zoo.evaluate_robustness("names-rnn")


@pytest.mark.parametrize("words", [["--quantized", "--robustness"], ["--picture", "a.png"]])
def test_options_that_do_not_go_together_are_refused(words: list[str]) -> None:
    result = CliRunner().invoke(app, ["evaluate", "digits-gru", *words])
    assert isinstance(result.exception, InputError) and "--picture" in str(result.exception)


def test_a_picture_has_a_panel_a_condition(tmp_path: Path) -> None:
    found = [
        Robustness(
            one.name,
            one.setting,
            "accuracy",
            "test",
            dict.fromkeys(map(str, one.settings), 0.5),
            "",
        )
        for one in CONDITIONS
    ]
    save_robustness({"one": found, "other": found}, tmp_path / "r.png")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="same ones"):
        save_robustness({"one": found, "other": found[1:]}, tmp_path / "r.png")


@pytest.mark.parametrize("samples", [1, 2, 8000])
def test_a_short_or_silent_file_gets_an_answer(samples: int, tmp_path: Path) -> None:
    path = tmp_path / "silent.wav"
    path.write_bytes(made_wave(np.zeros(samples, np.float32)))
    run = task().frontend.around(always_low)
    assert task().predict(run, path).label == "low"
    path.write_bytes(made_wave(np.zeros(0, np.float32)))
    with pytest.raises(InputError, match="empty"):
        task().predict(run, path)


def test_an_hour_is_heard_in_bounded_memory(tmp_path: Path) -> None:
    path, hour = tmp_path / "hour.wav", 3600 * RATE
    with wave.open(str(path), "wb") as writer:
        writer.setparams((1, 1, RATE, 0, "NONE", ""))
        for part in (
            bytes([128]) * (hour // 2),
            made_wave(WORD, 1)[44:],
            bytes([128]) * (hour // 2),
        ):
            writer.writeframes(part)
    tracemalloc.start()
    heard = task().read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(heard) <= 8 * RATE and np.square(heard).sum() > 0.9 * np.square(WORD).sum()
    assert peak < 8e6
