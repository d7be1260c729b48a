"""Where a clean recording speaks, told from its energy: labels for mixtures made of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

STEP = 0.010  # seconds of a decision
_QUIET = 1e-10  # power that counts as digital silence, -100 dB
_SILENT = -99.0  # dB
_EMPHASIS = 0.9  # takes hum out and lifts fricatives
_DEEPEST, _SHALLOWEST, _OVER_FLOOR = 35.0, 20.0, 10.0  # dB
_GAP = 0.2  # seconds: the closure of a stop is no pause
_MARGIN = 0.03  # seconds kept before and after a word that is cut out


def speaking(waveform: np.ndarray, rate: int) -> np.ndarray:
    """Which stretches of STEP seconds hold speech.

    Speech is what is louder than a border, up to gaps of 0.2 s. The border is 10 dB over the
    recording's floor (the 10th percentile of its stretches), but at least 20 and at most 35 dB
    under its loudest stretches (the 98th). Digital silence is none.

    Args:
        waveform: Clean float samples (samples,) in [-1, 1], at least one.
        rate: Their sampling rate in Hz.

    Returns:
        bool (steps,); the last stretch may be shorter.
    """
    return _filled(_loud(waveform, rate), round(_GAP / STEP))


def _loud(waveform: np.ndarray, rate: int) -> np.ndarray:
    levels = decibels(waveform, round(STEP * rate))
    peak, floor = np.percentile(levels, [98, 10])
    border = np.clip(floor + _OVER_FLOOR, peak - _DEEPEST, peak - _SHALLOWEST)
    return np.asarray(levels > max(border, _SILENT))


def parted(waveform: np.ndarray, rate: int, count: int) -> list[tuple[int, int]]:
    """First sample and end of each of so many stretches of speech, parted by the widest pauses.

    Args:
        waveform: Clean float samples (samples,) in [-1, 1], at least one.
        rate: Their sampling rate in Hz.
        count: How many words it says.

    Returns:
        Fewer stretches where there are fewer pauses.
    """
    loud = np.flatnonzero(_loud(waveform, rate))
    if not len(loud):
        return []
    pauses = np.diff(loud) - 1
    widest = np.sort(np.argsort(-pauses, kind="stable")[: count - 1])
    cuts = widest[pauses[widest] > 0]
    starts, ends = loud[np.append(0, cuts + 1)], loud[np.append(cuts, len(loud) - 1)] + 1
    step, margin = round(STEP * rate), round(_MARGIN * rate)
    return [
        (max(0, a * step - margin), min(len(waveform), b * step + margin))
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    ]


def decibels(waveform: np.ndarray, length: int) -> np.ndarray:
    """The level of successive stretches of `length` samples in dB, smoothed over three of them.

    Low frequencies are weakened first, so that hum and offset count little.
    """
    flat = np.append(waveform[:1] * (1 - _EMPHASIS), waveform[1:] - _EMPHASIS * waveform[:-1])
    padded = np.pad(flat, (0, -len(flat) % length)).reshape(-1, length)
    power = np.pad(np.square(padded, dtype=np.float64).mean(axis=1), 1, mode="edge")
    smooth = (power[:-2] + power[1:-1] + power[2:]) / 3
    return np.asarray(10 * np.log10(smooth + _QUIET))


def clearness(waveform: np.ndarray, rate: int) -> float:
    """How far a recording's loudest stretches stand over its floor, in dB."""
    peak, floor = np.percentile(decibels(waveform, round(STEP * rate)), [98, 10])
    return float(peak - floor)


def _filled(active: np.ndarray, longest: int) -> np.ndarray:
    """The same with gaps of up to `longest` steps between two active ones closed."""
    places = np.flatnonzero(active)
    for before, after in pairwise(places.tolist()):
        if after - before - 1 <= longest:
            active[before:after] = True
    return active
