"""One table for a network's way in and its way out, cut into bands."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from zoo.errors import RecipeError
from zoo.layers.banded_embedding import BandedEmbedding

BANDS = [(), (5,), (4, 12)]
CODES = np.arange(20, dtype=np.int32).reshape(2, 10)


def vectors(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((2, 10, 8)).astype(np.float32)


def layer(cutoffs: tuple[int, ...], **options: object) -> BandedEmbedding:
    keras.utils.set_random_seed(1)
    made = BandedEmbedding(20, 8, cutoffs, narrowing=2, **options)
    made.build(None)
    return made


@pytest.mark.parametrize("cutoffs", BANDS)
def test_the_probabilities_of_all_symbols_come_to_one(cutoffs: tuple[int, ...]) -> None:
    shares = np.exp(np.asarray(layer(cutoffs)(vectors(), reverse=True)))
    assert shares.shape == (2, 10, 20)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("cutoffs", BANDS)
def test_told_losses_are_those_of_all_probabilities(cutoffs: tuple[int, ...]) -> None:
    table = layer(cutoffs)
    logs = np.asarray(table(vectors(), reverse=True))
    losses = np.asarray(table(vectors(), told=CODES))
    wanted = -np.take_along_axis(logs, CODES[..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(losses, wanted, atol=1e-5)


def test_a_table_of_one_band_is_a_tied_embedding() -> None:
    table = layer(())
    rows = np.asarray(table.tables[0])
    np.testing.assert_allclose(np.asarray(table(CODES)), rows[CODES] * 8**0.5, rtol=1e-5)
    scores = vectors() @ rows.T
    logs = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(np.asarray(table(vectors(), reverse=True)), logs, atol=1e-5)


def test_vectors_of_later_bands_are_projected_from_shorter_ones() -> None:
    table = layer((4, 12))
    assert [tuple(weight.shape) for weight in table.tables] == [(4, 8), (8, 4), (8, 2)]
    found = np.asarray(table(CODES)).reshape(20, 8) / 8**0.5
    rows, projected = np.asarray(table.tables[2]), np.asarray(table.projections[1])
    np.testing.assert_allclose(found[12:], rows @ projected, atol=1e-5)
    np.testing.assert_allclose(found[:4], np.asarray(table.tables[0]), atol=1e-5)


def test_rare_symbols_beyond_the_room_count_as_all_alike() -> None:
    table, roomy = layer((4, 12), room=[0.1, 1.0]), layer((4, 12))
    codes = np.full((2, 10), 6, np.int32)
    exact = np.asarray(roomy(vectors(), told=codes))
    losses = np.asarray(table(vectors(), told=codes))
    head = np.asarray(roomy(vectors(), reverse=True))[..., 4:12]
    alike = np.log(8) - np.log(np.exp(head).sum(axis=-1))
    same = np.isclose(losses, exact, atol=1e-5)
    assert same.sum() == 1 + int(20 * 0.1)
    np.testing.assert_allclose(losses[~same], alike[~same], atol=1e-5)


@pytest.mark.parametrize("cutoffs", [(5, 5), (0,), (20,), (9, 4), (4, 8, 12, 16)])
def test_bands_without_symbols_or_vectors_are_refused(cutoffs: tuple[int, ...]) -> None:
    with pytest.raises(RecipeError, match="cut-offs"):
        layer(cutoffs)


def test_a_layer_in_bands_is_rebuilt_from_its_configuration() -> None:
    table = layer((4, 12), room=[0.5, 0.2])
    again = BandedEmbedding.from_config(table.get_config())
    assert again.get_config() == table.get_config()
