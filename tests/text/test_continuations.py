"""The likeliest continuations of texts, against sorting all there are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.processing.continuations import continuations
from zoo.processing.decoding import Sampling, likeliest, log_shares, log_totals
from zoo.processing.search import Ends, ended_beam


@given(
    st.integers(0, 9999),
    st.integers(1, 3),
    st.integers(1, 5),
    st.integers(5, 40),
    st.booleans(),
    st.booleans(),
)
def test_they_are_those_of_sorting_all(
    seed: int, groups: int, count: int, size: int, penalised: bool, begun: bool
) -> None:
    rng = np.random.default_rng(seed)
    rows = groups * count
    logits = rng.integers(-9, 9, (rows, size)).astype(np.float32)  # many are equal
    logits[:, 1] = -np.inf
    offsets = -rng.integers(0, 9, rows).astype(float)
    if not begun:  # one text of each group is there yet
        offsets = np.where(np.arange(rows) % count, -np.inf, offsets)
    penalties = 1 + rng.integers(0, 3, rows) / 2 if penalised else None
    found = continuations(logits, offsets, count, groups, penalties)
    ranks = (logits + offsets[:, None]) / (1 if penalties is None else penalties[:, None])
    for group, row in enumerate(ranks.reshape(groups, -1)):
        allowed = np.argsort(-row, kind="stable")[:count]
        places = found[group] - group * count * size
        np.testing.assert_array_equal(row[places], row[allowed])
        alive = np.isfinite(row[allowed])
        np.testing.assert_array_equal(places[alive], allowed[alive])


def test_one_text_has_as_many_as_it_has_codes() -> None:
    logits = np.array([[0.0, 2.0, 1.0]], np.float32)
    assert continuations(logits, np.zeros(1), 5).tolist() == [[1, 2, 0]]


@given(st.integers(0, 9999), st.floats(-60, 60))
def test_totals_are_those_of_float64(seed: int, shift: float) -> None:
    logits = (np.random.default_rng(seed).normal(size=(2, 500)) * 5 + shift).astype(np.float32)
    shares = logits - log_totals(logits)[:, None]
    np.testing.assert_allclose(shares, log_shares(logits), atol=1e-5)
    np.testing.assert_allclose(np.exp(log_shares(logits)).sum(axis=1), 1, atol=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("top_p", [None, 0.5, 1.0])
def test_draws_among_many_codes_are_those_of_sorting_all(
    temperature: float, top_p: float | None
) -> None:
    scores = np.random.default_rng(0).normal(size=2000).round(1) * 4  # many are equal
    order = likeliest(scores)
    weights = np.exp((scores[order] - scores.max()) / temperature)
    cumulative = np.cumsum(weights) / weights.sum()
    if top_p is not None:
        kept = int(np.searchsorted(cumulative, top_p)) + 1
        cumulative = cumulative[:kept] / cumulative[:kept][-1]
    rng, again = (Sampling(seed=3).generator() for _ in range(2))
    sampling = Sampling(temperature, top_p=top_p)
    for _ in range(50):
        place = int(np.searchsorted(cumulative, again.random(), side="right"))
        expected = order[min(place, len(cumulative) - 1)]
        assert sampling.choose(scores, rng) == expected


def test_texts_of_a_batch_are_searched_for_as_if_alone() -> None:
    table = np.random.default_rng(1).normal(size=(2, 300, 300)).astype(np.float32) * 3
    table[:, :, :3] = -np.inf
    longest = np.array([6, 4])

    def found(number: list[int]) -> list[list[list[int]]]:
        def step(codes: np.ndarray, _: np.ndarray) -> np.ndarray:
            return np.stack([table[number[i // 5], code] for i, code in enumerate(codes)])

        written = ended_beam(step, Ends(2, 3, longest[number]), 5, 1.0)
        return [[[int(c) for c in row if c] for row in text] for text in written.codes]

    assert found([0, 1]) == [*found([0]), *found([1])]
