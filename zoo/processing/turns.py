"""A dialogue as one row of codes: turns of two speakers, each after the mark of who speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.subwords import END, START, Subwords

# The mark of a turn ends the turn before it, so nothing else has to.
USER, SYSTEM = START, END


def turn_codes(codec: Subwords, turns: Sequence[str]) -> np.ndarray:
    """Codes of turns, the user's first and then by turns, each after its mark.

    Args:
        codec: Text to pieces and back.
        turns: At least one text.

    Returns:
        int32 of shape (marks and pieces,).
    """
    marks = (USER, SYSTEM)
    rows = [[np.array([marks[k % 2]], np.int32), codec.encode(t)] for k, t in enumerate(turns)]
    return np.concatenate([part for row in rows for part in row])


def dialogue_codes(codec: Subwords, turns: Sequence[str]) -> np.ndarray:
    """Codes of a whole dialogue, which ends with the mark of the turn that is not there."""
    end = (USER, SYSTEM)[len(turns) % 2]
    return np.append(turn_codes(codec, turns), np.int32(end))


def to_turns(raw: Any) -> list[str]:
    """The turns of raw input: one text of the user, or the turns so far, the user's first and last.

    Spaces between words are made single.

    Raises:
        InputError: It is neither, the last turn is not the user's, or it is blank.
    """
    turns = [raw] if isinstance(raw, str) else raw
    if not isinstance(turns, list | tuple) or not all(isinstance(turn, str) for turn in turns):
        raise InputError(
            f"Received a {type(raw).__name__}; needed is a text, or a list of the texts of a "
            "dialogue so far."
        )
    if len(turns) % 2 == 0:
        raise InputError(
            f"Received {len(turns)} turns; needed is an odd number, since the user speaks first "
            "and last."
        )
    if not turns[-1].strip():
        raise InputError("Received an empty turn; give at least one character.")
    return [" ".join(turn.split()) for turn in turns]
