"""A voice for digits: it learns, speaks, streams, is exported and is judged."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import export
from export.runtime import Model
from export.runtime import load as load_file
from tests.speech.made_digits import (
    RECIPE,
    SPEAKERS,
    digits_to_say,
    from_table,
    recordings,
    said,
    small_recipe,
    task,
)
from zoo.cli import app
from zoo.datasets.digits_to_say import join
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.digit_speech import Listeners, evaluate, word_error
from zoo.loading import Pretrained, load
from zoo.model_card import read_recipe
from zoo.processing import recording
from zoo.processing.clip_frames import even, resampled, stretched, trimmed
from zoo.processing.wav import wav_bytes
from zoo.tasks.digit_speech import from_processing
from zoo.training.clip_styles import ClipStyles
from zoo.training.digit_speech import prepare, read_own_data
from zoo.training.fit import fit_recipe
from zoo.training.pictures import save_pictures
from zoo.training.time_alignment import TimeAlignment

DATA = digits_to_say()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Pretrained:
    """A tiny voice that has learned for two epochs."""
    folder = tmp_path_factory.mktemp("voice")
    recipe = small_recipe()
    (folder / "recipe.toml").write_text(tomli_w.dumps(asdict(recipe)), encoding="utf-8")
    fit_recipe(recipe, folder / "recipe.toml", folder / "made", data=DATA, verbose=0)
    return load(folder / "made")


@pytest.fixture(scope="module")
def files(model: Pretrained, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """Its file, and the one that takes digits as they come."""
    folder = tmp_path_factory.mktemp("files")
    export.to_onnx(model, folder / "whole.onnx", cases=4)
    export.to_onnx(model, folder / "stream.onnx", cases=4, streaming=True)
    return {name: load_file(folder / f"{name}.onnx", threads=1) for name in ("whole", "stream")}


def test_the_recipe_is_whole() -> None:
    recipe = read_recipe(RECIPE)
    known = {"speakers": ["a"], "seconds": [[0.3] * 10], "spread": 0.2}
    assert from_processing({**recipe.processing, **known}).config.mels == 80
    with pytest.raises(RecipeError, match="needed are"):
        from_processing(recipe.processing)


def test_it_learns_from_clips_with_pauses_between() -> None:
    problem = prepare(small_recipe(), DATA)
    assert problem.processing["speakers"] == list(SPEAKERS)
    assert min(map(min, problem.processing["seconds"])) > 0.05
    assert max(map(max, problem.processing["seconds"])) < 0.2
    inputs, target = problem.train[0]
    assert inputs["tokens"].shape == (6, 30) and target.shape == (6, 30, 24)
    pauses = inputs["tokens"] == 0
    assert pauses.any() and not inputs["style"][pauses].any()
    np.testing.assert_allclose(target[pauses], np.log10(1e-4), atol=1e-6)
    assert target[~pauses].mean() > target[pauses].mean()
    again, _ = problem.train[0]
    assert (again["style"] == inputs["style"]).all()  # drawn by seed, epoch and place
    alone, _ = problem.validation[0]
    assert all(len(set(row) - {0}) == 1 for row in alone["tokens"].tolist())


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(DataError, match="hold_out='low'"):
        prepare(small_recipe(), DATA, "low")
    with pytest.raises(RecipeError, match="unknown training option 'tempo'"):
        prepare(small_recipe(tempo=1), DATA)
    wordless = recordings()
    with pytest.raises(DataError, match="never says one of the ten digits"):
        prepare(small_recipe(), join({"fsdd": wordless.where(wordless.labels > 0)}))


def test_own_voices_are_read_from_folders(tmp_path: Path) -> None:
    recipe, processing = small_recipe(), small_recipe().processing
    with pytest.raises(DataError, match="one for each speaker"):
        read_own_data(tmp_path, recipe, processing)
    for speaker in ("ann", "ben"):
        for digit in range(10):
            folder = tmp_path / speaker / str(digit)
            folder.mkdir(parents=True)
            for take in range(5):
                wav = wav_bytes(said(digit, speaker == "ben", take), 8000)
                (folder / f"{take}.wav").write_bytes(wav)
    data = read_own_data(tmp_path, recipe, processing)
    assert {saying.speaker for saying in data.digits["validation"]} == {"ann", "ben"}
    problem = prepare(recipe, data)
    assert problem.processing["speakers"] == ["ann", "ben"] and len(problem.validation[0][1]) == 20
    (tmp_path / "ben" / "9").rename(tmp_path / "ben" / "nine")
    with pytest.raises(DataError, match="one for each digit"):
        read_own_data(tmp_path, recipe, processing)


def test_styles_are_told_apart_within_a_group() -> None:
    rng = np.random.default_rng(0)
    tilt = np.linspace(-1, 1, 8)
    clips = [
        np.full((n, 8), group, float) + share * tilt
        for group in (0, 5)
        for n, share in zip(rng.integers(5, 30, 40), rng.normal(size=40), strict=True)
    ]
    groups = [0] * 40 + [1] * 40
    shares = [even(len(clip)) for clip in clips]
    find = ClipStyles.fit(clips, shares, groups, 1)
    told = zip(clips, shares, groups, strict=True)
    styles = np.concatenate([find(*clip) for clip in told])
    tilts = [((clip - clip.mean()) @ tilt).mean() for clip in clips]
    assert abs(np.corrcoef(styles, tilts)[0, 1]) > 0.99
    assert styles.std() == pytest.approx(1, abs=0.01)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), short=st.integers(1, 8))
def test_like_moments_get_like_places(seed: int, short: int) -> None:
    rng = np.random.default_rng(seed)
    bumps = np.linspace(0, 1, 12)

    def clip(border: float, frames: int) -> np.ndarray:
        """A ramp through all bands whose middle comes at `border`."""
        now = np.interp(even(frames), [0, border, 1], [0, 0.5, 1])[:, None]
        return 5 * np.exp(-50 * np.square(now - bumps))

    borders = rng.uniform(0.35, 0.65, 8)
    clips = [clip(border, int(rng.integers(20, 40))) for border in borders]
    find = TimeAlignment.fit(clips)
    shares = [find(one) for one in clips]
    for one, share in zip(clips, shares, strict=True):
        assert share.shape == (len(one),) and (np.diff(share) >= 0).all()
        assert share[0] >= 0 and share[-1] <= 1

    def blur(places: list[np.ndarray]) -> float:
        pairs = zip(clips, places, strict=True)
        rows = [resampled(one, place, even(30)) for one, place in pairs]
        return float(np.std(rows, axis=0).mean())

    assert blur(shares) < 0.7 * blur([even(len(one)) for one in clips])
    assert len(find(clips[0][:short])) == short


def test_clips_are_trimmed_and_stretched() -> None:
    config = task().config
    tone = np.sin(np.arange(1600)).astype(np.float32)
    padded = np.pad(tone, (800, 2400))
    assert len(trimmed(padded, config)) == pytest.approx(20, abs=4)
    line = np.arange(10.0)[:, None]
    for steps in (1, 4, 10, 33):
        found = stretched(line, steps)
        assert found.shape == (steps, 1) and found.mean() == pytest.approx(4.5, abs=0.01)


def test_speech_is_a_sound_with_times(tmp_path: Path) -> None:
    speech = task().predict(from_table, "three 14", speaker="low", seed=3)
    assert str(speech).startswith("3 1 4 by low, ") and len(speech.waveform) % 80 == 0
    assert [digit.digit for digit in speech.digits] == ["3", "1", "4"]
    for digit in speech.digits:  # it is loud where a digit is said, and still between
        start, end = (round(8000 * x) for x in (digit.start, digit.end))
        assert np.square(speech.waveform[start:end]).mean() > 1e-5
    assert np.abs(speech.waveform[: round(8000 * 0.1)]).max() < 1e-2
    speech.save(tmp_path / "said.wav")
    again = recording.read(tmp_path / "said.wav", 8000)
    np.testing.assert_allclose(again, speech.waveform, atol=1e-4)
    facts = json.loads(json.dumps(speech.to_dict()))
    assert base64.b64decode(facts["wav"]) == speech.wav
    assert facts["digits"][0]["digit"] == "3" and facts["speaker"] == "low"


def test_the_same_seed_says_the_same() -> None:
    said = [task().predict(from_table, "7", seed=seed).waveform for seed in (1, 1, 2)]
    assert (said[0] == said[1]).all()
    assert len(said[0]) != len(said[2]) or (said[0] != said[2]).any()


def test_several_texts_are_said_as_each_alone(model: Pretrained) -> None:
    texts = ["3", "1 4 1 5", "9 2"]
    many = model.task.predict_many(model.run, texts, speaker="low")
    for text, speech in zip(texts, many, strict=True):
        alone: Any = model.predict(text, speaker="low")
        np.testing.assert_allclose(speech.log_mel, alone.log_mel, atol=1e-5)
        assert speech.text == alone.text and len(speech.waveform) == len(alone.waveform)
    for raws, options in (([], {}), (["x"], {}), (["1"], {"speaker": "joe"})):
        with pytest.raises(InputError, match="Received"):
            model.task.predict_many(model.run, raws, **options)
    with pytest.raises(InputError, match="NaN"):
        task().predict(lambda arrays: {"log_mel": np.nan * from_table(arrays)["log_mel"]}, "1")


def test_the_file_says_what_the_model_says(model: Pretrained, files: dict[str, Model]) -> None:
    original: Any = model.predict("2 7", speaker="low", seed=5)
    for file in files.values():
        found: Any = file.predict("2 7", speaker="low", seed=5)
        np.testing.assert_allclose(found.log_mel, original.log_mel, atol=1e-4)
        assert found.digits == original.digits
    assert files["whole"].metadata["tensors"].keys() >= {"tokens", "place", "log_mel"}


def test_digits_that_come_in_pieces_are_said_as_the_whole(files: dict[str, Model]) -> None:
    whole: Any = files["whole"].predict("31 415", speaker="high", seed=2)
    stream = files["stream"].stream(speaker="high", seed=2)
    pieces = [stream.feed("31"), stream.feed(" ")]
    kept = stream.save()
    stream = files["stream"].stream(speaker="high", seed=2)
    stream.restore(kept)
    with pytest.raises(InputError, match="'x' in the text"):
        stream.feed("x")
    pieces += [stream.feed("4 1"), stream.feed("five"), stream.flush()]
    frames = np.concatenate([piece.log_mel for piece in pieces])
    np.testing.assert_allclose(frames, whole.log_mel, atol=1e-5)
    assert sum(len(piece.waveform) for piece in pieces) == len(whole.waveform)
    assert [str(piece) == "" for piece in pieces] == [False, True, False, False, True]
    assert not len(stream.flush().waveform)


def test_the_shell_writes_what_is_said(files: dict[str, Model], tmp_path: Path) -> None:
    def run(*words: str, **options: Any) -> Any:
        return CliRunner().invoke(app, words, catch_exceptions=True, **options)

    file, wav = str(files["whole"].path), str(tmp_path / "said.wav")
    done = run("run", file, "3 1 4", "-o", "speaker=low", "--save", wav)
    assert done.output.startswith("3 1 4 by low") and len(recording.read(Path(wav), 8000)) > 4000
    for words, sentence in (
        (("3", "4", "--save", wav), "one INPUT"),
        (("3", "--save", str(tmp_path)), "cannot be written"),
        (("pi",), "it says digits"),
    ):
        done = run("run", file, *words)
        assert isinstance(done.exception, InputError) and sentence in str(done.exception)
    done = run("stream", str(files["stream"].path), "--json", input="3\n\n14\n")
    said = [json.loads(line)["text"] for line in done.stdout.splitlines()]
    assert said == ["3", "1 4"] and "real-time" not in done.output


def test_what_it_says_is_drawn(model: Pretrained, tmp_path: Path) -> None:
    save_pictures(model, DATA, tmp_path)
    assert (tmp_path / "spoken.png").read_bytes().startswith(b"\x89PNG")


def test_what_is_understood_is_counted() -> None:
    config = task().config

    def loudest(waveform: np.ndarray) -> list[str]:
        """The digits of `from_table`, by their bands: those that stay for some frames."""
        bands = config(waveform).argmax(axis=1)
        loud = config(waveform).max(axis=1) > -1
        runs: list[str] = []
        for band, on, before in zip(bands, loud, np.append(False, loud[:-1]), strict=True):
            if on and not before:
                runs.append("?")
            if on:
                runs[-1] = str(min(max(round(band / 2) - 1, 0), 9))
        return runs

    listeners = Listeners(
        lambda waves: ["".join(loudest(wave))[:1] for wave in waves],
        lambda waves: ["".join(loudest(wave)) for wave in waves],
    )
    data = replace(
        DATA,
        digits={"test": DATA.digits["test"][:20]},
        strings={"test": DATA.strings["test"][:4]},
    )
    understood, accuracy = evaluate(task(), from_table, data, listeners=listeners)
    assert understood.primary and understood.value == 1
    assert set(understood.baselines) == {"class_mean", "constant_spectrum"}
    assert understood.details.keys() >= {"recordings", *SPEAKERS}
    assert accuracy.value == 1 - accuracy.details["word_error"] > 0.5
    deaf = Listeners(lambda waves: ["0"] * len(waves), lambda waves: [""] * len(waves))
    understood, accuracy = evaluate(task(), from_table, data, listeners=deaf)
    share = np.mean([saying.text == "0" for saying in data.digits["test"]])
    assert understood.value == share and accuracy.details["word_error"] == 1
    with pytest.raises(DataError, match="the part 'nothing'"):
        evaluate(task(), from_table, DATA, "nothing", listeners=listeners)


def test_word_errors_are_edits() -> None:
    sayings = DATA.strings["test"][:3]
    texts = [saying.text for saying in sayings]
    assert word_error(texts, sayings) == 0
    wrong = [texts[0] + "0", texts[1][1:], texts[2]]
    assert word_error(wrong, sayings) == 2 / sum(map(len, texts))


def test_texts_to_say_cover_all_voices_and_lengths() -> None:
    data = join({"fsdd": recordings()})
    for part in ("test", "validation"):
        assert len(data.digits[part]) == 500 and len(data.strings[part]) == 200
        assert {(x.text, x.speaker) for x in data.digits[part]} == {
            (str(digit), speaker) for digit in range(10) for speaker in SPEAKERS
        }
        assert {len(x.text) for x in data.strings[part]} == set(range(1, 9))
    seeds = [x.seed for kind in (data.digits, data.strings) for part in kind.values() for x in part]
    assert len(set(seeds)) == len(seeds)
    assert len(DATA.digits["test"]) == 56 and set(DATA.recordings.splits) == {"train", "test"}
