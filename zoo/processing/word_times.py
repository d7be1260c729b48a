"""Where words begin and end, from the frames in which they are told and those that speak."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

_LEAST = 1e-30


def spans(shares: np.ndarray, told: Sequence[int]) -> list[tuple[int, int]]:
    """First frame and end of each word.

    A word is told while it is said or soon after. It ends with the speech in which it is told, or
    with the last speech before; it begins where that speech does. Where the speech goes on from one
    word into the next, its weakest frame between them parts them.

    Args:
        shares: Probabilities (frames, 2 + words), of silence and of speech first.
        told: The frame in which each word is told, increasing.
    """
    speech = shares[:, 1] / np.maximum(shares[:, 0] + shares[:, 1], _LEAST)
    speaks = speech >= 0.5
    found, before = list[tuple[int, int]](), 0
    for frame, following in pairwise([*told, len(speech)]):
        end = _end(speech, speaks, before, frame, following)
        start = end - 1
        while start > before and speaks[start - 1]:
            start -= 1
        found.append((start, end))
        before = end
    return found


def _end(speech: np.ndarray, speaks: np.ndarray, before: int, frame: int, following: int) -> int:
    """The first frame after a word that is told at `frame`, after `before`."""
    if not speaks[frame]:
        spoken = np.flatnonzero(speaks[before:frame])
        return before + int(spoken[-1]) + 1 if len(spoken) else frame + 1
    silent = np.flatnonzero(~speaks[frame:following])
    if len(silent):
        return frame + int(silent[0])
    if following == len(speech):
        return following
    return (
        frame + 1 + int(speech[frame + 1 : following].argmin())
        if following > frame + 1
        else following
    )
