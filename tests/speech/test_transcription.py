"""Strings of words: what is learned of them, what is written down, and how it is judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tomli_w

import export
import zoo
from export.runtime import Model, load
from tests.speech.made import RATE, WORDS, made_recordings, spoken
from tests.speech.made_strings import Loudness, made_utterances, small_recipe
from zoo import datasets
from zoo.builders import build
from zoo.datasets import digit_strings
from zoo.datasets._utterances import Utterances
from zoo.datasets.background_noise import Noises
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation import transcription as judge
from zoo.evaluation.spoken_strings import heard, made
from zoo.model_card import read_recipe
from zoo.plots.alignment import save_alignment
from zoo.processing.activity import parted
from zoo.processing.strings import StringMaker
from zoo.tasks import load_task
from zoo.tasks.transcription import OTHERS
from zoo.training import transcription
from zoo.training.ctc_loss import CtcLoss
from zoo.training.spoken_lines import single_words

LABELS = [*OTHERS, *sorted(WORDS)]
YESNO = Path(__file__).parent / "recipes" / "yesno-ctc" / "recipe.toml"


@pytest.fixture(scope="module")
def data() -> Utterances:
    return made_utterances()


def small_task(labels: list[str] = LABELS, **settings: Any) -> Any:
    processing = {**small_recipe().processing, "labels": labels, **settings}
    return load_task("transcription", processing)


def test_strings_are_of_one_speaker_with_pauses_and_marks_where_he_speaks(data: Utterances) -> None:
    speakers = data.speakers.tolist()
    maker = StringMaker(data.waveforms, speakers, RATE, (2, 4), speed=0.1)
    rng = np.random.default_rng(0)
    for _ in range(20):
        string = maker.draw(rng)
        assert 2 <= len(string.placed) <= 4
        assert len({speakers[item.clip] for item in string.placed}) == 1
        ends = [0, *(item.start + item.length for item in string.placed)]
        starts = [*(item.start for item in string.placed), len(string.waveform)]
        pauses = [start - end for start, end in zip(starts, ends, strict=True)]
        assert min(pauses) >= 400 and max(pauses) <= 3200
        assert string.active.any() and not string.waveform[~string.active].any()
        item = string.placed[0]
        assert abs(item.length / len(data.waveforms[item.clip]) - 1) < 0.12
    short = maker.draw(rng, 3000)
    assert len(short.waveform) == 3000 and len(short.placed) < 4


def test_a_target_is_the_words_and_a_code_for_each_frame(data: Utterances) -> None:
    recipe = small_recipe(speed=0.0, decibels=[60, 61])
    problem = transcription.prepare(recipe, data)
    assert problem.processing["labels"] == LABELS
    assert problem.arguments == {"classes": 5, "features": 10}
    features, targets = problem.train[0]
    longest = problem.loss.longest
    assert longest == 3 and features.shape == (4, 80, 10) and targets.shape == (4, 3 + 80)
    for row, target in zip(features, targets, strict=True):
        words, codes = target[:longest], target[longest:]
        count = int((words > 0).sum())
        assert count >= 1 and words.max() <= 3 and not words[count:].any()
        loud = row.mean(axis=-1)
        assert loud[codes % 2 == 1].mean() > loud[codes == 0].mean() + 0.5
        told = np.diff(np.pad((codes >= 2).astype(int), 1)) == 1
        assert 1 <= told.sum() <= count  # one stretch a word, but where the pause is short
        # A word may be told from within it until after its end.
        first = int(np.flatnonzero(codes >= 2)[0])
        assert codes[first - 1] == 1 and codes[first] == 3
    again = transcription.prepare(recipe, data).train[0]
    np.testing.assert_array_equal(features, again[0])
    np.testing.assert_array_equal(targets, again[1])


def test_nobody_hears_a_speaker_who_is_held_out(data: Utterances) -> None:
    recipe = small_recipe()
    names = transcription.folds(recipe, data)
    assert names == ["speaker 0", "speaker 1", "speaker 2"]
    parted = data.without(names[1])
    assert set(parted.part("test").speakers.tolist()) == {names[1]}
    for part in ("train", "validation"):
        assert set(parted.part(part).speakers.tolist()) == {names[0], names[2]}
    assert len(transcription.prepare(recipe, data, names[1]).train) == 2
    with pytest.raises(DataError, match="'me'; the data has the speakers speaker 0"):
        transcription.prepare(recipe, data, "me")
    with pytest.raises(DataError, match="needed is 8000 Hz"):
        transcription.prepare(recipe, replace(data, sampling_rate=16000))
    with pytest.raises(RecipeError, match="'loudness'"):
        transcription.prepare(small_recipe(loudness=1), data)


def test_the_loss_is_the_chance_of_all_ways_and_of_what_the_frames_are() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(1, 4, 4)).astype(np.float32)
    shares = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=-1, keepdims=True)
    codes = np.array([0, 1, 3, 2])
    target = np.concatenate([[2, 1, 0], codes])[None]
    p = np.stack([shares[:, 0] + shares[:, 1], shares[:, 2], shares[:, 3]], axis=1)
    ways = [(2, 1, 0, 0), (0, 2, 1, 0), (0, 0, 2, 1), (2, 0, 1, 0), (2, 0, 0, 1), (0, 2, 0, 1)]
    ways += [(2, 2, 1, 0), (0, 2, 2, 1), (2, 2, 0, 1), (2, 1, 1, 0), (2, 0, 1, 1), (0, 2, 1, 1)]
    ways += [(2, 2, 2, 1), (2, 1, 1, 1), (2, 2, 1, 1)]
    said = -np.log(sum(np.prod([row[code] for row, code in zip(p, w, strict=True)]) for w in ways))
    frames = [shares[0, 0], shares[1, 1], shares[2, 1] / p[2, 0], shares[3, 0] / p[3, 0]]
    found = float(CtcLoss(3, 0.5)(target, logits))
    assert found == pytest.approx(said / 2 - 0.5 * np.log(frames).mean(), rel=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_recipe_is_trained_and_answers(data: Utterances, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe"
    recipe.mkdir()
    (recipe / "recipe.toml").write_text(tomli_w.dumps(asdict(small_recipe(seconds=0.5))))
    trained = zoo.train(str(recipe), tmp_path / "run", data=data, verbose=0)
    assert trained.task.processing["labels"] == LABELS
    assert set(trained.predict(data.waveforms[0]).text.split()) <= set(WORDS)
    pytest.importorskip("matplotlib")
    save_alignment(trained.task, trained.run, data.waveforms[0], tmp_path / "aligned.png")  # type: ignore[arg-type]
    assert (tmp_path / "aligned.png").read_bytes().startswith(b"\x89PNG")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A network of strings with made weights, streaming and with its processing."""
    recipe = small_recipe()
    keras.utils.set_random_seed(5)
    arguments = {**recipe.model.arguments, "classes": len(LABELS), "features": 10}
    network = build("speech.frames", **arguments)
    rng = np.random.default_rng(9)
    for weight in network.weights:
        weight.assign(rng.normal(0, 1, weight.shape))
    path = tmp_path_factory.mktemp("strings") / "model.onnx"
    processing = {**recipe.processing, "labels": LABELS}
    export.to_onnx(
        network, path, cases=5, streaming=True, processing=processing, task="transcription"
    )
    return load(path, threads=1)


