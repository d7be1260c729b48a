"""Notes as names, rolls and MIDI files; tunes that go on; a model that learns a pattern."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zoo
from zoo.datasets import jsb_chorales
from zoo.datasets._piano_rolls import PianoRolls
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.music import evaluate
from zoo.layers.echoes import Echoes
from zoo.loading import run_of, states_of
from zoo.model_card import Data, Model, Recipe, Training
from zoo.plots.piano_roll import held_notes
from zoo.processing.midi import midi_bytes, read_midi
from zoo.processing.notes import PianoRoll, note_name, note_number, read_line, show_frame
from zoo.tasks import Arrays
from zoo.tasks.music import Music, RollReader, from_processing
from zoo.training.fit import fit_recipe
from zoo.training.music import FrameLoss, Pieces, prepare, read_own_data

KEYS = PianoRoll()
EXAMPLE = Path(zoo.__file__).parent / "examples" / "old_hundredth.txt"
frames = st.lists(st.frozensets(st.integers(21, 108), max_size=6).map(sorted), min_size=1)


def steps(count: int = 24, shift: int = 0) -> np.ndarray:
    """A roll in which a third of keys goes up, one key a frame, over and over."""
    roll = np.zeros((count, 88), np.uint8)
    for place in range(count):
        roll[place, [30 + shift + place % 6, 42 + shift + place % 6]] = 1
    return roll


def rolls(pieces: int = 8) -> PianoRolls:
    train = [steps(20 + k, k % 3) for k in range(pieces)]
    return PianoRolls({"train": train, "validation": [steps(30, 1)], "test": [steps(25), train[0]]})


def recipe(**training: Any) -> Recipe:
    options = {"steps": 12, "transpose": 2}
    settings = {"seed": 1, "epochs": 12, "batch_size": 4, "learning_rate": 0.02, **training}
    return Recipe(
        format=1,
        title="made",
        description="made",
        domain="series",
        task="music",
        license="Apache-2.0",
        source="made",
        streaming=True,
        data=Data("made", "public domain", True, "made"),
        processing=KEYS.to_processing(),
        model=Model("music.next_frame", {"units": 24}),
        training=Training(**{"options": options, **settings}),
        targets={"nats_per_frame": 1.0},
    )


def climbing(arrays: Arrays) -> Arrays:
    """A network that hears a key and means the next one; its state counts frames."""
    roll = arrays["roll"]
    logits = np.where(np.roll(roll, 1, axis=2) > 0, 8.0, -20.0).astype(np.float32)
    count = arrays.get("state_0_h", np.zeros((1, 1), np.float32)) + roll.shape[1]
    return {"logits": logits, "next_state_0_h": count}


@given(st.integers(0, 127))
def test_names_of_notes(number: int) -> None:
    assert note_number(note_name(number)) == note_number(str(number)) == number


def test_notes_as_people_write_them() -> None:
    assert [note_number(n) for n in ("C4", "Bb2", "a4", "F#3", "C-1")] == [60, 46, 69, 54, 0]
    assert read_line("G3 C4 G3") == (55, 60) and read_line("-") == ()
    for wrong in ("H4", "C", "x"):
        with pytest.raises(InputError, match=f"'{wrong}'"):
            read_line(wrong)


@given(frames)
def test_frames_rolls_and_text_are_the_same(notes: list[list[int]]) -> None:
    roll = KEYS.roll(notes)
    assert roll.shape == (len(notes), 88) and roll.sum() == sum(map(len, notes))
    assert KEYS.frames(roll) == KEYS.read(roll) == KEYS.read(notes) == tuple(map(tuple, notes))
    assert [read_line(show_frame(frame)) for frame in notes] == [tuple(f) for f in notes]


@given(frames, st.sampled_from([1, 2, 4]))
def test_midi_files_hold_the_frames(notes: list[list[int]], quarter: int) -> None:
    pytest.importorskip("mido")
    import tempfile

    if not notes[-1]:
        notes = [*notes, [60]]  # a file ends with its last note
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tune.mid"
        path.write_bytes(midi_bytes(notes, quarter, 120))
        assert read_midi(path, quarter) == tuple(map(tuple, notes))
        assert KEYS.read(path) == read_midi(path, 1)


def test_what_is_no_music(tmp_path: Path) -> None:
    pytest.importorskip("mido")
    (tmp_path / "a.mid").write_bytes(b"MThd no")
    (tmp_path / "empty.mid").write_bytes(midi_bytes([()], 1, 120))
    (tmp_path / "a.txt").write_text("C4\nwhat\n")
    for raw, says in (
        (tmp_path / "a.mid", "no MIDI file"),
        (tmp_path / "empty.mid", "has no notes"),
        (tmp_path / "absent.mid", "does not exist"),
        (tmp_path / "absent.txt", "No such file"),
        (tmp_path / "a.txt", "'what'"),
        ([], "no frame"),
        ([[20]], r"note 20; the keys are A0 \(21\) to C8 \(108\)"),
        (np.zeros((3, 12)), "needed is .time, 88."),
        (7, "Received a int"),
    ):
        with pytest.raises(InputError, match=says):
            KEYS.read(raw)
    for wrong in ({"keys": 0}, {"lowest": 100}, {"frames_per_quarter": 0}, {"colour": 1}):
        with pytest.raises(RecipeError, match="processing"):
            PianoRoll.from_processing({"kind": "piano_roll", **wrong})


def test_a_tune_goes_on() -> None:
    task = from_processing(KEYS.to_processing())
    tune = task.predict(climbing, [["C4", "E4"]], length=3, temperature=0)
    assert tune.frames == ((61, 65), (62, 66), (63, 67))
    assert str(tune).splitlines()[0] == "C#4 F4"
    assert tune.to_dict()["prompt"] == [[60, 64]]
    lines = task.stream(climbing, [["C4", "E4"]], length=3, temperature=0)
    assert "".join(lines) == str(tune) + "\n"
    assert task.predict(climbing, [[60, 64]], length=2, voices=1, temperature=0).frames[1] == (62,)


def test_a_seed_gives_the_same_tune_and_voices_are_at_most() -> None:
    def vague(arrays: Arrays) -> Arrays:
        return {"logits": np.full((*arrays["roll"].shape[:2], 88), -2.5, np.float32)}

    task = Music(KEYS)
    tunes = [task.predict(vague, EXAMPLE, length=20, seed=seed) for seed in (1, 1, 2)]
    assert tunes[0].frames == tunes[1].frames != tunes[2].frames
    assert max(map(len, tunes[0].frames)) == 4 and len(tunes[0].prompt) == 16
    for options in ({"length": -1}, {"voices": 0}, {"temperature": -1}, {"tempo": 0}):
        with pytest.raises(InputError, match=next(iter(options))):
            task.predict(vague, EXAMPLE, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no tune"):
        task.predict_many(vague, [])


def test_files_and_pictures_of_a_tune(tmp_path: Path) -> None:
    pytest.importorskip("mido")
    tune = Music(KEYS).predict(climbing, [[60, 64]], length=5, temperature=0)
    for name in ("tune.mid", "tune.txt"):
        tune.save(tmp_path / name)
        assert KEYS.read(tmp_path / name) == (*tune.prompt, *tune.frames)
    figure = tune.plot(tmp_path / "tune.png")
    assert len(figure.axes[0].patches) == 12
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")


@given(frames)
def test_held_notes_cover_the_frames(notes: list[list[int]]) -> None:
    found: list[set[int]] = [set() for _ in notes]
    bars = held_notes(tuple(map(tuple, notes)))
    for note, begin, length in bars:
        for place in range(begin, begin + length):
            found[place].add(note)
    assert [sorted(frame) for frame in found] == notes
    for one, other in pairwise(sorted(bars)):
        assert one[0] != other[0] or one[1] + one[2] < other[1]


def test_a_stream_tells_what_may_come() -> None:
    reader = RollReader(KEYS)
    arrays = reader.arrays("C4 E4\n")
    assert arrays is not None
    likely = reader.answer(climbing(arrays)).likely
    assert list(likely)[:2] == ["C#4", "F4"] and likely["F4"] > 0.99
    assert reader.arrays("\n") is None and reader.rest() is None
    assert str(reader.answer(None)) == "" and reader.state() == {}


def test_stretches_are_cut_moved_and_padded() -> None:
    rng = np.random.default_rng(0)
    pieces = Pieces([steps(30), steps(8)], 10)
    assert len(pieces) == 4
    x, y = pieces.take(np.array([2, 3]), rng)
    np.testing.assert_array_equal(x[0, :9], steps(30)[20:29])
    np.testing.assert_array_equal(y[0, :9], steps(30)[21:30])
    assert np.isnan(y[0, 9:]).all() and np.isnan(y[1, 7:]).all() and not x[1, 7:].any()
    moved = Pieces([steps(30)], 10, transpose=4, cut=True)
    shifts = set()
    for _ in range(30):
        x, y = moved.take(np.array([0]), rng)
        np.testing.assert_array_equal(x[0, 1:], y[0, :-1])
        shifts.add(int(np.flatnonzero(x[0].any(axis=0))[0]) - 30)
    assert min(shifts) < 0 < max(shifts)
    edge = np.zeros((5, 88), np.uint8)
    edge[:, 87] = 1
    x, _ = Pieces([edge], 4, transpose=12).take(np.array([0]), rng)
    assert x[0, 0].sum() == 1 and not x[0, 0, :70].any()


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.sets(st.integers(1, 5), min_size=1))
def test_echoes_are_what_followed_then_however_frames_are_cut(
    cuts: list[int], lags: set[int]
) -> None:
    layer = Echoes(sorted(lags))
    frames = np.random.default_rng(0).random((2, sum(cuts), 3)).astype("float32")
    whole = keras.ops.convert_to_numpy(layer(frames))
    np.testing.assert_array_equal(whole[..., :3], frames)
    for place, lag in enumerate(sorted(lags), 1):
        known = np.concatenate([np.zeros((2, lag - 1, 3)), frames], axis=1)[:, : frames.shape[1]]
        np.testing.assert_array_equal(whole[..., 3 * place : 3 * place + 3], known)
    past = np.zeros((2, layer.longest, 3), "float32")
    pieces = []
    for piece in np.split(frames, np.cumsum(cuts)[:-1], axis=1):
        found, past = map(keras.ops.convert_to_numpy, layer(piece, past))
        pieces.append(found)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=1), whole)


def test_a_model_with_echoes_streams_as_it_answers_whole() -> None:
    arguments: dict[str, Any] = {"keys": 5, "units": 6, "echoes": [1, 4]}
    whole = zoo.build("music.next_frame", **arguments)
    steps = zoo.build("music.next_frame", **arguments, streaming=True)
    steps.set_weights(whole.get_weights())
    roll = (np.random.default_rng(0).random((2, 9, 5)) > 0.5).astype("float32")
    run, states, found = run_of(steps), dict[str, Any](), []
    for piece in np.split(roll, [1, 4], axis=1):
        outputs = run({"roll": piece, **states})
        states = {name: outputs[f"next_{name}"] for name in states_of(steps)}
        found.append(outputs["logits"])
    np.testing.assert_allclose(np.concatenate(found, axis=1), whole(roll), atol=1e-6)
    with pytest.raises(RecipeError, match="lags of 1 frame or more"):
        zoo.build("music.next_frame", echoes=[0])


def test_the_loss_is_that_of_the_figure() -> None:
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((2, 5, 88)).astype("float32")
    y = (rng.random((2, 5, 88)) < 0.1).astype("float32")
    y[1, 3:] = np.nan
    known = y[np.isfinite(y)].reshape(-1, 88), logits[np.isfinite(y)].reshape(-1, 88)
    share = 1 / (1 + np.exp(-known[1].astype(np.float64)))
    nats = -np.where(known[0] > 0, np.log(share), np.log(1 - share)).sum(axis=1).mean()
    assert float(FrameLoss()(y, logits)) == pytest.approx(nats, rel=1e-5)


def test_a_model_learns_and_is_scored_beside_counts(tmp_path: Path) -> None:
    made = recipe()
    (tmp_path / "recipe.toml").write_text("")
    run = fit_recipe(made, tmp_path / "recipe.toml", tmp_path / "run", data=rolls(), verbose=0)
    assert run.history[-1]["val_loss"] < 0.7 * run.history[0]["val_loss"]

    def network(arrays: Arrays) -> Arrays:
        return {"logits": np.where(np.roll(arrays["roll"], 1, axis=2) > 0, 4.0, -4.0)}

    metric = evaluate(Music(KEYS), network, rolls())[0]
    pieces = rolls().parts["test"]
    expected = 0.0
    for piece in pieces:
        share = 1 / (1 + np.exp(-np.where(np.roll(piece[:-1], 1, axis=1) > 0, 4.0, -4.0)))
        expected -= np.log(np.where(piece[1:] > 0, share, 1 - share)).sum()
    assert metric.value == pytest.approx(expected / sum(len(p) - 1 for p in pieces))
    assert set(metric.baselines) == {"key_frequency", "repeat_last_frame"}
    assert set(metric.details) == {"mean_over_pieces", "unseen"}
    assert "1 of the pieces also train" in metric.protocol
    assert metric.value < min(metric.baselines.values())


def test_recipes_that_do_not_fit() -> None:
    for options in ({"steps": 0}, {"steps": 3, "transpose": -1}, {"steps": 3, "colour": 1}):
        with pytest.raises(RecipeError, match="option"):
            prepare(recipe(options=options), rolls())
    with pytest.raises(RecipeError, match="hold_out"):
        prepare(recipe(), rolls(), "Bach")


def test_readers_of_rolls_and_of_ones_own_files(tmp_path: Path) -> None:
    pytest.importorskip("mido")
    scipy = pytest.importorskip("scipy.io")
    with pytest.raises(DataError, match=r"needed is JSB_Chorales\.mat"):
        jsb_chorales.read(tmp_path)
    parts = {}
    for key, count in (("traindata", 3), ("validdata", 1), ("testdata", 2)):
        cell = np.empty((1, count), object)
        for k in range(count):
            cell[0, k] = steps(5 + k)
        parts[key] = cell
    scipy.savemat(tmp_path / "JSB_Chorales.mat", parts)
    data = jsb_chorales.read(tmp_path)
    assert [len(data.parts[p]) for p in ("train", "validation", "test")] == [3, 1, 2]
    assert data.seen("test").tolist() == [True, True]
    (tmp_path / "JSB_Chorales.mat").write_bytes(b"no")
    with pytest.raises(DataError, match="damaged"):
        jsb_chorales.read(tmp_path)
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(DataError, match="0 MIDI files; give at least 3"):
        read_own_data(own, recipe(), KEYS.to_processing())
    for k in range(6):
        (own / f"{k}.mid").write_bytes(midi_bytes([[60 + k], [64]], 1, 100))
    read = read_own_data(own, recipe(), KEYS.to_processing())
    assert (len(read.parts["train"]), len(read.parts["validation"])) == (5, 1)
    assert np.flatnonzero(read.parts["validation"][0][0]).tolist() == [61 - 21]
