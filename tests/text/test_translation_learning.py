"""Reading parallel texts, learning them, and scoring translations."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from zoo.datasets import multi30k
from zoo.datasets.multi30k import ParallelTexts
from zoo.errors import DataError, RecipeError
from zoo.evaluation.translation import evaluate
from zoo.loading import load
from zoo.model_card import Recipe, read_recipe
from zoo.processing.subwords import END, START, UNKNOWN
from zoo.tasks import Arrays
from zoo.tasks.translation import from_processing
from zoo.training.fit import fit_recipe
from zoo.training.translation import Pairs, PieceCrossentropy, prepare, read_own_data

RECIPE = Path(__file__).parents[2] / "zoo" / "pretrained" / "de-en-gru" / "recipe.toml"
WORDS = {"ein": "a", "hund": "dog", "kind": "child", "rennt": "runs", "sieht": "sees"}
SMALL = {"units": 6, "decoder_units": 8, "embedding": 6}


def texts(count: int, seed: int) -> dict[str, tuple[str, ...]]:
    """German texts of random words, and the same in English word by word."""
    rng = np.random.default_rng(seed)
    rows = [rng.choice([*WORDS], int(rng.integers(1, 5))) for _ in range(count)]
    return {
        "de": tuple(" ".join(row) for row in rows),
        "en": tuple(" ".join(WORDS[word] for word in row) for row in rows),
    }


DATA = ParallelTexts(texts(40, 1), texts(12, 2), texts(8, 3))


def recipe(**options: Any) -> Recipe:
    found = read_recipe(RECIPE)
    changed = {**found.training.options, **options}
    training = replace(found.training, epochs=2, batch_size=10, options=changed)
    model = replace(found.model, arguments={**found.model.arguments, **SMALL})
    processing = {**found.processing, "size": 40, "minimum_count": 1}
    return replace(found, model=model, training=training, processing=processing)


def test_parallel_texts_are_read_line_by_line(tmp_path: Path) -> None:
    lines = {"train": "a\nb\nc\n", "val": "x\nc\n", "test_2016_flickr": "y"}
    for code in multi30k.LANGUAGES:
        for name, text in lines.items():
            own = text if name == "test_2016_flickr" else text.replace("c", f"c{code}")
            path = tmp_path / f"{name}.{code}.gz"
            path.write_bytes(gzip.compress(own.replace("b", f"y{code}"[:1]).encode()))
    data = multi30k.read(tmp_path)
    assert data.train == dict.fromkeys(multi30k.LANGUAGES, ("a",))  # b and c stand elsewhere
    assert data.validation["de"] == ("x", "cde") and data.test["fr"] == ("y",)
    (tmp_path / "val.fr.gz").write_bytes(gzip.compress(b"x\n"))
    with pytest.raises(DataError, match="lines of validation"):
        multi30k.read(tmp_path)
    (tmp_path / "val.fr.gz").unlink()
    with pytest.raises(DataError, match=r"val\.fr"):
        multi30k.read(tmp_path)


def test_the_decoder_is_told_the_right_piece_before_each_step() -> None:
    problem = prepare(recipe(unknown_rate=0.0, forget_rate=0.0, merge_dropout=0.0), DATA)
    task = from_processing(problem.processing)
    pairs = list(zip(DATA.train["de"], DATA.train["en"], strict=True))
    source = Pairs(task, pairs, {})
    inputs, answers = source.take(np.arange(40), np.random.default_rng(0))
    assert inputs["tokens"].shape == answers.shape and answers.shape[1] % 8 == 0
    for row, (german, english) in enumerate(pairs):
        length = int((answers[row] > 0).sum())
        assert answers[row, length - 1] == END
        assert task.codec.decode(answers[row, : length - 1]) == english
        assert inputs["previous"][row, :length].tolist() == [START, *answers[row, : length - 1]]
        assert task.codec.decode(inputs["tokens"][row, : inputs["lengths"][row]]) == german


def test_hidden_and_respelled_pieces_leave_the_answers_right() -> None:
    problem = prepare(recipe(unknown_rate=0.3, forget_rate=0.3, merge_dropout=0.5), DATA)
    task = from_processing(problem.processing)
    wanted = {*DATA.train["en"]}
    inputs, answers = problem.train.source.take(np.arange(40), np.random.default_rng(0))
    assert {task.codec.decode(row[row > END]) for row in answers} == wanted
    assert (answers > END).sum() > sum(len(task.codec.encode(x)) for x in DATA.train["en"])
    hidden = inputs["previous"] == UNKNOWN
    assert 0.1 < hidden[answers > 0].mean() < 0.5 and not hidden[:, 0].any()
    shares = inputs["tokens"][inputs["tokens"] > 0] == UNKNOWN
    assert 0.1 < shares.mean() < 0.5


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_the_loss_is_the_mean_of_real_steps(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2, 3, 5)).astype(np.float32)
    wanted = np.array([[4, 3, 0], [2, 0, 0]])
    one_hot = np.eye(5, dtype=np.float32)[wanted]
    steps = keras.losses.categorical_crossentropy(
        one_hot, logits, from_logits=True, label_smoothing=smoothing
    )
    loss = PieceCrossentropy(smoothing)
    assert float(loss(wanted, logits)) == pytest.approx(np.asarray(steps)[wanted > 0].mean(), 1e-5)
    assert PieceCrossentropy.from_config(loss.get_config()).label_smoothing == smoothing


@pytest.mark.slow
def test_a_translator_learns_and_is_loaded_again(tmp_path: Path) -> None:
    lines = RECIPE.read_text(encoding="utf-8").split("\n")
    for name, value in SMALL.items():
        lines = [f"{name} = {value}" if x.startswith(f"{name} = ") else x for x in lines]
    (tmp_path / "small.toml").write_text("\n".join(lines), encoding="utf-8")
    run = fit_recipe(recipe(), tmp_path / "small.toml", tmp_path / "made", data=DATA, verbose=0)
    assert run.history[1]["val_loss"] < run.history[0]["val_loss"]
    trained = load(tmp_path / "made")
    assert set(trained.model.output_names) == {"logits", "attention"}
    told = trained.predict("ein hund", beams=1).to_dict()
    assert len(told["source"]) == len(told["candidates"][0]["attention"][0])


def test_perfect_translations_score_all_and_copies_little() -> None:
    task = from_processing(prepare(recipe(), DATA).processing)
    known = {code: tuple(x + " ein kind" for x in DATA.test[code]) for code in ("de", "en")}
    data = replace(DATA, test=known)

    def run(arrays: Arrays) -> Arrays:
        logits = np.zeros((*arrays["previous"].shape, len(task.codec)), np.float32)
        for row, codes in enumerate(arrays["tokens"]):
            german = task.codec.decode(codes[codes > 0])
            right = [*task.codec.encode(known["en"][known["de"].index(german)]), END]
            logits[row, -1, right[min(arrays["previous"].shape[1], len(right)) - 1]] = 99
        return {"logits": logits}

    bleu, chrf = evaluate(task, run, data, beams=1)
    assert bleu.value == pytest.approx(100) and chrf.value == pytest.approx(100)
    assert bleu.details["bleu_lowercase"] == pytest.approx(100)
    assert bleu.baselines["copy_source"] < 60 and "greedy" in bleu.protocol
    with pytest.raises(DataError, match="left of the part 'nothing'"):
        evaluate(task, run, data, "nothing")
    with pytest.raises(DataError, match="no groups"):
        evaluate(task, run, data, "test", "group")


def test_own_pairs_are_read_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.tsv"
    processing = prepare(recipe(), DATA).processing
    rows = [f"{german}\t{english}" for german, english in zip(*texts(20, 5).values(), strict=True)]
    path.write_text("\n".join(rows))
    data = read_own_data(path, recipe(), processing)
    assert (len(data.train["de"]), len(data.validation["en"])) == (18, 2)
    assert prepare(recipe(), data, None, processing).processing == processing
    for text, says in {"one": "row 1", "a\t ": "row 1", "a\tb\n" * 9: "at least ten"}.items():
        path.write_text(text)
        with pytest.raises(DataError, match=says):
            read_own_data(path, recipe(), processing)
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="UTF-8"):
        read_own_data(path, recipe(), processing)


def test_what_cannot_be_learned_is_refused() -> None:
    with pytest.raises(RecipeError, match="'colour'"):
        prepare(recipe(colour=1), DATA)
    with pytest.raises(RecipeError, match="no groups"):
        prepare(recipe(), DATA, "group")
    with pytest.raises(DataError, match="empty or too long"):
        prepare(recipe(), replace(DATA, train={"de": ("", "kind"), "en": ("child", "")}))
