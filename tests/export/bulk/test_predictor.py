"""Many rows get the answers that each would get alone; a bad one harms no other."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.runtime import load
from export.runtime.bulk import Predictor
from zoo.errors import InputError, RuntimeFileError

BAD: list[Any] = ["", " \n", None, 3, b"bytes"]
TEXTS = st.text("abcdefgh ?é", max_size=70) | st.sampled_from(BAD)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(TEXTS, max_size=40), st.integers(1, 9))
def test_answers_are_those_of_one_by_one(reader: Path, raws: list[Any], size: int) -> None:
    model = load(reader, threads=1)
    found = Predictor(reader, batch_size=size).outcomes(raws)
    assert len(found) == len(raws)
    for raw, outcome in zip(raws, found, strict=True):
        try:
            alone: Any = model.predict(raw)
        except InputError as error:
            assert outcome.to_dict() == {"error": str(error)}
            continue
        assert outcome.answer is not None
        shares = outcome.answer.to_dict()["probabilities"]
        assert shares == pytest.approx(alone.probabilities, abs=1e-5)
    assert [one.to_dict() for one in found] == [
        one.to_dict() for one in Predictor(reader, batch_size=size).outcomes(raws)
    ]


def test_an_error_that_nobody_foresaw_costs_one_row(
    reader: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = Predictor(reader)
    calls = []
    whole = predictor.model.predict_many

    def breaking(raws: Sequence[Any], **options: Any) -> Any:
        calls.append(len(raws))
        if "bad" in raws:
            raise ZeroDivisionError("no\nsuch thing")
        return whole(raws, **options)

    monkeypatch.setattr(predictor.model, "predict_many", breaking)
    found = predictor.outcomes(["a", "b", "bad", "c", "d", "e", "f", "g"])
    assert [outcome.error for outcome in found].count("") == 7
    assert found[2].error == "ZeroDivisionError: no such thing"
    assert len(calls) == 7  # halves, not one by one


def test_columns_as_map_batches_hands_them(reader: Path) -> None:
    predictor = Predictor(reader, column="text")
    for column in (np.array(["abc", "", "hé"]), np.array(["abc", None, "hé"], object)):
        found = predictor({"id": np.arange(3), "text": column})
        assert list(found) == ["id", "text", "answer", "error"]
        assert json.loads(found["answer"][0])["label"] in ("yes", "no")
        assert found["error"][0] == found["answer"][1] == "" and "Received" in found["error"][1]
    with pytest.raises(InputError, match="id and column='text'"):
        predictor({"id": np.arange(3)})
    with pytest.raises(InputError, match="column=None"):
        Predictor(reader)({"id": np.arange(3)})


def test_what_cannot_be_used_is_refused_at_once(reader: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="batch_size=0"):
        Predictor(reader, batch_size=0)
    with pytest.raises(InputError, match="colour"):
        Predictor(reader, colour=3)
    with pytest.raises(RuntimeFileError):
        Predictor(tmp_path / "none.onnx")


def test_a_predictor_travels_to_other_processes(reader: Path) -> None:
    predictor = Predictor(reader, column="text", batch_size=3)
    copy = pickle.loads(pickle.dumps(predictor))
    raws = ["abc", "", "hgf"]
    assert [one.to_dict() for one in copy.outcomes(raws)] == [
        one.to_dict() for one in predictor.outcomes(raws)
    ]
