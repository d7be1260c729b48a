"""How far a figure falls when recordings are not as they should be.

Every task that hears recordings gets this for one function of its evaluation: `changed(task, run,
data, split, change)`, its primary figure on recordings that `change` has made worse.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zoo.errors import MissingExtraError
from zoo.processing.recording import resampled

# What a task hears in place of a waveform float32 (samples,), its rate in Hz, its number.
Change = Callable[[np.ndarray, int, int], np.ndarray | bytes]
Setting = float | str

_SEED = 1
_CODINGS = {
    "wav_8_bit": ("WAV", "PCM_U8"),
    "wav_16_bit": ("WAV", "PCM_16"),
    "wav_24_bit": ("WAV", "PCM_24"),
    "wav_float": ("WAV", "FLOAT"),
    "flac": ("FLAC", "PCM_16"),
    "ogg": ("OGG", "VORBIS"),
}


@dataclass(frozen=True)
class Condition:
    """One thing that may be wrong with recordings, in several degrees.

    Attributes:
        name: What is wrong.
        setting: What the degrees are, with their unit.
        settings: The degrees, from harmless to hard where they have an order.
        made: The recording at a degree, from a waveform, its rate, its number and the degree.
    """

    name: str
    setting: str
    settings: tuple[Setting, ...]
    made: Callable[[np.ndarray, int, int, Setting], np.ndarray | bytes]


def measure(score: Callable[[Change], float]) -> Iterator[tuple[Condition, dict[str, float]]]:
    """Scores a model under all conditions; noise is the same in each run.

    Args:
        score: The model's figure on recordings that are changed in a way.

    Yields:
        Each condition, and the figure at each of its settings.

    Raises:
        MissingExtraError: The extra [audio] is not installed.
    """
    for condition in CONDITIONS:
        yield condition, {str(one): score(_at(condition, one)) for one in condition.settings}


def _at(condition: Condition, setting: Setting) -> Change:
    return lambda waveform, rate, number: condition.made(waveform, rate, number, setting)


def white_noise(waveform: np.ndarray, rate: int, number: int, ratio: Setting) -> np.ndarray:
    """Adds noise of equal power at all frequencies, `ratio` dB below the whole recording."""
    noise = np.random.default_rng([_SEED, number]).standard_normal(len(waveform))
    return _mixed(waveform, noise, float(ratio))


def pink_noise(waveform: np.ndarray, rate: int, number: int, ratio: Setting) -> np.ndarray:
    """Adds noise of equal power in all octaves, as in a room."""
    noise = np.random.default_rng([_SEED, number]).standard_normal(len(waveform))
    spectrum = np.fft.rfft(noise)
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    return _mixed(waveform, np.fft.irfft(spectrum, len(waveform)), float(ratio))


def _mixed(waveform: np.ndarray, noise: np.ndarray, ratio: float) -> np.ndarray:
    power, wanted = np.square(noise).mean(), np.square(waveform, dtype=np.float64).mean()
    scale = np.sqrt(wanted / max(power, 1e-12) * 10 ** (-ratio / 10))
    return np.asarray(waveform + scale * noise, np.float32)


def faster(waveform: np.ndarray, rate: int, number: int, factor: Setting) -> np.ndarray:
    """Plays the recording faster or slower; pitch and formants move with it."""
    return np.concatenate(list(resampled(iter([waveform]), round(rate * float(factor)), rate)))


def at_rate(waveform: np.ndarray, rate: int, number: int, other: Setting) -> bytes:
    """A WAV file of 16 bits at another sampling rate."""
    found = [waveform] if other == rate else resampled(iter([waveform]), rate, int(other))
    return _file(np.concatenate(list(found)), int(other), "wav_16_bit")


def in_channels(waveform: np.ndarray, rate: int, number: int, kind: Setting) -> bytes:
    """A WAV file of one channel, of two alike, or of two of which one is silent."""
    sides = {"mono": [1.0], "stereo": [1.0, 1.0], "one side": [1.0, 0.0]}[str(kind)]
    return _file(waveform[:, None] * np.array(sides), rate, "wav_16_bit")


def coded(waveform: np.ndarray, rate: int, number: int, coding: Setting) -> bytes:
    """A file of one of the usual forms."""
    return _file(waveform, rate, str(coding))


def clipped(waveform: np.ndarray, rate: int, number: int, gain: Setting) -> np.ndarray:
    """Cuts off what lies beyond the largest value after a gain in dB."""
    peak = np.abs(waveform).max() * 10 ** (-float(gain) / 20)
    return np.asarray(np.clip(waveform, -peak, peak), np.float32)


def offset(waveform: np.ndarray, rate: int, number: int, share: Setting) -> np.ndarray:
    """Adds a constant, as a share of the largest value."""
    return np.asarray(waveform + float(share) * np.abs(waveform).max(), np.float32)


def _file(samples: np.ndarray, rate: int, coding: str) -> bytes:
    try:
        import soundfile
    except ImportError:
        raise MissingExtraError("audio", "Writing recordings in many forms") from None
    form, subtype = _CODINGS[coding]
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


_RATIO = "signal-to-noise ratio over the whole recording, dB"
CONDITIONS = (
    Condition("white_noise", _RATIO, (30, 20, 15, 10, 5, 0), white_noise),
    Condition("pink_noise", _RATIO, (30, 20, 15, 10, 5, 0), pink_noise),
    Condition("speed", "factor on tempo and pitch", (0.9, 0.95, 1.05, 1.1), faster),
    Condition("sampling_rate", "Hz", (8000, 16000, 44100, 48000), at_rate),
    Condition("channels", "channels of a WAV file", ("mono", "stereo", "one side"), in_channels),
    Condition("coding", "form of the file", tuple(_CODINGS), coded),
    Condition("clipping", "gain beyond full scale, dB", (6, 12, 20), clipped),
    Condition("offset", "constant added, as a share of the peak", (0.1, 0.5), offset),
)
