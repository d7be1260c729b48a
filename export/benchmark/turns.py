"""Several things timed in turn, so that other work on the machine meets all of them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence


def in_turn(
    asks: Sequence[Callable[[], Sequence[float]]], seconds: float, least: int
) -> list[list[float]]:
    """Asks one after the other, in changing order, until the time is over.

    Args:
        asks: Each runs what is timed, once or several times, and gives the seconds of each run.
        seconds: Time for all of them together.
        least: Turns that are taken however long they last.

    Returns:
        All seconds of each.
    """
    times: list[list[float]] = [[] for _ in asks]
    end, turn = time.perf_counter() + seconds, 0
    while turn < least or time.perf_counter() < end:
        order = range(len(asks)) if turn % 2 else reversed(range(len(asks)))
        for index in order:
            times[index] += asks[index]()
        turn += 1
    return times
