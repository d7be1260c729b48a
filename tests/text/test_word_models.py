"""Builders over words and letters: every cell, whatever the padding; parts equal the whole."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest

from zoo.builders import build
from zoo.errors import RecipeError
from zoo.layers.pooling import MaxOverCharacters, SequencePooling
from zoo.loading import run_of
from zoo.processing.parts import Parts
from zoo.tasks import load_task
from zoo.tasks.transduction import Transduction
from zoo.weights import share_weights

ARGUMENTS: dict[str, dict[str, Any]] = {
    "text.classifier": {
        "vocabulary_size": 9,
        "classes": 3,
        "units": 5,
        "embedding": 4,
        "filters": 6,
    },
    "text.tagger": {
        "words": 9,
        "characters": 7,
        "tags": 4,
        "classes": 3,
        "units": 5,
        "embedding": 4,
        "filters": 3,
        "guided": True,
        "paths": True,
    },
    "text.transducer": {"vocabulary_size": 9, "outputs": 6, "units": 5, "decoder_units": 4},
}


def inputs(name: str, lengths: list[int], time: int) -> dict[str, np.ndarray]:
    """Random codes with zeros after each end."""
    rng = np.random.default_rng(1)
    shape = (len(lengths), max(lengths))
    real = np.arange(time) < np.array(lengths)[:, None]

    def codes(limit: int, *more: int) -> np.ndarray:
        drawn = rng.integers(1, limit, (*shape, *more))
        wide = np.pad(drawn, ((0, 0), (0, time - shape[1]), *((0, 0) for _ in more)))
        return (wide * real.reshape(*real.shape, *(1 for _ in more))).astype(np.int32)

    made = {"lengths": np.array(lengths, np.int32)}
    if name == "text.tagger":
        return {"words": codes(9), "characters": codes(7, 4), **made}
    if name == "text.transducer":
        return {"tokens": codes(9), "previous": codes(6), **made}
    return {"tokens": codes(9), **made}


def outputs(model: keras.Model, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    found = model([arrays[tensor.name] for tensor in model.inputs])
    found = found if isinstance(found, dict) else {"logits": found}
    return {name: np.asarray(value) for name, value in found.items()}


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("name", ARGUMENTS)
def test_padding_changes_no_answer(name: str, cell: str) -> None:
    model = build(name, cell=cell, layers=2, **ARGUMENTS[name])
    lengths = [4, 1, 3]
    short, long = (outputs(model, inputs(name, lengths, time)) for time in (4, 9))
    for key, value in short.items():
        for row, length in enumerate(lengths):
            steps = slice(length) if value.ndim == 3 else slice(None)
            np.testing.assert_allclose(value[row][steps], long[key][row][steps], atol=1e-6)


@pytest.mark.parametrize("options", [{"bidirectional": False}, {"pooling": "max"}, {"filters": 0}])
@pytest.mark.parametrize("name", ["text.classifier", "text.tagger"])
def test_options_make_models(name: str, options: dict[str, Any]) -> None:
    model = build(name, **{**ARGUMENTS[name], **options})
    assert all(value.shape[0] == 2 for value in outputs(model, inputs(name, [2, 3], 3)).values())


def test_without_characters_classes_and_paths_a_tagger_has_one_output() -> None:
    less = {"classes": 0, "guided": False, "paths": False, "filters": 0}
    model = build("text.tagger", **{**ARGUMENTS["text.tagger"], **less})
    assert model.output_names == ["tags"] and "spelling" not in {x.name for x in model.layers}
    with pytest.raises(RecipeError, match="guided"):
        build("text.tagger", **{**ARGUMENTS["text.tagger"], "classes": 0})


def test_a_tagger_that_learns_paths_has_pairs_of_tags_after_its_tags() -> None:
    arguments = ARGUMENTS["text.tagger"]
    plain, learning = (build("text.tagger", **arguments, learning=x) for x in (False, True))
    plain.get_layer("transitions").set_weights([np.arange(20.0).reshape(5, 4)])
    learning.set_weights(plain.get_weights())
    arrays = inputs("text.tagger", [3, 2], 3)
    found, joined = outputs(plain, arrays), outputs(learning, arrays)
    assert found["transitions"].shape == (2, 5, 4) and set(joined) == {"tags", "intent"}
    wanted = np.concatenate([found["tags"], found["transitions"]], axis=1)
    np.testing.assert_allclose(joined["tags"], wanted, atol=1e-6)


def transducer(cell: str) -> Parts:
    keras.utils.set_random_seed(1)
    arguments = {"cell": cell, **ARGUMENTS["text.transducer"]}
    whole = build("text.transducer", **arguments)
    parts = {part: build("text.transducer", **arguments, part=part) for part in ("encoder", "step")}
    for part in parts.values():
        share_weights(whole, part)
    for model in (whole, *parts.values()):
        model.compile(run_eagerly=True)  # tracing takes longer than all the answers
    return Parts(run_of(parts["encoder"]), run_of(parts["step"]), run_of(whole))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_transducer_in_parts_reads_words_as_the_whole_does(cell: str) -> None:
    parts = transducer(cell)
    facts = {"kind": "aligned", "longest": 9, "vocabulary": "abcdefg", "answers": list("VWXYZ")}
    task = load_task("transduction", facts)
    assert isinstance(task, Transduction)
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice([*"abcdefgh"], size)) for size in (4, 1, 3, 2, 4)]
    found = [task.readings(run, words, beams=3) for run in (parts, parts.whole)]
    for one, other in zip(*found, strict=True):
        assert [reading.symbols for reading in one] == [reading.symbols for reading in other]
        shares = [[reading.probability for reading in readings] for readings in (one, other)]
        np.testing.assert_allclose(*shares, rtol=1e-4)


def test_parts_are_called_as_the_whole() -> None:
    parts = transducer("gru")
    arrays = inputs("text.transducer", [5, 4], 5)
    np.testing.assert_array_equal(parts(arrays)["logits"], parts.whole(arrays)["logits"])


def test_an_unknown_part_or_cell_is_refused() -> None:
    with pytest.raises(RecipeError, match="'half'"):
        build("text.transducer", **ARGUMENTS["text.transducer"], part="half")
    for name, arguments in ARGUMENTS.items():
        with pytest.raises(RecipeError, match="'tcn'"):
            build(name, cell="tcn", **arguments)


def test_the_largest_value_is_of_real_characters() -> None:
    features = np.array([[[[1.0, 5.0], [3.0, 2.0], [9.0, 9.0]], [[4.0, 4.0]] * 3]], np.float32)
    codes = np.array([[[2, 1, 0], [0, 0, 0]]], np.int32)
    found = np.asarray(MaxOverCharacters()([features, codes]))
    assert found.tolist() == [[[3.0, 5.0], [0.0, 0.0]]]


def test_an_explained_classifier_gives_the_weights_of_its_real_steps() -> None:
    arguments = ARGUMENTS["text.classifier"]
    plain, explained = (build("text.classifier", **arguments, explained=x) for x in (False, True))
    explained.set_weights(plain.get_weights())
    arrays = inputs("text.classifier", [4, 1], 6)
    found = outputs(explained, arrays)
    np.testing.assert_allclose(found["logits"], outputs(plain, arrays)["logits"], atol=1e-6)
    np.testing.assert_allclose(found["attention"].sum(axis=1), 1, atol=1e-6)
    assert not found["attention"][0, 4:].any() and not found["attention"][1, 1:].any()
    with pytest.raises(RecipeError, match="pooling='max'"):
        build("text.classifier", **arguments, pooling="max", explained=True)
    with pytest.raises(ValueError, match="use attention"):
        SequencePooling("mean", return_weights=True)
