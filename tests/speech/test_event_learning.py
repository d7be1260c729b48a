"""Voice activity and keywords: what is learned, how it is judged, and one's own sounds."""

from __future__ import annotations

import wave
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

import zoo
from tests.speech.made import RATE, spoken
from tests.speech.made_voices import made_voices, small_recipe
from zoo.datasets.voices_in_noise import VoicesInNoise
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation import keywords as judge_keywords
from zoo.evaluation import voice_activity as judge_voices
from zoo.evaluation.robustness import faster
from zoo.model_card import Metric
from zoo.plots.listening import save_listening
from zoo.tasks import Arrays, load_task
from zoo.training import keywords, voice_activity

LEARNING = {"voice_activity": voice_activity, "keywords": keywords}


@pytest.fixture(scope="module")
def voices() -> VoicesInNoise:
    return made_voices()


def write_sounds(folder: Path, words: list[str], count: int) -> None:
    """Writes made words as 8 kHz WAV files, a folder a word."""
    for word in words:
        (folder / word).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            x = np.pad(spoken("high" if word == "high" else "low", number), 900)
            with wave.open(str(folder / word / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes((x * 32767).astype("<i2").tobytes())


@pytest.mark.parametrize("task", LEARNING)
def test_batches_depend_on_seed_epoch_and_place_only(task: str, voices: VoicesInNoise) -> None:
    recipe = small_recipe(task)
    one, other = (LEARNING[task].prepare(recipe, voices) for _ in range(2))
    for problem in (one, other):
        problem.train.epoch = 3
    for x, y in zip(one.train[1], other.train[1], strict=True):
        np.testing.assert_array_equal(x, y)
    assert (one.train[0][0] != one.train[1][0]).any()
    np.testing.assert_array_equal(one.validation[0][0], other.validation[0][0])
    with pytest.raises(DataError, match="hold_out='me'"):
        LEARNING[task].prepare(recipe, voices, "me")
    with pytest.raises(RecipeError, match="'loudness'"):
        LEARNING[task].prepare(small_recipe(task, loudness=3), voices)


def test_targets_of_voice_activity_are_shares_of_frames(voices: VoicesInNoise) -> None:
    problem = voice_activity.prepare(
        small_recipe("voice_activity", decibels=[40, 41], level=[-15, -14]), voices
    )
    features, targets = problem.train[0]
    assert features.shape == (4, 50, 10) and targets.shape == (4, 50, 2)
    np.testing.assert_allclose(targets.sum(axis=-1), 1, atol=1e-6)
    loudness = features.mean(axis=-1)
    for row, target in zip(loudness, targets[..., 1], strict=True):
        assert row[target > 0.9].mean() > row[target < 0.1].mean() + 0.2


def test_a_word_is_asked_for_after_most_of_it_until_a_while_after_its_end(
    voices: VoicesInNoise,
) -> None:
    options = {"noisy": 0.0, "seconds": 0.9, "speed": 0.0, "label_smoothing": 0.0}
    problem = keywords.prepare(small_recipe("keywords", **options), voices)
    assert problem.processing["labels"] == ["high", "low", "something else", "silence"]
    seen = set()
    for features, targets in (problem.train[place] for place in range(2)):
        assert features.shape[:2] == targets.shape[:2] and targets.shape[2] == 4
        assert set(np.unique(targets.sum(axis=-1)).tolist()) <= {0.0, 1.0}
        for target in targets:
            asked = np.where(target.any(axis=-1), target.argmax(axis=-1), -1)
            named = np.flatnonzero((asked >= 0) & (asked < 3))
            if len(named):
                assert asked[0] == 3 and asked[named[0] - 1] == -1
                assert len(named) >= 7 or named[-1] == len(asked) - 1
                seen |= set(asked[named].tolist())
    assert len(seen) >= 2


class Loudness:
    """A network that says speech, or the first word, where a frame is loud."""

    def __init__(self, classes: int, border: float) -> None:
        self.classes, self.border = classes, border

    def __call__(self, arrays: Arrays) -> Arrays:
        loud = 9 * (arrays["features"].max(axis=-1) - self.border)
        logits = np.zeros((*loud.shape, self.classes), np.float32)
        logits[..., 1 if self.classes == 2 else 0] = loud
        return {"logits": logits - 5 * (np.arange(self.classes) == 1) * (self.classes > 2)}


def test_voice_activity_is_judged_on_the_same_mixtures_each_time(voices: VoicesInNoise) -> None:
    recipe = small_recipe("voice_activity")
    task = load_task(recipe.task, recipe.processing)
    (metric,) = judge_voices.evaluate(task, Loudness(2, -3.0), voices)  # type: ignore[arg-type]
    (again,) = judge_voices.evaluate(task, Loudness(2, -3.0), voices)  # type: ignore[arg-type]
    assert metric == again and metric.primary
    assert 0.6 < metric.value < 1 and 0.5 < metric.baselines["energy"] < 1
    assert metric.details["20 dB"] > metric.details["-5 dB"]
    with pytest.raises(DataError, match="'dev' has 0 clear clips"):
        judge_voices.evaluate(task, Loudness(2, 0), voices, "dev")  # type: ignore[arg-type]


def test_voice_activity_is_judged_on_worse_recordings_at_the_same_places(
    voices: VoicesInNoise,
) -> None:
    recipe = small_recipe("voice_activity")
    task = load_task(recipe.task, recipe.processing)

    def figure(change: Any) -> float:
        loudness = Loudness(2, -3.0)
        return judge_voices.changed(task, loudness, voices, "test", change)  # type: ignore[arg-type]

    (plain,) = judge_voices.evaluate(task, Loudness(2, -3.0), voices)  # type: ignore[arg-type]
    as_it_is = figure(lambda waveform, _, __: waveform)
    assert as_it_is == pytest.approx(plain.value)
    assert figure(lambda one, rate, __: faster(one, rate, 0, 1.1)) > as_it_is - 0.1
    assert figure(lambda one, _, __: one[::-1].copy()) < as_it_is - 0.1


def test_a_picture_shows_what_is_heard_at_each_frame(voices: VoicesInNoise, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    recipe = small_recipe("voice_activity")
    task: Any = load_task(recipe.task, recipe.processing)
    save_listening(task, Loudness(2, -3.0), voices.waveforms[0], tmp_path / "heard.png")
    assert (tmp_path / "heard.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(InputError, match="more than 10 minutes"):
        save_listening(task, Loudness(2, 0), np.zeros(601 * RATE), tmp_path / "long.png")


def test_roc_auc_is_the_chance_of_the_right_order() -> None:
    rng = np.random.default_rng(0)
    spoken, score = rng.random(200) < 0.4, np.round(rng.random(200), 1)
    stretch = judge_voices.Stretch(np.zeros(1), spoken, 0, "a")
    above = score[spoken][:, None] - score[~spoken][None]
    wanted = (above > 0).mean() + (above == 0).mean() / 2
    assert judge_voices.roc_auc([stretch], [score]) == pytest.approx(wanted)


def test_keywords_are_judged_by_the_first_word_told(
    voices: VoicesInNoise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge_keywords, "_MINUTES", 1)
    recipe = small_recipe("keywords")
    labels = ["high", "low", "something else", "silence"]
    task: Any = load_task(recipe.task, {**recipe.processing, "labels": labels})

    def figures(border: float) -> dict[str, Metric]:
        found = judge_keywords.evaluate(task, Loudness(4, border), voices)
        assert [metric.name for metric in found if metric.primary] == ["accuracy"]
        return {metric.name: metric for metric in found}

    loud, deaf = figures(-3.0), figures(99.0)
    # All that is loud is told as "high": right for that half of the clips.
    assert loud["accuracy"].value == 0.5 and loud["ignored_speech"].value == 0
    assert deaf["accuracy"].value == 0 and deaf["ignored_speech"].value == 1
    assert deaf["false_alarms"].value == 0 and deaf["false_alarms"].direction == "lower"
    assert loud["accuracy"].baselines["energy_and_nearest_mean"] == 1  # tones are easy
    assert sorted(loud["accuracy_10_db"].details) == ["0 dB", "20 dB", "5 dB"]
    network, as_it_is = Loudness(4, -3.0), lambda one, _, __: one
    assert judge_keywords.changed(task, network, voices, "test", as_it_is) == 0.5
    assert judge_keywords.changed(task, network, voices, "test", lambda one, _, __: 0 * one) == 0
    with pytest.raises(DataError, match="the task has"):
        judge_keywords.evaluate(task, Loudness(4, 0), replace(voices, commands_of="others"))
    with pytest.raises(DataError, match="'dev' has no clip"):
        judge_keywords.evaluate(task, Loudness(4, 0), voices, "dev")


def test_ones_own_sounds_are_read(tmp_path: Path) -> None:
    recipe = small_recipe("keywords")
    write_sounds(tmp_path, ["high", "low", keywords.OTHER], 5)
    data = keywords.read_own_data(tmp_path, recipe, recipe.processing)
    assert data.commands == ("high", "low") and len(data) == 15
    assert (data.splits == "validation").sum() == 3
    write_sounds(tmp_path, ["few"], 4)
    with pytest.raises(DataError, match="'few': 4"):
        keywords.read_own_data(tmp_path, recipe, recipe.processing)
    with pytest.raises(DataError, match="folders of these names"):
        voice_activity.read_own_data(tmp_path, recipe, recipe.processing)
    write_sounds(tmp_path, ["speech", "noise"], 5)
    own = voice_activity.read_own_data(tmp_path, recipe, recipe.processing)
    assert len(own) == 5 and len(own.noises["train"]) == 5 and own.commands == ()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_training_goes_on_with_words_of_ones_own(voices: VoicesInNoise, tmp_path: Path) -> None:
    recipe, folder = small_recipe("keywords"), tmp_path / "recipe"
    folder.mkdir()
    (folder / "recipe.toml").write_text(tomli_w.dumps(asdict(recipe)))
    first = zoo.train(str(folder), tmp_path / "first", data=voices, verbose=0)
    assert first.task.processing["events"] == recipe.processing["events"]
    write_sounds(tmp_path / "own", ["low", "mine", keywords.OTHER], 5)
    own = zoo.train(
        start=str(tmp_path / "first"), data=tmp_path / "own", folder=tmp_path / "mine", verbose=0
    )
    assert own.card.measured
    names = [metric.name for metric in own.card.measured.metrics]
    assert names == ["accuracy", "ignored_speech"]  # without recorded noise no more is measured
    assert own.task.processing["labels"] == ["low", "mine", "something else", "silence"]
    assert own.predict(np.zeros(4000, np.float32)).to_dict()["events"] == []
    with pytest.raises(InputError, match="no input"):
        own.task.predict_many(own.run, [])
