"""Pictures of answers: words shaded by weight, and classes taken for one another."""

from __future__ import annotations

from pathlib import Path

import pytest

from zoo.errors import InputError
from zoo.plots.attention import _lines, save_attention
from zoo.plots.attention_map import save_attention_map
from zoo.plots.confusion import save_confusion
from zoo.tasks.text_classification import ExplainedLabel
from zoo.tasks.translation import Candidate, Translated

PNG = b"\x89PNG\r\n"


def test_words_are_drawn_with_their_weights(tmp_path: Path) -> None:
    words = ["A", "$5_film$", "of", "x" * 120, *["word"] * 40]
    answer = ExplainedLabel("good", {"good": 0.9, "bad": 0.1}, words, [1 / len(words)] * len(words))
    lines = _lines(answer)
    assert [pair for line in lines for pair in line] == [
        *zip(words, answer.weights, strict=True)
    ] and len(lines) == 5
    assert all(len(line) == 1 or sum(len(w) + 1 for w, _ in line) <= 93 for line in lines)
    save_attention([answer, answer], tmp_path / "words.png")
    with pytest.raises(InputError, match="at least one"):
        save_attention([], tmp_path / "none.png")
    assert (tmp_path / "words.png").read_bytes().startswith(PNG)


def test_a_confusion_matrix_is_drawn(tmp_path: Path) -> None:
    save_confusion(["a", "a", "b"], ["a", "b", "c"], tmp_path / "matrix.png")
    assert (tmp_path / "matrix.png").read_bytes().startswith(PNG)
    for wanted, answered in (([], []), (["a"], ["a", "b"])):
        with pytest.raises(InputError, match="one answer for each"):
            save_confusion(wanted, answered, tmp_path / "none.png")


def test_a_map_of_attention_is_drawn_where_there_is_one(tmp_path: Path) -> None:
    one = Candidate("$a$ b", -1.0, [" $a$", " b"], [[0.9, 0.1, 0.0], [0.2, 0.3, 0.5]])
    answers = [Translated([" x", "$", " y"], [one])] * 2
    save_attention_map(answers, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(PNG)
    silent = Translated([" x"], [Candidate("a", -1.0, [" a"], [])])
    for wrong in ([], [silent, answers[0]]):
        with pytest.raises(InputError, match="without attention"):
            save_attention_map(wrong, tmp_path / "none.png")
