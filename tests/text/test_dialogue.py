"""Dialogues: turns as codes, replies drawn and remembered, files read, figures of known models."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.text import made_dialogues as made
from zoo.datasets import sgd_dialogues
from zoo.errors import DataError, InputError, RecipeError, StreamError
from zoo.evaluation.dialogue import evaluate
from zoo.evaluation.replies import distinct_2, mean_f1
from zoo.processing.subwords import PADDING
from zoo.processing.turns import SYSTEM, USER, dialogue_codes, to_turns, turn_codes
from zoo.tasks import Arrays, Speaker
from zoo.tasks.dialogue import from_processing
from zoo.training.dialogue import WholeDialogues, prepare, read_own_data

TASK = made.task()
MODEL = "ab" * 32
TURNS = st.text("abcdefgh.? ", min_size=1, max_size=9).filter(str.strip)
MANNER = st.fixed_dictionaries(
    {
        "length": st.integers(1, 12),
        "temperature": st.sampled_from([0, 0.5, 2.0]),
        "top_k": st.sampled_from([None, 1, 4]),
        "top_p": st.sampled_from([None, 0.7]),
        "seed": st.integers(0, 3),
    }
)


@given(st.lists(TURNS, min_size=1, max_size=5))
def test_a_dialogue_is_its_turns_each_after_its_mark(turns: list[str]) -> None:
    codes = dialogue_codes(made.CODEC, turns)
    marks = np.flatnonzero((codes == USER) | (codes == SYSTEM))
    assert codes[marks].tolist() == ([USER, SYSTEM] * 3)[: len(turns) + 1]
    pieces = [made.CODEC.decode(part[1:]) for part in np.split(codes, marks[1:])[:-1]]
    assert pieces == turns
    assert codes[:-1].tolist() == turn_codes(made.CODEC, turns).tolist()


@settings(deadline=None, max_examples=40)
@given(st.lists(TURNS, min_size=1, max_size=4), MANNER, st.integers(0, 3))
def test_conversation_stream_and_pieces_say_the_same(
    turns: list[str], manner: dict[str, Any], saved: int
) -> None:
    conversation = TASK.conversation(made.network, MODEL)
    pieces = TASK.conversation(made.network, MODEL)
    reader = TASK.reader(False, **manner)
    assert isinstance(reader, Speaker)
    states: Arrays = {}
    for number, turn in enumerate(turns):
        if number == saved:
            blob = conversation.save()
            conversation = TASK.conversation(made.network, MODEL)
            conversation.restore(blob)
            kept = reader.state()
            reader = TASK.reader(False, **manner)
            reader.restore(kept)
        reply = conversation.reply(turn, **manner)
        assert "".join(pieces.generate(turn, **manner)) == reply.text
        arrays = reader.arrays(turn)
        while arrays is not None:
            outputs = made.network({**arrays, **states})
            states = {"state_0_h": outputs["next_state_0_h"]}
            arrays = reader.following(outputs)
        assert reader.answer(outputs) == reply
        assert reply.ended or manner["length"] <= len(reply.text) + 1  # a space goes in front
        if number == 0:
            assert reply == TASK.predict(made.network, turn, **manner)
            assert reply.text == "".join(TASK.stream(made.network, turn, **manner))


@given(st.lists(TURNS, min_size=1, max_size=4), MANNER)
@settings(deadline=None, max_examples=30)
def test_several_dialogues_are_replied_to_as_one_by_one(
    texts: list[str], manner: dict[str, Any]
) -> None:
    raws = [text if k % 2 else [text, "a", text] for k, text in enumerate(texts)]
    together = TASK.predict_many(made.network, raws, **manner)
    assert together == [TASK.predict(made.network, raw, **manner) for raw in raws]


def test_turns_at_once_are_remembered_as_turns_one_by_one() -> None:
    greedy = {"temperature": 0}
    conversation = TASK.conversation(made.network, MODEL)
    first = conversation.reply("ab cd", **greedy).text
    whole = TASK.predict(made.network, ["ab cd", first, "e?"], **greedy)
    assert conversation.reply(" e? \n", **greedy) == whole
    assert TASK.predict(made.network, "e?", **greedy) != whole


def test_a_reply_that_is_not_read_to_its_end_was_not_asked_for() -> None:
    left = TASK.conversation(made.network, MODEL)
    next(left.generate("ab"))
    assert left.save() == TASK.conversation(made.network, MODEL).save()

    def broken(arrays: Arrays) -> Arrays:
        return {"logits": np.full((1, arrays["tokens"].shape[1], len(made.CODEC)), np.nan)}

    with pytest.raises(InputError, match="NaN"):
        TASK.conversation(broken, MODEL).reply("ab")


def test_what_cannot_be_said_is_refused() -> None:
    conversation = TASK.conversation(made.network, MODEL)
    for raw, message in (
        (3, "a text, or a list"),
        ([], "odd number"),
        (["a", "b"], "odd number"),
        (["a", 1, "b"], "a text, or a list"),
        ("  ", "empty"),
    ):
        with pytest.raises(InputError, match=message):
            TASK.predict(made.network, raw)
        with pytest.raises(InputError, match=message):
            conversation.reply(raw)
    for options in ({"length": 0}, {"temperature": -1}, {"loud": True}):
        with pytest.raises(InputError, match="Received"):
            conversation.reply("a", **options)
    with pytest.raises(InputError, match="no text"):
        TASK.predict_many(made.network, [])
    with pytest.raises(RecipeError, match="kind"):
        from_processing({"kind": "characters", "alphabet": "ab", "merges": []})
    assert TASK.reader(False).arrays(" \n") is None
    assert str(TASK.reader(False).answer(None)) == ""
    assert to_turns(" a  b ") == ["a b"]


def test_what_was_saved_is_checked() -> None:
    conversation = TASK.conversation(made.network, MODEL)
    conversation.reply("ab")
    blob = conversation.save()
    with pytest.raises(StreamError, match="saved for the model"):
        TASK.conversation(made.network, "cd" * 32).restore(blob)
    for bad in (blob[:-1], b"", 3):
        with pytest.raises(StreamError):
            conversation.restore(bad)  # type: ignore[arg-type]
    assert conversation.save() == blob


def test_files_are_read_by_turns(tmp_path: Path) -> None:
    def line(*turns: tuple[str, str]) -> str:
        return json.dumps({"id": "1", "turns": [{"s": s, "u": u} for s, u in turns]})

    text = line(("U", "Hi  there\n"), ("S", "")) + "\n\n" + line(("U", "a"), ("S", "b"))
    for name in ("train", "dev", "test"):
        (tmp_path / f"sgd.{name}.jsonl.xz").write_bytes(lzma.compress(text.encode()))
    data = sgd_dialogues.read(tmp_path)
    assert data.train == data.validation == data.test == (("Hi there", ""), ("a", "b"))
    own = tmp_path / "mine.jsonl"
    own.write_text(text)
    assert read_own_data(own, made.recipe(), {}).validation == (("a", "b"),)
    for bad in ("{", "[]", line(("S", "a"), ("U", "b")), line(("U", "a")), line(), ""):
        own.write_text(bad)
        with pytest.raises(DataError, match="Received"):
            read_own_data(own, made.recipe(), {})
    own.write_text(line(("U", "a"), ("S", "b")))
    with pytest.raises(DataError, match="one dialogue"):
        read_own_data(own, made.recipe(), {})
    (tmp_path / "sgd.dev.jsonl.xz").write_bytes(b"no xz")
    with pytest.raises(DataError, match="packed by xz"):
        sgd_dialogues.read(tmp_path)


def test_rows_hold_whole_dialogues_and_each_next_code() -> None:
    rows = WholeDialogues(made.CODEC, made.TALK)
    x, y = rows.take(np.array([2, 0]), np.random.default_rng(0))
    for row, turns in ((0, made.TALK[2]), (1, made.TALK[0])):
        codes = dialogue_codes(made.CODEC, turns)
        assert x[row, : len(codes) - 1].tolist() == codes[:-1].tolist()
        assert y[row, : len(codes) - 1].tolist() == codes[1:].tolist()
        assert (y[row, len(codes) - 1 :] == PADDING).all()
    assert x.shape == y.shape and x.shape[1] % 64 == 0


def test_prepare_learns_pieces_once() -> None:
    problem = prepare(made.recipe(), made.dialogues())
    assert problem.arguments["vocabulary_size"] <= 60
    kept = made.CODEC.to_processing()
    assert prepare(made.recipe(), made.dialogues(), None, kept).processing == kept
    with pytest.raises(RecipeError, match="no groups"):
        prepare(made.recipe(), made.dialogues(), "bus")


def test_figures_of_models_that_are_known() -> None:
    pytest.importorskip("sklearn", reason="the extra [baselines] is not installed")
    size = len(made.CODEC)

    def flat(arrays: Arrays) -> Arrays:
        tokens = arrays["tokens"]
        logits = np.zeros((*tokens.shape, size), np.float32)
        logits[..., 5] = 1e-3  # greedy is " " and then "a" for ever
        return {"logits": logits, "next_state_0_h": np.zeros((len(tokens), 1), np.float32)}

    data = made.dialogues()
    pieces, replies, f1, distinct = evaluate(TASK, flat, data)
    assert pieces.value == pytest.approx(size, rel=1e-3) and pieces.primary
    assert replies.value == pytest.approx(size, rel=1e-3)
    # the n-grams have read these very dialogues
    assert 1 < pieces.baselines["5_gram"] < 2 < pieces.baselines["1_gram"] < size
    assert 1 < replies.baselines["5_gram"] < 2
    assert f1.value == 0 and f1.baselines == {"nearest_reply": 1.0}
    assert distinct.details["people"] == distinct.baselines["nearest_reply"] == 1.0
    counts = [len(dialogue_codes(made.CODEC, turns)) - 1 for turns in data.test]
    assert str(sum(counts)) in pieces.protocol
    with pytest.raises(DataError, match="no groups"):
        evaluate(TASK, flat, data, hold_out="bus")
    with pytest.raises(DataError, match="No dialogues"):
        evaluate(TASK, flat, sgd_dialogues.Dialogues(data.train, (), ()))


def test_words_in_common_and_different_pairs() -> None:
    assert mean_f1(["A table, please!"], ["a table"]) == pytest.approx(0.8)
    assert mean_f1(["", "b"], ["", "a"]) == 0.5
    assert distinct_2(["a b a b", "a b"]) == pytest.approx(2 / 4)
    assert distinct_2(["a"]) == 0
