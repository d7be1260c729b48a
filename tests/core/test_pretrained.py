"""Every model of the zoo: card, weights, loading twice; figures of its card on real data."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

import zoo
from zoo.catalog import all_cards
from zoo.checking import check
from zoo.errors import DataError
from zoo.model_card import ModelCard
from zoo.weights import read_header

CARDS = all_cards()
every_model = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)


# Baselines that a model does not beat, as its description says: where it loses on the test part
# alone, and where both have all that there is.
BETTER = {"flu-segrnn": {"linear_layer"}, "cartpole-gru": {"two_frames"}}


@every_model
def test_the_card_is_measured_of_these_files(card: ModelCard) -> None:
    measured = card.measured
    assert measured is not None
    content = (card.folder / "weights.safetensors").read_bytes()
    assert measured.weights.sha256 == hashlib.sha256(content).hexdigest()
    assert measured.weights.bytes == len(content) <= 5e6
    assert measured.recipe_sha256 == card.recipe.sha256
    assert card.primary is not None and card.primary.baselines
    assert sum(metric.primary for metric in measured.metrics) == 1
    assert card.recipe.targets.keys() <= {metric.name for metric in measured.metrics}


@every_model
def test_the_small_files_are_measured_of_these_weights(card: ModelCard) -> None:
    measured = card.measured
    assert measured is not None
    renew = f"run: rnn-zoo evaluate {card.id} --quantized --write"
    assert [small.kind for small in measured.quantized] == ["int8", "float16"], renew
    figures = {metric.name: metric for metric in measured.metrics if metric.split == "test"}
    processing = read_header(card.folder / "weights.safetensors")["processing"]
    words = len(json.dumps(processing, ensure_ascii=False).encode())  # stand in each file as text
    params = measured.weights.params
    for small in measured.quantized:
        assert small.weights_sha256 == measured.weights.sha256, renew
        assert small.metrics.keys() == figures.keys(), renew
        most = {"int8": 0.4, "float16": 0.6}[small.kind]
        most = most if params > 4000 else 1.0  # matrices of few weights stay as they are
        plain = max(words, small.float_bytes - 4 * params)  # of a small network the graph counts
        assert small.bytes - plain < most * (small.float_bytes - plain)
        tolerance = {"int8": 0.03, "float16": 0.002}[small.kind]
        for name, metric in figures.items():
            # Of errors that hardly occur one more is a large share.
            # A band's error is what its coverage, a figure near 1, lacks.
            least = max(2e-3, tolerance) if name == "band_error" else 2e-3
            near = pytest.approx(metric.value, rel=tolerance, abs=least)
            assert small.metrics[name] == near, renew


@every_model
def test_a_model_beats_its_baselines(card: ModelCard) -> None:
    primary = card.primary
    assert primary is not None
    sign = 1 if primary.direction == "higher" else -1
    better = {x for x, value in primary.baselines.items() if sign * value >= sign * primary.value}
    assert better == BETTER.get(card.id, set())


@every_model
def test_a_model_loads_twice_in_one_process(card: ModelCard) -> None:
    first, second = zoo.load(card.id), zoo.load(card.id)
    assert card.measured is not None
    assert first.parameters() == card.measured.weights.params
    for one, other in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        assert (one == other).all()


@every_model
def test_figures_of_the_card_are_met_on_real_data(card: ModelCard) -> None:
    if not os.environ.get("RNN_ZOO_DATA"):
        pytest.skip("RNN_ZOO_DATA is unset: it names the folder with the real data")
    try:
        differences = check(card.id, whole=False)
    except DataError as error:
        pytest.skip(str(error))
    assert not differences, f"all of the data: rnn-zoo evaluate {card.id} --check"


def test_weights_stay_within_the_budget_of_their_domain() -> None:
    sizes: dict[str, int] = {}
    for card in CARDS:
        weights = Path(card.folder / "weights.safetensors").stat().st_size
        sizes[card.recipe.domain] = sizes.get(card.recipe.domain, 0) + weights
    assert sizes["text"] < 14e6 and sizes["speech"] < 5e6 and sizes["series"] < 9e6
