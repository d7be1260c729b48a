"""Which letters make which sounds: one-to-some alignment by expectation maximisation.

After Jiampojamarn et al. 2007 (N07-1047) with hard counts: each input symbol makes none, one or two
output symbols, in order. Arrays hold all pairs of one input and output length at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

MOST = 2  # output symbols of one input symbol
Chunks = list[tuple[str, ...]]


def align(
    inputs: Sequence[Sequence[str]], outputs: Sequence[Sequence[str]], rounds: int = 6
) -> list[Chunks | None]:
    """Aligns pairs of sequences.

    Args:
        inputs: Such as letters.
        outputs: Such as phones.
        rounds: Of counting and aligning again.

    Returns:
        For each pair the output symbols of each input symbol, or None where there are more than
        two outputs an input or nothing to align.
    """
    left = {symbol: i for i, symbol in enumerate(sorted({x for row in inputs for x in row}))}
    right = {symbol: i for i, symbol in enumerate(sorted({x for row in outputs for x in row}))}
    groups = _groups(inputs, outputs, left, right)
    table = _first_table(groups, len(left), len(right))
    paths: list[np.ndarray] = []
    for _ in range(rounds):
        counts = np.full(table.shape, 0.01)
        paths = []
        for _, letters, chunks in groups:
            path = _best(table, letters, chunks)
            paths.append(path)
            _count(counts, letters, chunks, path)
        table = np.log(counts / counts.sum(axis=1, keepdims=True))
    found: list[Chunks | None] = [None] * len(inputs)
    for (indices, _, _), path in zip(groups, paths, strict=True):
        for index, sizes in zip(indices, path, strict=True):
            ends = np.cumsum(sizes)
            row = tuple(outputs[index])
            found[index] = [row[e - s : e] for s, e in zip(sizes, ends, strict=True)]
    return found


# Numbers of the pairs, their input codes (pairs, time), and the code of the chunk of each size
# that begins at each output position (MOST + 1, pairs, positions + 1); -1 where it would not fit.
Group = tuple[np.ndarray, np.ndarray, np.ndarray]


def _groups(
    inputs: Sequence[Sequence[str]],
    outputs: Sequence[Sequence[str]],
    left: dict[str, int],
    right: dict[str, int],
) -> list[Group]:
    by_shape: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, (row, other) in enumerate(zip(inputs, outputs, strict=True)):
        if row and other and len(other) <= MOST * len(row):
            by_shape[len(row), len(other)].append(i)
    groups = []
    for (_, length), indices in by_shape.items():
        letters = np.array([[left[x] for x in inputs[i]] for i in indices])
        codes = np.array([[right[x] for x in outputs[i]] for i in indices])
        chunks = np.full((MOST + 1, len(indices), length + 1), -1)
        chunks[0] = 0
        chunks[1, :, :-1] = 1 + codes
        chunks[2, :, :-2] = 1 + len(right) + codes[:, :-1] * len(right) + codes[:, 1:]
        groups.append((np.array(indices), letters, chunks))
    return groups


def _first_table(groups: Sequence[Group], inputs: int, outputs: int) -> np.ndarray:
    """Logarithms of shares (inputs, chunks): what stands near each other, one to one if it can."""
    counts = np.full((inputs, 1 + outputs + outputs**2), 1e-6)
    counts[:, 1 : 1 + outputs] = 0.01
    for _, letters, chunks in groups:
        time, length = letters.shape[1], chunks.shape[2] - 1
        for i in range(time):
            near = min(length - 1, round(i * (length - 1) / max(1, time - 1)))
            np.add.at(counts, (letters[:, i], chunks[1, :, near]), 1.0)
    shares = counts / counts.sum(axis=1, keepdims=True)
    shares[:, 0] = 0.05
    pairs = shares[:, 1 : 1 + outputs]
    shares[:, 1 + outputs :] = 0.02 * (pairs[:, :, None] * pairs[:, None]).reshape(inputs, -1)
    return np.asarray(np.log(shares))


def _best(table: np.ndarray, letters: np.ndarray, chunks: np.ndarray) -> np.ndarray:
    """Sizes of the likeliest chunks, int (pairs, time)."""
    pairs, time = letters.shape
    length = chunks.shape[2] - 1
    total = np.full((pairs, length + 1), -np.inf)
    total[:, 0] = 0.0
    back = np.zeros((time, pairs, length + 1), np.int8)
    for i in range(time):
        candidates = np.full((MOST + 1, pairs, length + 1), -np.inf)
        for size in range(min(MOST, length) + 1):
            starts = chunks[size, :, : length + 1 - size]
            score = table[letters[:, i, None], starts]
            candidates[size, :, size:] = total[:, : length + 1 - size] + score
        back[i] = candidates.argmax(axis=0)
        total = candidates.max(axis=0)
    sizes = np.zeros((pairs, time), np.int64)
    place = np.full(pairs, length)
    for i in range(time - 1, -1, -1):
        sizes[:, i] = back[i, np.arange(pairs), place]
        place = place - sizes[:, i]
    return sizes


def _count(counts: np.ndarray, letters: np.ndarray, chunks: np.ndarray, sizes: np.ndarray) -> None:
    starts = np.cumsum(sizes, axis=1) - sizes
    rows = np.arange(len(letters))
    for i in range(letters.shape[1]):
        np.add.at(counts, (letters[:, i], chunks[sizes[:, i], rows, starts[:, i]]), 1.0)
