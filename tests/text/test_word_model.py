"""A language model of words: words to codes and back, learning, completing, perplexity."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.text.made import recipe, text
from zoo.datasets import wikitext_2
from zoo.errors import DataError, InputError, RecipeError
from zoo.evaluation.kneser_ney import KneserNey
from zoo.evaluation.word_model import evaluate
from zoo.model_card import Recipe
from zoo.processing.running_words import RunningWords
from zoo.tasks import Arrays, load_task
from zoo.tasks.word_model import WordModel, from_processing
from zoo.training.fit import fit_recipe
from zoo.training.word_model import prepare, read_own_data

LINE = "the , . <unk> <eos> cat 's well @-@ known 12 @,@ 000 ( ) U.S. didn 't"
WORDS = LINE.split()
CODEC = RunningWords(WORDS)


def word_recipe(**training: Any) -> Recipe:
    made = recipe({"embedding": 8, "cutoffs": [4, 10], "narrowing": 2}, **training)
    options = {"window": 8}
    learning = replace(made.training, options=options)
    return replace(made, task="word_model", targets={}, training=learning)


def test_written_text_is_cut_as_the_corpus_is_and_put_together_again() -> None:
    written = "the well-known cat's ( 12,000 ) U.S. cat\ndidn't"
    cut = "the well @-@ known cat 's ( 12 @,@ 000 ) U.S. cat <eos> didn 't"
    codes = CODEC.encode(written)
    assert [WORDS[code] for code in codes] == cut.split(" ")
    assert CODEC.decode(codes) == "the well-known cat's (12,000) U.S. cat\ndidn't"
    assert (CODEC.encode("dog, cat.") == CODEC.encode("<unk> , cat .")).all()


@given(st.lists(st.integers(0, len(WORDS) - 1), max_size=12), st.integers(0, 12))
def test_text_in_pieces_is_the_text(codes: list[int], cut: int) -> None:
    row = np.array(codes, np.int32)
    whole = CODEC.decode(row)
    assert CODEC.decode(row[:cut]) + CODEC.decode(row[cut:], row[:cut]) == whole
    spaced = " ".join("\n" if WORDS[code] == "<eos>" else WORDS[code] for code in codes)
    assert CODEC.encode(spaced).tolist() == codes


def test_the_vocabulary_is_sorted_by_frequency_and_kept() -> None:
    codec = RunningWords.fit("b a b\nb a\n")
    assert codec.vocabulary == ("b", "<eos>", "a", "<unk>")
    again = RunningWords.from_processing(codec.to_processing())
    assert again.vocabulary == codec.vocabulary
    for broken in ({"kind": "characters", "vocabulary": "a"}, {"kind": "running_words"}):
        with pytest.raises(RecipeError):
            RunningWords.from_processing(broken)
    for words in (["a", "b"], ["<unk>", "<eos>", "a", "a"]):
        with pytest.raises(RecipeError, match="must stand there once"):
            RunningWords(words)


def test_the_corpus_is_read_packed_and_plain(tmp_path: Path) -> None:
    for name in ("train", "valid"):
        path = tmp_path / f"wiki.{name}.tokens.gz"
        path.write_bytes(gzip.compress(f" {name} é \n".encode()))
    with pytest.raises(DataError, match=r"wiki\.test\.tokens"):
        wikitext_2.read(tmp_path)
    (tmp_path / "wiki.test.tokens").write_text(" plain \n", encoding="utf-8")
    data = wikitext_2.read(tmp_path)
    assert (data.train, data.validation, data.test) == (" train é \n", " valid é \n", " plain \n")


@pytest.mark.parametrize("order", [1, 2, 3])
def test_kneser_ney_is_a_distribution_after_any_context(order: int) -> None:
    codes = np.minimum(np.random.default_rng(0).geometric(0.3, 300) - 1, 5)
    model = KneserNey(codes, order, 7)
    for context in ([0, 0], [5, 5], [6, 6], [0, 6]):
        losses = [model.losses(np.array([*context, code]))[-1] for code in range(7)]
        assert np.exp(-np.array(losses)).sum() == pytest.approx(1)


def test_kneser_ney_counts_contexts_and_not_occurrences() -> None:
    # "b" stands often but after "a" alone; "c" stands after three others: after a context that
    # was never seen, "c" is the likelier one (the "San Francisco" of Kneser and Ney).
    codes = np.array([0, 1] * 20 + [2, 3, 2, 4, 2, 5, 2] * 2)
    bigram, unigram = KneserNey(codes, 2, 7), KneserNey(codes, 1, 7)
    b, c = (bigram.losses(np.array([6, code]))[0] for code in (1, 2))
    assert c < b
    assert unigram.losses(np.array([6, 1]))[0] < unigram.losses(np.array([6, 2]))[0]


def test_perplexity_is_that_of_the_network() -> None:
    data = text(60)
    task = WordModel(RunningWords.fit(data.train))
    size = len(task.codec.vocabulary)

    def flat(arrays: Arrays) -> Arrays:
        return {"logits": np.zeros((*arrays["tokens"].shape, size), np.float32)}

    (found,) = evaluate(task, flat, data)
    assert found.value == pytest.approx(size) and found.primary
    assert 1 < found.baselines["kneser_ney_5_gram"] < found.baselines["kneser_ney_1_gram"] < size
    with pytest.raises(DataError, match="2 or more"):
        evaluate(task, flat, replace(data, test="one"))


@pytest.mark.slow
def test_a_model_of_words_learns(tmp_path: Path) -> None:
    data = text(80)
    made = word_recipe(epochs=3, learning_rate=0.05)
    path = tmp_path / "recipe.toml"
    path.write_text("", encoding="utf-8")
    run = fit_recipe(made, path, tmp_path / "out", data=data, verbose=0)
    losses = [row["val_loss"] for row in run.history]
    assert losses[-1] < 0.9 * losses[0]


def test_groups_and_short_texts_are_refused(tmp_path: Path) -> None:
    data = text()
    with pytest.raises(RecipeError, match="no groups"):
        prepare(word_recipe(), data, "Hamlet")
    kept = RunningWords.fit(data.whole + "more").to_processing()
    assert prepare(word_recipe(), data, None, kept).processing == kept
    path = tmp_path / "mine.txt"
    path.write_text("too few words", encoding="utf-8")
    with pytest.raises(DataError, match="3 words"):
        read_own_data(path, word_recipe(), kept)
    path.write_text("to be or not to be , " * 100, encoding="utf-8")
    assert read_own_data(path, word_recipe(), kept).train.startswith("to be")


def counting(arrays: Arrays) -> Arrays:
    """Logits that depend on everything read so far."""
    tokens = arrays["tokens"]
    before = arrays.get("state_0", np.zeros((len(tokens), 1), np.float32))
    after = before + np.cumsum(tokens + 1, axis=1, dtype=np.float32)
    logits = np.cos(after[..., None] * np.arange(1.0, 1 + len(WORDS), dtype=np.float32))
    return {"logits": logits, "next_state_0": after[:, -1:]}


def test_what_stands_for_unknown_words_is_never_written() -> None:
    task, unknown = from_processing(CODEC.to_processing()), WORDS.index("<unk>")

    def certain(arrays: Arrays) -> Arrays:
        found = counting(arrays)
        found["logits"][..., unknown] = 50
        return found

    for options in ({"temperature": 0.0}, {"seed": 1, "top_k": 3}, {"beams": 2}):
        written = task.predict(certain, "the dog", length=12, likely=1, **options)
        assert "<unk>" not in written.text and written.likely["<unk>"] > 0.99


def test_a_sentence_is_completed_and_likely_words_are_named() -> None:
    task = from_processing(CODEC.to_processing())
    whole = task.predict(counting, "the dog, (", length=9, seed=3, likely=4)
    assert "".join(task.stream(counting, "the dog, (", length=9, seed=3)) == whole.text
    assert len(CODEC.encode(str(whole).split("\n   ")[0])) >= 9
    assert len(whole.likely) == 4 and set(whole.likely) <= set(WORDS)
    shares = list(whole.likely.values())
    assert shares == sorted(shares, reverse=True) and 0 < sum(shares) < 1
    assert whole.to_dict()["likely"] == whole.likely
    assert "likely" not in task.predict(counting, "the", length=1).to_dict()
    for bad, match in (("  ", "at least one word"), (3, "text prompt")):
        with pytest.raises(InputError, match=match):
            task.predict(counting, bad)
    with pytest.raises(InputError, match="likely"):
        task.predict(counting, "the", likely=-1)


@given(
    st.lists(st.sampled_from(["the", " ", "\n", "cat", "'s", "well-", "known", ","]), max_size=9)
)
def test_a_text_read_in_any_pieces_is_read_alike(pieces: list[str]) -> None:
    task = load_task("word_model", CODEC.to_processing())
    assert isinstance(task, WordModel)

    def read(chunks: list[str]) -> tuple[float, int, dict[str, float]]:
        reader, states = task.reader(False), dict[str, np.ndarray]()
        nats, words, likely = 0.0, 0, dict[str, float]()
        for chunk in [*chunks, None]:
            arrays = reader.rest() if chunk is None else reader.arrays(chunk)
            if arrays is None:
                continue
            outputs = counting({**arrays, **states})
            states = {"state_0": outputs["next_state_0"]}
            said = reader.answer(outputs)
            nats, words, likely = nats + said.nats, words + said.predicted, said.likely
            again = task.reader(False)
            again.restore(reader.state())
            reader = again
        return nats, words, likely

    whole, cut = read(["".join(pieces)]), read(pieces)
    assert cut[1:] == whole[1:]
    assert cut[0] == pytest.approx(whole[0])
