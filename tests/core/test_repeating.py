"""A recipe trained with several seeds: one figure that tells how far it depends on them."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean, stdev

import pytest

import zoo
from tests.core.test_training import TOML
from tests.text.made import text
from zoo.errors import InputError
from zoo.model_card import Metric


@pytest.mark.slow
def test_several_seeds_give_a_mean_and_a_spread(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(TOML.replace("epochs = 2", "epochs = 1"))
    zoo.train(str(tmp_path), tmp_path / "run", data=text(160), verbose=0)
    zoo.evaluate(tmp_path / "run", data=text(160), write=True)
    seen: list[Metric] = []

    def repeated(**options: object) -> Metric:
        return zoo.repeat(
            str(tmp_path / "run"), tmp_path / "seeds", seeds=2, data=text(160), **options
        )

    metric = repeated(write=True, report=seen.append, verbose=0)
    one, other = (metric.details[f"seed_{seed}"] for seed in (1, 2))
    assert one != other and [seen[0].value, seen[1].value] == [one, other]
    assert metric.value == pytest.approx(fmean([one, other]), abs=1e-6)
    assert metric.details["standard_deviation"] == pytest.approx(stdev([one, other]), abs=1e-6)
    assert metric.seeds == [1, 2] and not metric.primary and metric.name.endswith("_mean")
    card = zoo.load(tmp_path / "run").card
    assert card.measured is not None and card.measured.metrics[-1] == metric
    assert card.primary is not None and card.primary.value == one  # the same recipe and seed
    before = (tmp_path / "seeds" / "2" / "checkpoint.safetensors").stat().st_mtime_ns
    assert repeated(resume=True, verbose=0) == metric
    assert (tmp_path / "seeds" / "2" / "checkpoint.safetensors").stat().st_mtime_ns == before


def test_one_seed_has_no_spread() -> None:
    with pytest.raises(InputError, match="seeds=1"):
        zoo.repeat("names-rnn", seeds=1)
