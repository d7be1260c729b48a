"""A dialogue model from training to a file that talks: the same replies, remembered anywhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import tomli_w
from click.testing import CliRunner

import export
from export.runtime import Batcher, Model, load
from tests.export.made import speech_like
from tests.text import made_dialogues as made
from zoo.cli import app
from zoo.errors import InputError, RuntimeFileError, StreamError
from zoo.loading import Pretrained
from zoo.loading import load as load_pretrained
from zoo.training.fit import fit_recipe

TURNS = ["I need a table.", "For two.", "at 9?", "ok"]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Pretrained, Model]:
    """A model that learned for seconds, and its file."""
    folder = tmp_path_factory.mktemp("chat")
    recipe = made.recipe(epochs=2)
    path = folder / "recipe.toml"
    path.write_text(tomli_w.dumps(asdict(recipe)))
    fit_recipe(recipe, path, folder, data=made.dialogues(), verbose=0)
    trained = load_pretrained(folder)
    export.to_onnx(trained, folder / "model.onnx", cases=3)
    return trained, load(folder / "model.onnx", threads=1)


def test_keras_file_and_stream_reply_the_same_turn_after_turn(
    both: tuple[Pretrained, Model],
) -> None:
    trained, file = both
    manner = {"temperature": 1.5, "top_p": 0.95, "length": 12, "seed": 3}
    ours, theirs, stream = trained.chat(), file.chat(), file.stream(**manner)
    for turn in TURNS:
        reply = ours.reply(turn, **manner)
        assert reply.text and theirs.reply(turn, **manner) == reply == stream.feed(turn)
    assert trained.predict(TURNS[:3], **manner) == file(TURNS[:3], **manner)
    first = "".join(file.generate(TURNS[0], **manner))
    assert first == trained.predict(TURNS[0], **manner).text


def test_what_one_saved_goes_on_in_the_other(both: tuple[Pretrained, Model]) -> None:
    trained, file = both
    ours, stream = trained.chat(), file.stream(temperature=0)
    fresh = trained.chat().save()
    assert ours.reply(TURNS[0], temperature=0) == stream.feed(TURNS[0])
    theirs = file.chat()
    theirs.restore(ours.save())
    other = file.stream(temperature=0)
    other.restore(stream.save())
    wanted = ours.reply(TURNS[1], temperature=0)
    assert theirs.reply(TURNS[1], temperature=0) == wanted == other.feed(TURNS[1])
    theirs.restore(fresh)
    assert theirs.reply(TURNS[0], seed=4) == trained.predict(TURNS[0], seed=4)
    stream.flush()
    assert stream.save() == file.stream().save()
    with pytest.raises(StreamError, match="saved for the model"):
        file.stream().restore(fresh)


def test_a_shell_talks_by_lines(both: tuple[Pretrained, Model]) -> None:
    _, file = both
    words = ["stream", str(file.path), "-o", "temperature=1.5", "-o", "seed=3"]
    done = CliRunner().invoke(app, words, input="\n".join([*TURNS[:2], "", TURNS[2]]))
    assert done.exit_code == 0, done.output
    conversation = file.chat()
    replies = [conversation.reply(turn, temperature=1.5, seed=3).text for turn in TURNS[:3]]
    assert all(replies) and done.output.splitlines() == replies


def test_where_no_dialogue_is_held_it_is_said(
    both: tuple[Pretrained, Model], tmp_path: Path
) -> None:
    _, file = both
    with Batcher(file) as batcher, pytest.raises(InputError, match="speaks by turns"):
        batcher.stream()
    with pytest.raises(InputError, match="'loud'"):
        file.stream(loud=True)
    export.to_onnx(speech_like(), tmp_path / "other.onnx", cases=2)
    with pytest.raises(RuntimeFileError, match="remembers nothing"):
        load(tmp_path / "other.onnx").chat()
    with pytest.raises(InputError, match="no dialogues"):
        load_pretrained("digits-gru").chat()
