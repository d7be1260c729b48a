"""Fixtures of made recordings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.speech.made import RATE, made_recordings, made_wave
from zoo.datasets.fsdd import Recordings


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    """Three words, three speakers, six takes; the lowest two takes are the test part."""
    return made_recordings()


@pytest.fixture(scope="session")
def wave_bytes() -> Callable[..., bytes]:
    """Makes the bytes of an integer PCM WAV: `(samples, width=2, rate=8000)`."""
    return made_wave


@pytest.fixture
def write_wave(tmp_path: Path) -> Callable[..., Path]:
    """Writes float samples (samples,) or (samples, channels) as an integer PCM WAV."""

    def write(samples: np.ndarray, width: int = 2, rate: int = RATE) -> Path:
        path = tmp_path / f"clip_{width}_{rate}_{samples.ndim}.wav"
        path.write_bytes(made_wave(samples, width, rate))
        return path

    return write
