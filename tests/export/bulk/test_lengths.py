"""Batches of like lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from export.runtime.bulk.lengths import batches, length


@given(st.lists(st.integers(0, 50)), st.integers(1, 9), st.integers(1, 200))
def test_each_row_is_in_one_batch_of_like_lengths(lengths: list[int], size: int, most: int) -> None:
    found = list(batches(lengths, size, most))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        longest = max(lengths[place] for place in batch)
        assert len(batch) <= size and (len(batch) == 1 or len(batch) * longest <= most)
    flat = [lengths[place] for batch in found for place in batch]
    assert flat == sorted(flat)


def test_padding_shrinks_on_texts_of_many_lengths() -> None:
    lengths = np.random.default_rng(0).geometric(0.02, 2048).tolist()
    sorted_ = sum(len(b) * max(lengths[i] for i in b) for b in batches(lengths, 32, 10**9))
    unsorted = sum(32 * max(lengths[i : i + 32]) for i in range(0, 2048, 32))
    assert sorted_ < 1.1 * sum(lengths) and unsorted > 3 * sum(lengths)


def test_every_raw_input_has_a_length(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(b"12345")
    assert [length(x) for x in ("abc", b"ab", np.zeros((2, 3)), {"a": [1, 2]}, ["x"], path)] == [
        *(3, 2, 6, 2, 1, 5)
    ]
    assert [length(x) for x in (None, 3, {}, tmp_path / "none")] == [0, 0, 0, 0]
