"""Digits of fsdd and noise at 8 kHz, to put strings of digits together from.

Test clips are those of the official split (takes 0 to 4), takes 5 to 9 validate. Two files of noise
are heard in tests alone, see `zoo.datasets.voices_in_noise`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from zoo.datasets._utterances import Utterances
from zoo.datasets.fsdd import Recordings
from zoo.datasets.voices_in_noise import RATE, split_noises
from zoo.errors import DataError

SOURCES = ("fsdd", "background-noise")
_VALIDATION = range(5, 10)  # takes
_JOINED = (1, 8)


def join(parts: Mapping[str, Any]) -> Utterances:
    """Brings the data sets of SOURCES, by name, together.

    Raises:
        DataError: The digits are not at 8 kHz.
        MissingExtraError: The extra [audio] is not installed.
    """
    digits: Recordings = parts["fsdd"]
    if digits.sampling_rate != RATE:
        raise DataError(f"Received fsdd at {digits.sampling_rate} Hz; needed is {RATE} Hz.")
    validates = (digits.splits == "train") & np.isin(digits.takes, _VALIDATION)
    return Utterances(
        waveforms=digits.waveforms,
        words=tuple((digits.label_names[label],) for label in digits.labels),
        speakers=digits.speakers,
        splits=np.where(validates, "validation", digits.splits),
        noises=split_noises(parts["background-noise"]),
        sampling_rate=RATE,
        joined=_JOINED,
    )