def test_pieces_have_the_words_of_the_whole_recording(file: Model, data: Utterances) -> None:
    x = made(data, "train", None)[0].waveform
    x = np.concatenate([x, x[::-1], x])
    whole = file(x, beams=1)
    assert len(whole.words) > 5
    stream, found = file.stream(), []
    for piece in np.array_split(x, 7):
        found += stream.feed(piece).events
    found += stream.flush().events
    assert [event.event for event in found] == [word.word for word in whole.words]
    for event, word in zip(found, whole.words, strict=True):
        assert event.probability == pytest.approx(word.probability, abs=1e-4)
    times = [time for word in whole.words for time in (word.start, word.end)]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= len(x) / RATE + 0.032
    beams = file(x)
    assert beams.probability >= whole.probability and beams.to_dict()["text"] == beams.text
    assert file(np.zeros(1, np.float32), beams=1).text in ("", *WORDS)
    with pytest.raises(InputError, match="beams=0"):
        file(x, beams=0)


def test_the_answer_is_text_with_times() -> None:
    task = small_task([*OTHERS, "7", "2"])
    shares = np.full((9, 4), 0.01)
    for frame, code in enumerate([0, 1, 2, 0, 0, 1, 3, 1, 0]):
        shares[frame, code] = 0.97
    answer = task.transcript(shares)
    assert answer.text == "72" and len(answer.words) == 2
    assert [(word.start, word.end) for word in answer.words] == [(0.02, 0.06), (0.1, 0.16)]
    assert str(answer).splitlines()[1] == "0.02 to 0.06 s: 7 (97.0%)"
    nothing = task.transcript(np.tile([0.97, 0.01, 0.01, 0.01], (5, 1)))
    assert nothing.text == "" and str(nothing).startswith("(nothing)")
    words = small_task([*OTHERS, "no", "yes"]).transcript(shares)
    assert words.text == "no yes"
    with pytest.raises(InputError, match="no input"):
        task.predict_many(Loudness(4, 0), [])


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(RecipeError, match="then words"):
        small_task(["speech", "silence", "go"])
    with pytest.raises(RecipeError, match="then words"):
        small_task(list(OTHERS))
    with pytest.raises(RecipeError, match="beams=True"):
        small_task(beams=True)
    assert small_task(beams=3).processing["beams"] == 3


