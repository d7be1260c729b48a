"""Texts that end by themselves, searched for and drawn from networks made of arithmetic."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.processing.decoding import Sampling, log_shares
from zoo.processing.search import Ends, Step, drawn, drawn_steps, ended_beam

START, END, CODES = 2, 3, 6


def logits_after(seed: int, number: int, codes: tuple[int, ...]) -> np.ndarray:
    """What some network says after the codes that it wrote for the text of that number."""
    drawn = np.random.default_rng([seed, number, *codes]).normal(size=CODES) * 2
    drawn[[0, 1, 2]] = -np.inf
    return np.asarray(drawn)


def network(seed: int, batch: int, beams: int) -> Step:
    """A step that remembers what each row wrote."""
    written: list[tuple[int, ...]] = [()] * (batch * beams)

    def step(codes: np.ndarray, parents: np.ndarray) -> np.ndarray:
        nonlocal written
        written = [(*written[p], int(c)) for p, c in zip(parents, codes, strict=True)]
        return np.stack(
            [logits_after(seed, row // beams, codes[1:]) for row, codes in enumerate(written)]
        )

    return step


def score(seed: int, number: int, codes: tuple[int, ...]) -> float:
    logs = [log_shares(logits_after(seed, number, codes[:i])) for i in range(len(codes))]
    return float(sum(log[code] for log, code in zip(logs, codes, strict=True)))


@given(st.integers(0, 99), st.sampled_from([0.0, 0.6, 1.5]), st.integers(1, 2))
def test_enough_beams_find_the_text_that_ranks_highest(
    seed: int, penalty: float, batch: int
) -> None:
    longest = np.array([3, 2][:batch])
    found = ended_beam(network(seed, batch, 16), Ends(START, END, longest), 16, penalty)
    for number, length in enumerate(longest):
        texts = [
            (*body, END) for size in range(length) for body in product((4, 5), repeat=int(size))
        ]
        ranks = {x: score(seed, number, x) / ((5 + len(x)) / 6) ** penalty for x in texts}
        best = max(ranks, key=lambda text: ranks[text])
        codes = found.codes[number, 0]
        assert tuple(codes[codes > 0]) == best
        np.testing.assert_allclose(found.scores[number, 0], score(seed, number, best), atol=1e-9)
        assert np.isfinite(found.scores[number]).sum() == len(texts)


@given(st.integers(0, 99), st.integers(1, 4))
def test_each_code_is_traced_to_the_row_that_it_was_chosen_from(seed: int, beams: int) -> None:
    asked: list[list[tuple[int, ...]]] = []
    written: list[tuple[int, ...]] = [()] * (2 * beams)

    def step(codes: np.ndarray, parents: np.ndarray) -> np.ndarray:
        nonlocal written
        written = [(*written[p], int(c)) for p, c in zip(parents, codes, strict=True)]
        asked.append(written)
        return np.stack([logits_after(seed, i // beams, row[1:]) for i, row in enumerate(written)])

    found = ended_beam(step, Ends(START, END, np.array([4, 4])), beams, 1.0)
    for number, beam in product(range(2), range(beams)):
        if not np.isfinite(found.scores[number, beam]):
            continue
        codes = found.codes[number, beam]
        for place, row in enumerate(found.rows[number, beam][: (codes > 0).sum()]):
            assert row // beams == number
            assert asked[place][row] == (START, *codes[:place])


@given(st.integers(0, 99))
def test_greedy_is_one_beam_and_one_draw_without_temperature(seed: int) -> None:
    ends = Ends(START, END, np.array([5, 3]))
    searched = ended_beam(network(seed, 2, 1), ends, 1, 1.0)
    greedy = drawn(network(seed, 2, 1), ends, Sampling(0.0))
    np.testing.assert_array_equal(searched.codes, greedy.codes)
    np.testing.assert_allclose(searched.scores, greedy.scores)


@given(st.integers(0, 99), st.floats(0.1, 3))
def test_draws_end_in_time_and_repeat(seed: int, temperature: float) -> None:
    ends = Ends(START, END, np.array([6, 2]))
    sampling = Sampling(temperature, seed=seed)
    found = drawn(network(seed, 2, 1), ends, sampling)
    again = np.stack([c for c, _ in drawn_steps(network(seed, 2, 1), ends, sampling)], axis=1)
    np.testing.assert_array_equal(found.codes[:, 0], again)
    for number, (row, longest) in enumerate(zip(again, ends.longest, strict=True)):
        length = row.tolist().index(END) + 1
        assert length <= longest and not row[length:].any()
        body = tuple(int(code) for code in row[: length - 1])
        if length < longest:
            assert found.scores[number, 0] == pytest.approx(score(seed, number, (*body, END)))
