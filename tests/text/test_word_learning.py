"""Reading, preparing, learning and scoring labelled texts, tagged sentences and sounds."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text import made_words as made
from zoo.datasets import cmudict, imdb, names_by_language, snips, ud_english_ewt
from zoo.errors import DataError, RecipeError
from zoo.loading import load
from zoo.measuring import evaluate
from zoo.processing.vocabulary import FIRST
from zoo.processing.words import WordCodec
from zoo.training import intent_and_slots, tagging, text_classification, transduction
from zoo.training.alignment import align
from zoo.training.batches import Batches
from zoo.training.coded_texts import CodedTexts
from zoo.training.fit import fit_recipe
from zoo.training.made_texts import MadeTexts
from zoo.training.slot_swaps import SwappedRequests

DATA: dict[str, Any] = {
    "reviews": made.reviews(),
    "names-rnn": made.names(),
    "snips-bilstm": made.sentences(),
    "ewt-pos-bilstm": made.sentences(),
    "g2p-lstm": made.words(),
}
LEARNING: dict[str, Any] = {
    "reviews": text_classification,
    "names-rnn": text_classification,
    "snips-bilstm": intent_and_slots,
    "ewt-pos-bilstm": tagging,
    "g2p-lstm": transduction,
}


def test_names_are_read_once_a_language_and_split_by_name(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / names_by_language.ARCHIVE, "w:gz") as archive:
        for language, lines in {"B": "Ann\nAnn \n\nBob\n", "A": "Ann\n"}.items():
            member = tarfile.TarInfo(f"names/{language}.txt")
            member.size = len(lines)
            archive.addfile(member, io.BytesIO(lines.encode()))
    data = names_by_language.read(tmp_path)
    assert data.texts == ("Ann", "Ann", "Bob") and data.label_names == ("A", "B")
    assert data.labels.tolist() == [0, 1, 1]
    with pytest.raises(DataError, match="names"):
        names_by_language.read(tmp_path / "none")


@given(st.dictionaries(st.sampled_from("ABC"), st.lists(st.text(max_size=3)), min_size=1))
def test_no_name_is_in_two_parts(lists: dict[str, list[str]]) -> None:
    data = names_by_language.split(lists)
    parts: dict[str, set[str]] = {}
    for text, part in zip(data.texts, data.splits, strict=True):
        parts.setdefault(text, set()).add(str(part))
    assert all(len(found) == 1 for found in parts.values())
    assert len({*zip(data.texts, data.labels.tolist(), strict=True)}) == len(data)


def test_reviews_are_read_and_those_of_the_test_part_not_learned(tmp_path: Path) -> None:
    lines = {"train": "0\t1\t7\tA bad  one\n1\t9\t8\tgood\n", "test": "0\t2\t0\ta Bad one\n"}
    for part, text in lines.items():
        (tmp_path / f"imdb.{part}.tsv.xz").write_bytes(lzma.compress(text.encode()))
    data = imdb.read(tmp_path)
    assert data.texts == ("good", "a Bad one") and data.labels.tolist() == [1, 0]
    assert data.splits[0] in ("train", "validation") and data.splits[1] == "test"
    for wrong in (b"no xz", lzma.compress(b"2\t1\t7\ttext"), lzma.compress(b"0\ttext")):
        (tmp_path / "imdb.test.tsv.xz").write_bytes(wrong)
        with pytest.raises(DataError, match=r"imdb\.test\.tsv\.xz"):
            imdb.read(tmp_path)


def test_conllu_and_requests_are_read(tmp_path: Path) -> None:
    conllu = (
        "# text = don't go\n1-2\tdon't\t_\t_\n1\tdo\tdo\tAUX\n2\tn't\tnot\tPART\n2.1\tx\tx\tX\n"
        "3\tgo\tgo\tVERB\n\n1\tYes\tyes\tINTJ\n"
    )
    for name in ("train", "dev", "test"):
        packed = gzip.compress(conllu.encode())
        (tmp_path / f"en_ewt-ud-{name}.conllu.gz").write_bytes(packed)
    data = ud_english_ewt.read(tmp_path)
    assert data.test.sentences == (("do", "n't", "go"), ("Yes",))
    assert data.test.tags == (("AUX", "PART", "VERB"), ("INTJ",))
    for name in ("train", "valid", "test"):
        (tmp_path / f"snips.{name}.tsv").write_text("Play\tplay abba\tO B-artist\n")
    assert snips.read(tmp_path).train.labels == ("Play",)
    for lines in (["Play\tplay abba\tO"], ["play"], []):
        with pytest.raises(DataError, match="Received"):
            snips.parse(lines)
    with pytest.raises(DataError, match="line 1"):
        ud_english_ewt.parse(["no columns"])
    (tmp_path / "snips.test.tsv").unlink()
    with pytest.raises(DataError, match=r"snips\.test\.tsv"):
        snips.read(tmp_path)


def test_a_dictionary_is_read_without_stress_and_split_by_word(tmp_path: Path) -> None:
    lines = "a AH0\na(2) EY1\na(3) AH1\nx-ray EH1 K S R EY2 # comment\n\n"
    (tmp_path / "cmudict.dict").write_text(lines)
    data = cmudict.read(tmp_path)
    words = {**data.train, **data.validation, **data.test}
    assert words == {"a": (("AH",), ("EY",)), "x-ray": (("EH", "K", "S", "R", "EY"),)}
    assert len(data.train) + len(data.validation) + len(data.test) == 2
    for wrong in ([], ["word"]):
        with pytest.raises(DataError, match="Received"):
            cmudict.parse(wrong)


def test_letters_are_aligned_with_the_sounds_they_make() -> None:
    pairs = [(word, phones) for word, (phones,) in made.words().train.items()]
    found = align([word for word, _ in pairs], [phones for _, phones in pairs])
    for (word, _), chunks in zip(pairs, found, strict=True):
        assert chunks is not None
        assert [" ".join(chunk) for chunk in chunks] == [made.SOUNDS[c] for c in word]
    assert align(["a", "", "a"], [("A", "B", "C"), ("A",), ()]) == [None, None, None]


@given(st.integers(1, 40), st.integers(1, 9), st.integers(0, 3), st.booleans())
def test_batches_of_like_length_hold_every_example_once(
    count: int, size: int, epoch: int, shuffle: bool
) -> None:
    lengths = np.random.default_rng(count).integers(1, 6, count)

    class Numbers:
        def __len__(self) -> int:
            return count

        def take(self, indices: np.ndarray, rng: Any) -> tuple[Any, Any]:
            return indices, None

    batches = Batches(Numbers(), size, 1, shuffle, lengths)
    batches.epoch = epoch
    taken = [batches[i][0] for i in range(len(batches))]
    assert sorted(np.concatenate(taken).tolist()) == list(range(count))
    assert all(len(batch) == size for batch in taken[:-1])
    longest = [int(lengths[batch].max()) for batch in taken]
    # Keras learns from the first two batches whether the time axis is open.
    assert len({*longest}) == 1 or longest[0] != longest[1]


def test_slots_get_other_values_of_the_same_name() -> None:
    data = made.requests(40)
    tags = sorted({tag for row in data.tags for tag in row})
    codec = WordCodec.fit(data.sentences, 1, True, 12)
    rng = np.random.default_rng(0)
    known = {*zip(data.sentences, data.tags, strict=True)}
    for rate, wanted in ((0.0, 1), (1.0, 3)):
        source = SwappedRequests(codec, data, tags, ("Play", "Weather"), 0.0, rate)
        seen = set()
        for _ in range(40):
            words, characters, codes = source.row(0, rng)
            assert len(words) == len(characters) == len(codes)
            sentence = tuple(codec.words.items[code - FIRST] for code in words)
            assert (sentence, tuple(tags[code - 1] for code in codes)) in known
            seen.add(sentence)
        assert len(seen) == wanted


@pytest.mark.parametrize("model_id", DATA)
def test_a_problem_fits_builder_and_task(model_id: str) -> None:
    recipe = made.recipe(model_id)
    problem = LEARNING[model_id].prepare(recipe, DATA[model_id])
    inputs, _ = problem.train[0]
    again, _ = problem.train[0]
    for name, array in inputs.items():
        np.testing.assert_array_equal(array, again[name])
        assert array.dtype == np.int32
    kept = LEARNING[model_id].prepare(recipe, DATA[model_id], None, problem.processing)
    assert kept.processing == problem.processing
    with pytest.raises(RecipeError, match="groups"):
        LEARNING[model_id].prepare(recipe, DATA[model_id], "x")
    options = {**recipe.training.options, "mixup": 1}
    odd = replace(recipe, training=replace(recipe.training, options=options))
    with pytest.raises(RecipeError, match="'mixup'"):
        LEARNING[model_id].prepare(odd, DATA[model_id])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@pytest.mark.parametrize("model_id", DATA)
def test_a_small_model_learns_is_scored_and_answers(model_id: str, tmp_path: Path) -> None:
    recipe, data = made.recipe(model_id, epochs=6), DATA[model_id]
    path = made.path(model_id)
    run = fit_recipe(recipe, path, tmp_path / "model", data=data, verbose=0)
    assert run.history[-1]["val_loss"] < run.history[0]["val_loss"]
    (tmp_path / "model" / "recipe.toml").write_text(made.small(model_id))
    trained = load(tmp_path / "model")
    metrics = evaluate(trained, data=data)
    assert sum(metric.primary for metric in metrics) == 1
    assert all(0 <= metric.value <= 1 and metric.baselines for metric in metrics)
    assert trained.predict("abc").to_dict()
    for wrong in ("dev", "train_and_test"):
        with pytest.raises(DataError, match=wrong):
            evaluate(trained, data=data, split=wrong)


@pytest.mark.parametrize(
    ("model_id", "good", "bad"),
    [
        (
            "names-rnn",
            "text,label\n" + "\n".join(f'"na,\nme{i}",{"ab"[i % 2]}' for i in range(10)),
            {
                "text\na\n": "text and label",
                "": "text and label",
                "text,label\n ,a\n": "text in line 2",
                'text,label\n"b\nb",a\nx\n': "label in line 4",
                "text,label\n" + "x,a\n" * 9: "two labels",
                "text,label\n" + "x,a\n" * 9 + "y,b\n": "five texts",
            },
        ),
        (
            "snips-bilstm",
            "\n".join(f"Go\tgo {i}\tO B-n" for i in range(6)),
            {"Go\tgo": "line 1", "Go\tgo\tO": "at least five"},
        ),
        (
            "ewt-pos-bilstm",
            "\n\n".join(f"1\tword{i}\t_\tNOUN" for i in range(6)),
            {"a b c": "line 1", "1\ta\t_\tX": "at least five"},
        ),
        (
            "g2p-lstm",
            "\n".join(f"a{c} AA B" for c in "abcxh"),
            {"word": "line 1", "a AH": "at least five"},
        ),
    ],
)
def test_own_data_is_read_or_refused(
    model_id: str, good: str, bad: dict[str, str], tmp_path: Path
) -> None:
    path, recipe = tmp_path / "own", made.recipe(model_id)
    read = LEARNING[model_id].read_own_data
    path.write_text(good)
    processing = LEARNING[model_id].prepare(recipe, DATA[model_id]).processing
    data = read(path, recipe, processing)
    assert len(LEARNING[model_id].prepare(recipe, data, None, processing).train)
    for text, says in bad.items():
        path.write_text(text)
        with pytest.raises(DataError, match=says):
            read(path, recipe, processing)
    path.write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(DataError, match="UTF-8"):
        read(path, recipe, processing)


def test_made_up_texts_have_the_neighbours_of_their_class() -> None:
    rows = [np.array([2, 3, 4]), np.array([2, 3, 5, 5]), np.array([6, 7])]
    made = MadeTexts(rows, np.array([0, 0, 1]), context=2, longest=6)
    rng = np.random.default_rng(0)
    pairs = {(2, 3), (3, 4), (3, 5), (5, 5)}
    for _ in range(50):
        codes = made.draw(0, rng).tolist()
        assert codes[0] == 2 and 1 <= len(codes) <= 6
        assert {*pairwise(codes)} <= pairs
        assert made.draw(1, rng).tolist() == [6, 7]


def test_a_long_text_is_learned_in_windows_of_itself() -> None:
    rows, targets = [np.arange(2, 22), np.arange(2, 5)], np.eye(2, dtype=np.float32)[[1, 0]]
    source = CodedTexts(rows, targets, window=6, pad_to=4)
    starts = set()
    for seed in range(40):
        inputs, wanted = source.take(np.array([0, 1]), np.random.default_rng(seed))
        assert inputs["tokens"].shape == (2, 8) and inputs["lengths"].tolist() == [6, 3]
        first = int(inputs["tokens"][0, 0])
        assert inputs["tokens"][0, :6].tolist() == list(range(first, first + 6))
        starts.add(first)
        assert wanted.tolist() == [[0, 1], [1, 0]]
    assert starts == set(range(2, 17))


def test_the_validation_part_may_be_learned_too() -> None:
    recipe = made.recipe("reviews")
    sizes = []
    for both in (False, True):
        options = {**recipe.training.options, "with_validation": both}
        changed = replace(recipe, training=replace(recipe.training, options=options))
        problem = text_classification.prepare(changed, made.reviews())
        sizes.append((len(problem.train.source), len(problem.validation.source)))
    (train, validation), (more, same) = sizes
    assert more == train + validation and same == validation


def test_the_first_two_batches_differ_in_length_whatever_is_made_up() -> None:
    rows = [np.full(3, 2), np.full(4, 2)] * 8
    source = CodedTexts(rows, np.ones((16, 1), np.float32), made_rate=1.0)
    lengths = np.array([len(row) for row in rows])
    for seed in range(20):
        batches = Batches(source, 4, seed, lengths=lengths)
        widths = [batches[i][0]["tokens"].shape[1] for i in (0, 1)]
        assert widths[0] != widths[1]
        assert all(batches[1][0]["lengths"] <= widths[1])