def test_strings_are_judged_by_words_and_times() -> None:
    data = made_utterances(words=1)  # the network knows but one
    task = small_task([*OTHERS, WORDS[0]])

    def figures(border: float) -> dict[str, Any]:
        return {x.name: x for x in judge.evaluate(task, Loudness(3, border), data)}

    found = figures(1.5)
    assert list(found) == ["word_error", "word_error_10_db", "time_error"]
    assert [x.name for x in found.values() if x.primary] == ["word_error"]
    assert found["word_error"].value < 0.2 and found["time_error"].value < 0.04
    assert found["time_error"].baselines["evenly_spread"] > 0.1
    assert figures(-1.0)["word_error"].value == 1  # every word is left out
    assert found["word_error"].baselines["energy_and_nearest_mean"] < 0.5
    assert judge.changed(task, Loudness(3, 1.5), data, "test", lambda one, _, __: one) < 0.2
    assert judge.changed(task, Loudness(3, 1.5), data, "test", lambda one, _, __: 0 * one) == 1
    (unseen, *_) = judge.evaluate(task, Loudness(3, 1.5), data, hold_out="speaker 1")
    assert (unseen.name, unseen.split) == ("word_error_unseen_speaker", "speaker 1")
    assert judge.pooled([unseen]).details == {"speaker 1": unseen.value}
    with pytest.raises(DataError, match="the task has"):
        judge.evaluate(small_task(), Loudness(5, 0), data)
    with pytest.raises(DataError, match="'dev'"):
        judge.evaluate(task, Loudness(3, 0), data, "dev")


def test_strings_are_the_same_each_time_and_heard_as_one_by_one(data: Utterances) -> None:
    strings, again = made(data, "test", 10), made(data, "test", 10)
    assert len(strings) == 12 and len({len(x.waveform) for x in strings}) > 5
    for one, other in zip(strings, again, strict=True):
        np.testing.assert_array_equal(one.waveform, other.waveform)
        assert one.words == other.words and len(one.times) == len(one.words)
    task = small_task()
    waveforms = [x.waveform for x in strings]
    together = heard(task, Loudness(5, 1.5), waveforms)
    alone = heard(task, Loudness(5, 1.5), waveforms[3:4])
    np.testing.assert_array_equal(together[3], alone[0])
    assert [len(x) for x in together] == [task.decisions.frames.count(len(x)) for x in waveforms]


def test_digits_and_noise_are_joined() -> None:
    digits = made_recordings()
    noises = Noises({"hum": np.ones(80, np.float32), "running_tap": np.ones(80, np.float32)}, RATE)
    data = digit_strings.join({"fsdd": digits, "background-noise": noises})
    assert data.vocabulary == tuple(sorted(WORDS)) and data.joined == (1, 8)
    assert set(data.splits[digits.takes == 5].tolist()) == {"validation"}
    assert [list(data.noises[part]) for part in ("train", "test")] == [["hum"], ["running_tap"]]
    assert len(data.few()) == len(data) and data.few().vocabulary == data.vocabulary
    with pytest.raises(DataError, match="at 16000 Hz"):
        wide = replace(digits, sampling_rate=16000)
        digit_strings.join({"fsdd": wide, "background-noise": noises})


