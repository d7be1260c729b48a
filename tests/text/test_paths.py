"""Paths of tags: their loss against every path written out, and the layer that scores pairs."""

from __future__ import annotations

from itertools import pairwise, product

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from zoo.layers.transitions import TagTransitions
from zoo.training.paths import PathLoss

TAGS = 3


def written_out(scores: np.ndarray, pairs: np.ndarray, path: list[int]) -> float:
    """-log p of one path, by the scores of all paths of its length."""

    def total(codes: tuple[int, ...]) -> float:
        steps = sum(scores[time, code] for time, code in enumerate(codes))
        return float(steps + sum(pairs[a, b] for a, b in pairwise((TAGS, *codes))))

    totals = [total(codes) for codes in product(range(TAGS), repeat=len(path))]
    return float(np.logaddexp.reduce(totals) - total(tuple(path)))


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 99), st.integers(0, 2))
def test_the_loss_is_that_of_all_paths_written_out(
    lengths: list[int], seed: int, padding: int
) -> None:
    rng, time = np.random.default_rng(seed), max(lengths) + padding
    scores = rng.normal(0, 9, (len(lengths), time, TAGS)).astype(np.float32)
    pairs = rng.normal(0, 9, (TAGS + 1, TAGS)).astype(np.float32)
    paths = rng.integers(0, TAGS, (len(lengths), time))
    for row, length in enumerate(lengths):
        paths[row, length:] = -1
    joined = np.concatenate([scores, np.repeat(pairs[None], len(lengths), 0)], axis=1)
    found = ops.convert_to_numpy(PathLoss().call(paths, ops.convert_to_tensor(joined)))
    for row, length in enumerate(lengths):
        wanted = written_out(scores[row], pairs, paths[row, :length].tolist()) / length
        assert found[row] == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def test_pairs_of_tags_are_learned_where_words_say_nothing() -> None:
    tags = keras.Input((None, 2), name="tags")
    model = keras.Model(tags, TagTransitions(joined=True, name="transitions")(tags))
    model.compile(keras.optimizers.Adam(0.1), loss=PathLoss())
    path = np.array([[0, 1, 0, 1, -1], [0, 1, -1, -1, -1]])
    model.fit(np.zeros((2, 5, 2), np.float32), path, epochs=30, verbose=0)
    pairs = model.get_layer("transitions").get_weights()[0]
    assert pairs[0, 1] > pairs[0, 0] + 1 and pairs[1, 0] > pairs[1, 1] + 1
    assert pairs[2, 0] > pairs[2, 1] + 1  # the start
    apart = TagTransitions.from_config({**model.layers[-1].get_config(), "joined": False})
    given_rows = apart(np.zeros((4, 5, 2), np.float32))
    assert given_rows.shape == (4, 3, 2) == (4, *apart.compute_output_shape((4, 5, 2))[1:])
    assert TagTransitions(joined=True).compute_output_shape((4, None, 2)) == (4, None, 2)
    assert TagTransitions(joined=True).compute_output_shape((4, 5, 2)) == (4, 8, 2)
