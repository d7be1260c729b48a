"""The language model: forms, learning, losses."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tests.text.made import recipe, text
from zoo.builders import build
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.language_model import evaluate
from zoo.evaluation.ngram import Ngram
from zoo.processing.text import Characters
from zoo.tasks import Arrays
from zoo.tasks.language_model import LanguageModel
from zoo.training.language_model import prepare, read_own_data
from zoo.training.windows import Windows

CODEC = {"kind": "characters", "vocabulary": "\n .abcdefghijklmnopqrstuvwxyz"}


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_streaming_form_equals_the_whole_in_any_chunking(cell: str, tied: bool) -> None:
    arguments = {"vocabulary_size": 11, "cell": cell, "units": 7, "layers": 2, "embedding": 5}
    arguments |= {"tied": tied}
    arguments |= {"dropout": 0.5, "input_dropout": 0.5, "recurrent_dropout": 0.5}
    whole = build("text.language_model", **arguments)
    streaming = build("text.language_model", **arguments, streaming=True)
    streaming.set_weights(whole.get_weights())
    rng = np.random.default_rng(0)
    for _ in range(3):
        batch, time = rng.integers(1, 4), rng.integers(2, 12)
        tokens = rng.integers(0, 11, (batch, time)).astype(np.int32)
        states = {
            t.name: np.zeros((batch, 7), np.float32) for t in streaming.inputs if t.name != "tokens"
        }
        pieces = []
        for start, end in pairwise(sorted({0, *rng.integers(1, time, 2).tolist(), int(time)})):
            outputs = streaming({"tokens": tokens[:, start:end], **states})
            states = {name: np.asarray(outputs[f"next_{name}"]) for name in states}
            pieces.append(np.asarray(outputs["logits"]))
        np.testing.assert_allclose(
            np.concatenate(pieces, axis=1), np.asarray(whole(tokens)), atol=1e-6
        )


def test_tied_logits_are_products_with_the_vectors_of_the_embedding() -> None:
    model = build("text.language_model", vocabulary_size=11, units=7, embedding=5, tied=True)
    names = {weight.path for weight in model.weights}
    assert {"embedding/embeddings", "embedding/bias"} <= names and "logits/kernel" not in names
    table = model.get_layer("embedding")
    features = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    table.bias.assign(np.arange(11.0))
    np.testing.assert_allclose(
        np.asarray(table(features, reverse=True)),
        features @ np.asarray(table.embeddings).T + np.arange(11.0),
        rtol=1e-5,
    )


def test_windows_cover_the_text_and_shift_within_it() -> None:
    codes = np.arange(100, dtype=np.int32)
    plain = Windows(codes, 8, shift=False)
    x, y = plain.take(np.arange(len(plain)), np.random.default_rng(0))
    assert (y == x + 1).all() and x.ravel().tolist() == list(range(96))
    shifted, following = Windows(codes, 8, shift=True).take(
        np.arange(len(plain)), np.random.default_rng(0)
    )
    assert (following == shifted + 1).all() and following.max() <= 99
    assert len({int(row[0]) % 8 for row in shifted}) > 1


def test_prepare_fits_on_the_training_part_and_keeps_a_given_codec() -> None:
    data = text()
    problem = prepare(recipe(), data)
    assert problem.arguments == {"vocabulary_size": len(set(data.train))}
    kept = {"kind": "characters", "vocabulary": "".join(sorted(set(data.whole) | {"Z"}))}
    assert prepare(recipe(), data, None, kept).processing == kept
    made = recipe()
    options = {**made.training.options, "with_validation": True}
    both = prepare(replace(made, training=replace(made.training, options=options)), data)
    assert len(both.train.source) > len(problem.train.source)
    assert len(both.validation.source) == len(problem.validation.source)
    with pytest.raises(RecipeError, match="no groups"):
        prepare(recipe(), data, "Hamlet")


def test_own_text_must_be_long_enough(tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("too short")
    with pytest.raises(DataError, match="9 characters"):
        read_own_data(path, recipe(), CODEC)
    path.write_bytes(b"\xff\xfe\x00bad" * 200)
    with pytest.raises(DataError, match="UTF-8"):
        read_own_data(path, recipe(), CODEC)
    path.write_text("A capital letter. " * 100)
    with pytest.raises(InputError, match="'A' at position 0"):
        read_own_data(path, recipe(), CODEC)
    path.write_text("a fine line.\n" * 100)
    assert read_own_data(path, recipe(), CODEC).whole == "a fine line.\n" * 100


def test_ngrams_are_distributions_and_match_a_count_by_hand() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 200)
    for order in (1, 2, 3):
        model = Ngram(codes, order, 4)
        context = rng.integers(0, 4, 5)
        total = sum(np.exp(-model.losses(np.append(context, c))[-1]) for c in range(4))
        assert total == pytest.approx(1)
    unigram = Ngram(np.array([0, 0, 1]), 1, 3)
    # counts 2, 1, 0; two kinds seen; uniform below: (2 + 2/3) / 5 for symbol 0
    assert np.exp(-unigram.losses(np.array([2, 0]))[0]) == pytest.approx((2 + 2 / 3) / 5)


def test_losses_are_those_of_the_network() -> None:
    data = text(160)
    task = LanguageModel(Characters.fit(data.whole))
    size = len(task.codec.vocabulary)

    def flat(arrays: Arrays) -> Arrays:
        return {"logits": np.zeros((*arrays["tokens"].shape, size), np.float32)}

    windows, carried = evaluate(task, flat, data)
    assert windows.value == pytest.approx(np.log(size))
    assert carried.value == pytest.approx(np.log(size))
    assert windows.primary and not carried.primary
    assert windows.details["bits_per_character"] == pytest.approx(np.log2(size))
    assert carried.baselines["5_gram"] < carried.baselines["1_gram"] < np.log(size)
    with pytest.raises(DataError, match="needed are 257"):
        evaluate(task, flat, text(10))


def _counting(arrays: Arrays) -> Arrays:
    """Logits that depend on everything read so far."""
    before = arrays.get("state_0", np.zeros((len(arrays["tokens"]), 1), np.float32))
    after = before + (arrays["tokens"] * np.arange(1, 1 + arrays["tokens"].shape[1])).sum(
        axis=1, keepdims=True, dtype=np.float32
    )
    logits = np.cos(after * np.arange(1.0, 30.0, dtype=np.float32))
    return {
        "logits": np.repeat(logits[:, None], arrays["tokens"].shape[1], axis=1),
        "next_state_0": after,
    }


@pytest.mark.parametrize("length", [0, 1, 7])
def test_several_prompts_are_continued_as_one_by_one(length: int) -> None:
    task = LanguageModel(Characters.from_processing(CODEC))
    prompts = ["abc", "x", "a b", "hello there", "x"]
    together = task.predict_many(_counting, prompts, length=length, seed=4, top_k=5)
    assert together == [
        task.predict(_counting, prompt, length=length, seed=4, top_k=5) for prompt in prompts
    ]
    for bad, options in ([], {}), (["a", ""], {}), (["a"], {"length": -1}):
        with pytest.raises(InputError, match="Received"):
            task.predict_many(_counting, bad, **options)
