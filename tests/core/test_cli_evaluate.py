"""`rnn-zoo evaluate --domain`: every model of a domain in one table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

import zoo
from zoo.catalog import list_models
from zoo.cli import app
from zoo.errors import DataError
from zoo.model_card import Metric

TEXT = [card.id for card in list_models(domain="text")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is asked of an evaluation that gives each target's own value, and has no names."""
    calls: list[Any] = []

    def evaluate(model: str, *, split: str, write: bool) -> list[Metric]:
        calls.append((model, split, write))
        if model == "names-rnn":
            raise DataError("The data set 'names-by-language' is not here.")
        name, value = next(iter(zoo.card(model).recipe.targets.items()))
        lower = ("error", "nats", "perplexity")
        direction = "lower" if any(word in name for word in lower) else "higher"
        naive = {"worst": 0.1, "best": 0.2} if direction == "higher" else {"best": 8.0, "w": 9.0}
        known = {"unit": "share", "split": split, "protocol": "made", "seeds": [1]}
        return [
            Metric(name, value, direction=direction, baselines=naive, **known),
            Metric("another", 0.5, direction="higher", **known),
        ]

    monkeypatch.setitem(zoo.__dict__, "evaluate", evaluate)
    return calls


def test_a_domain_is_one_table(asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--domain", "text", "--split", "validation"])
    assert result.exit_code == 0, result.output
    assert asked == [(model, "validation", False) for model in TEXT]
    rows = {line.split()[0]: line for line in _measured_now(result.stdout)}
    assert "data missing" in rows["names-rnn"] and "is not here" in result.stderr
    for model in set(TEXT) - {"names-rnn"}:
        value = next(iter(zoo.card(model).recipe.targets.values()))
        assert f"{value:g} {value:.4f} yes" in " ".join(rows[model].split())
        assert " yes " in rows[model] and "best " in rows[model]


def _measured_now(table: str) -> list[str]:
    return [line for line in table.splitlines() if not {"another", "card:"} & set(line.split())]


def test_figures_of_several_trainings_are_those_of_the_card(asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--domain", "speech"])
    (row,) = (line for line in result.stdout.splitlines() if "unseen" in line and "-gru" in line)
    metrics = zoo.card("digits-gru").measured.metrics  # type: ignore[union-attr]
    value = next(one.value for one in metrics if one.name == "accuracy_unseen_speaker")
    assert f">= 0.87 {value:.4f} yes" in " ".join(row.split()) and "from the card: mean of 6" in row


def test_a_domain_as_json(asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["evaluate", "--domain", "text", "--json"])
    found = json.loads(result.stdout)
    assert list(found) == TEXT and found["names-rnn"] == []
    assert found["g2p-lstm"][0]["name"] == "word_error"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "give one of the two"),
        (["names-rnn", "--domain", "text"], "give one of the two"),
        (["--check", "--domain", "text"], "give one of the two"),
        (["--domain", "poems"], "'poems'"),
    ],
)
def test_what_to_measure_must_be_clear(words: list[str], says: str, asked: list[Any]) -> None:
    result = CliRunner().invoke(app, ["evaluate", *words])
    assert says in str(result.exception) and not asked
