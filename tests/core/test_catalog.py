"""Listing, filtering and naming models."""

from __future__ import annotations

import json

import pytest

import zoo
from zoo.catalog import SORTS, all_cards
from zoo.errors import InputError, UnknownModelError


def test_filters_hold_for_every_model() -> None:
    cards = all_cards()
    assert zoo.list_models().ids == sorted(card.id for card in cards)
    for card in cards:
        found = zoo.list_models(
            domain=card.recipe.domain,
            task=card.recipe.task,
            cell=card.cell,
            streaming=card.recipe.streaming,
            license=card.recipe.data.license,
        )
        assert card.id in found.ids
        assert (card.id in zoo.list_models(license="open").ids) == card.recipe.data.open
    assert not len(zoo.list_models(cell="transformer"))
    assert {card.recipe.domain for card in zoo.list_models(domain="speech")} == {"speech"}


def test_max_params_and_sorting_by_size() -> None:
    sizes = [
        card.measured.weights.params for card in zoo.list_models(sort="params") if card.measured
    ]
    assert sizes == sorted(sizes)
    assert len(zoo.list_models(max_params=sizes[0])) >= 1
    assert not len(zoo.list_models(max_params=sizes[0] - 1))


@pytest.mark.parametrize("sort", SORTS)
def test_every_order_has_every_model(sort: str) -> None:
    assert sorted(zoo.list_models(sort=sort).ids) == zoo.list_models().ids


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(InputError, match="beauty"):
        zoo.list_models(sort="beauty")


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UnknownModelError, match="digits-gru"):
        zoo.card("digit-gru")


def test_tables_show_every_model() -> None:
    table = zoo.list_models()
    html = table._repr_html_()
    for card in table:
        assert card.id in repr(table) and card.id in html
        assert card.recipe.title in str(card)
    assert table[:2].ids == table.ids[:2]


def test_json_has_the_keys_of_the_card() -> None:
    listed = json.loads(zoo.list_models().to_json())
    keys = {"id", "domain", "task", "cell", "params", "bytes", "license", "data_license",
            "streaming", "metrics", "baselines"}  # fmt: skip
    for found in listed:
        assert keys <= set(found)
        assert all(isinstance(value, float) for value in found["metrics"].values())
        assert all(isinstance(value, float) for value in found["baselines"].values())