def test_recordings_of_several_words_are_cut_in_their_widest_pauses() -> None:
    rng = np.random.default_rng(0)
    line = 1e-4 * rng.normal(size=8000).astype(np.float32)
    for start, end in ((800, 2000), (2400, 3200), (5600, 7200)):  # a pause of 50 ms, one of 300
        line[start:end] += 0.1 * np.sin(0.5 * np.arange(end - start))
    (one, two) = parted(line, RATE, 2)
    assert one == pytest.approx((560, 3440), abs=160) and two == pytest.approx(
        (5360, 7440), abs=160
    )
    assert len(parted(line, RATE, 3)) == 3 and len(parted(line, RATE, 1)) == 1
    assert parted(np.zeros(800, np.float32), RATE, 2) == []
    data = replace(
        made_utterances(),
        waveforms=(line, line[:2300], line[:6000]),
        words=(("no", "yes"), ("no",), ("no", "yes")),  # the last is cut off early
        speakers=np.array(["me", "you", "me"]),
        splits=np.full(3, "train"),
    )
    cut = single_words(data)
    assert cut.words == (("no",), ("yes",), ("no",))
    assert cut.speakers.tolist() == ["me", "me", "you"]
    assert [len(x) for x in cut.waveforms[1:]] == [two[1] - two[0], 2300]
    with pytest.raises(DataError, match="as many pauses"):
        single_words(replace(data, words=(("no",) * 9,) * 3))


def test_ones_own_recordings_are_read_with_their_words(
    tmp_path: Path, write_wave: Callable[..., Path]
) -> None:
    recipe = small_recipe(joined=[1, 2])
    clip = write_wave(np.concatenate([spoken("low", 0), np.zeros(16000), spoken("high", 1)]))
    table = tmp_path / "transcripts.csv"
    table.write_text("file,words\n" + f"{clip.name},low high\n" * 5)
    data = transcription.read_own_data(tmp_path, recipe, recipe.processing)
    assert data.words == (("low", "high"),) * 5 and data.splits.tolist()[:2] == [
        "validation",
        "train",
    ]
    problem = transcription.prepare(recipe, data)
    assert problem.processing["labels"] == [*OTHERS, "high", "low"]
    (features, targets) = problem.validation[0]  # longer than a line that trains
    assert features.shape[1] > 100 and targets[:, :2].tolist() == [[2, 1]] * 4
    table.write_text("file,words\n" + f"{clip.name},\n" * 5)
    with pytest.raises(DataError, match="words of each"):
        transcription.read_own_data(tmp_path, recipe, recipe.processing)
    table.write_text("file,said\na.wav,low\n")
    with pytest.raises(DataError, match=r"transcripts\.csv cannot be read: KeyError"):
        transcription.read_own_data(tmp_path, recipe, recipe.processing)


def test_the_recipe_of_yes_and_no_learns_words_and_is_judged_on_recordings(tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    rows = "file,transcript,start,length,split\n"
    parts = ["train"] * 6 + ["test"] * 2
    rows += "".join(f"{k},NO YES,{k * 4000},4000,{part}\n" for k, part in enumerate(parts))
    (tmp_path / "index.csv").write_text(rows)
    samples = 0.1 * np.random.default_rng(0).normal(size=(8, 8, 500))
    samples[:, [0, 3, 4, 7]] *= 1e-3  # two words with pauses around them
    samples = samples.reshape(-1)
    soundfile.write(tmp_path / "yesno_8k.flac", samples, RATE)
    data = datasets.load("yesno", tmp_path)
    assert data.words[0] == ("no", "yes") and data.joined == (1, 1)
    assert data.splits.tolist() == [*["validation", *["train"] * 4] * 2][:6] + ["test"] * 2
    recipe = read_recipe(YESNO)
    small = {**recipe.training.options, "seconds": 1.6, "strings": 4, "joined": [1, 2]}
    problem = transcription.prepare(
        replace(recipe, training=replace(recipe.training, options=small)), data
    )
    (features, targets) = problem.train[0]
    assert features.shape == (4, 80, 40) and set(targets[:, 0].tolist()) == {1, 2}
    (_, targets) = problem.validation[0]
    assert targets[:, :2].tolist() == [[1, 2]] * 16
    task = load_task(recipe.task, problem.processing)
    (metric,) = judge.evaluate(task, Loudness(4, 0), data)  # type: ignore[arg-type]
    assert metric.primary and metric.baselines == {"commonest": 0}
