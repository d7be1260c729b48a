"""Any recording -> float32 mono waveform at the rate that a model wants, in bounded memory.

Integer PCM WAV at that rate needs the standard library only; other formats need soundfile, other
rates soxr, both from the extra [audio].
"""

from __future__ import annotations

import io
import wave
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zoo.errors import InputError, MissingExtraError

_BLOCKS_A_SECOND = 10
_RATES = (1_000, 1_000_000)  # Hz
_LOUD = 1e6  # far beyond integer samples that were not scaled, and its square is a float32
_OTHER_FORMATS = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"FORM")
_NOTHING = np.zeros(0, np.float32)

_Source = str | Path | bytes | bytearray


def read(
    source: Any, rate: int, *, sampling_rate: int | None = None, longest: float = 60.0
) -> np.ndarray:
    """Reads a recording.

    Args:
        source: A path, the bytes of a file, or an array (samples,) or (samples, channels) of
            floats in [-1, 1] or of integers at full scale. Channels are averaged.
        rate: Wanted sampling rate in Hz.
        sampling_rate: The rate of an array, `rate` where it is not given; files know theirs.
        longest: In seconds. Of longer recordings only the loudest stretch of that length is kept,
            and no more than that is ever held.

    Returns:
        float32 (samples,), at least one sample.

    Raises:
        InputError: The file is missing, not a recording, cut short or empty, or samples are NaN.
        MissingExtraError: The format or the rate needs the extra [audio].
    """
    if isinstance(source, np.ndarray):
        found, name = rate if sampling_rate is None else sampling_rate, "The array"
        _check_rate(found, name)
        blocks = _array_blocks(source, found)
    elif isinstance(source, (str, Path, bytes, bytearray)):
        if sampling_rate is not None:
            raise InputError(f"Received sampling_rate={sampling_rate}; a file states its own.")
        blocks, found, name = _file_blocks(source)
        _check_rate(found, name)
    else:
        raise InputError(
            f"Received a {type(source).__name__}; needed is a path, a file's bytes or an array."
        )
    checked = _checked(blocks, name)
    return _loudest(checked if found == rate else resampled(checked, found, rate), longest * rate)


def mono(samples: Any) -> np.ndarray:
    """Samples of one channel, as a stream gives them, as float32 (samples,); perhaps none.

    Args:
        samples: Floats in [-1, 1], or integers at full scale.

    Raises:
        InputError: They are no such array, or not finite.
    """
    if not isinstance(samples, np.ndarray) or samples.ndim != 1:
        received = getattr(samples, "shape", type(samples).__name__)
        raise InputError(f"Received {received}; needed is an array of samples (samples,).")
    blocks = list(_array_blocks(samples, _RATES[0]))
    return np.concatenate(list(_checked(iter(blocks), "The chunk"))) if blocks else _NOTHING


def _check_rate(rate: Any, name: str) -> None:
    whole = isinstance(rate, int | np.integer) and not isinstance(rate, bool)
    if not whole or not _RATES[0] <= rate <= _RATES[1]:
        raise InputError(
            f"{name} has a sampling rate of {rate} Hz; use a whole number, {_RATES[0]} to "
            f"{_RATES[1]}."
        )


def _is_file(source: str | Path) -> bool:
    try:
        return Path(source).is_file()
    except OSError:  # a name that is too long
        return False


def _loudest(blocks: Iterable[np.ndarray], longest: float) -> np.ndarray:
    """The stretch of at most `longest` samples, in whole blocks, that has the most energy."""
    window: deque[tuple[np.ndarray, float]] = deque()
    best: list[np.ndarray] = []
    samples, energy, most = 0, 0.0, -1.0
    for block in blocks:
        window.append((block, float(np.square(block, dtype=np.float64).sum())))
        samples, energy = samples + len(block), energy + window[-1][1]
        while samples > longest and len(window) > 1:
            dropped, lost = window.popleft()
            samples, energy = samples - len(dropped), energy - lost
        if energy >= most:  # always so while the window still grows
            best, most = [kept for kept, _ in window], energy
    waveform = np.concatenate(best)
    return waveform if len(waveform) else np.zeros(1, np.float32)


def _checked(blocks: Iterator[np.ndarray], name: str) -> Iterator[np.ndarray]:
    """Mono float32 blocks, each looked at before it is used."""
    count = 0
    for block in blocks:
        mono = np.asarray(block.mean(axis=1) if block.ndim == 2 else block, np.float32)
        if not np.isfinite(mono).all():
            raise InputError(f"{name} has NaN or infinite samples; repair the recording.")
        if len(mono) and np.abs(mono).max() > _LOUD:
            raise InputError(f"{name} has samples beyond {_LOUD:g}; scale them to [-1, 1].")
        count += len(mono)
        yield mono
    if not count:
        raise InputError(f"{name} is empty; needed is at least one sample.")


def _array_blocks(array: np.ndarray, rate: int) -> Iterator[np.ndarray]:
    if array.ndim not in (1, 2) or (array.ndim == 2 and not 1 <= array.shape[1] <= 64):
        raise InputError(f"Received an array {array.shape}; use (samples,) or (samples, channels).")
    if array.dtype.kind not in "iuf":
        raise InputError(f"Received an array of {array.dtype}; use floats or integers.")
    step = max(1, rate // _BLOCKS_A_SECOND)
    return (_scaled(array[start : start + step]) for start in range(0, len(array), step))


def _scaled(samples: np.ndarray) -> np.ndarray:
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    offset = scale if samples.dtype.kind == "u" else 0.0
    return ((samples.astype(np.float64) - offset) / scale).astype(np.float32)


def _file_blocks(source: _Source) -> tuple[Iterator[np.ndarray], int, str]:
    """Blocks (samples, channels), the sampling rate and a name for messages."""
    if isinstance(source, (str, Path)):
        name = str(source)
        if not _is_file(source):
            raise InputError(f"{name:.200} is not a file; give the path of a recording.")
        with Path(source).open("rb") as file:
            start = file.read(16)
    else:
        name, start = "The recording", bytes(source[:16])
    if not start:
        raise InputError(f"{name} is empty (0 bytes); needed is a recording.")
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        try:
            with wave.open(_opened(source), "rb") as reader:
                return _wave_blocks(source, name), reader.getframerate(), name
        except EOFError:
            raise InputError(f"{name} is a WAV file cut short within its header.") from None
        except wave.Error:
            pass  # a WAV of another coding than integer PCM
    return _other_blocks(source, start, name)


def _opened(source: _Source) -> Any:
    return str(source) if isinstance(source, (str, Path)) else io.BytesIO(source)


def _wave_blocks(source: _Source, name: str) -> Iterator[np.ndarray]:
    """Integer PCM by the standard library; 8 bit is unsigned, wider is signed, little-endian."""
    found = 0
    with wave.open(_opened(source), "rb") as reader:
        promised, channels, width = (
            reader.getnframes(),
            reader.getnchannels(),
            reader.getsampwidth(),
        )
        step = max(1, reader.getframerate() // _BLOCKS_A_SECOND)
        while data := reader.readframes(step):
            whole = len(data) // (width * channels)
            found += whole
            samples = np.frombuffer(data, np.uint8, whole * width * channels)
            yield _integers(samples.reshape(-1, width)).reshape(-1, channels)
    endless = promised * width * channels > 2**31 - 4096  # a pipe does not know its length
    if found < promised and not endless:
        raise InputError(f"{name} is cut short: it promises {promised} samples and has {found}.")


def _integers(samples: np.ndarray) -> np.ndarray:
    """Little-endian samples uint8 (samples, width) to float32 (samples,)."""
    if samples.shape[1] == 1:
        return _scaled(samples[:, 0])
    wide = np.zeros((len(samples), 4), np.uint8)
    wide[:, 4 - samples.shape[1] :] = samples
    return _scaled(wide.view("<i4")[:, 0])


def _other_blocks(
    source: _Source, start: bytes, name: str
) -> tuple[Iterator[np.ndarray], int, str]:
    wrong = f"{name} is not a recording that can be read (it begins with {start[:8]!r})"
    try:
        import soundfile
    except ImportError:
        if start.startswith(_OTHER_FORMATS):
            raise MissingExtraError("audio", "Reading other files than integer PCM WAV") from None
        raise InputError(f"{wrong}; give a WAV file.") from None
    try:
        file = soundfile.SoundFile(_opened(source))
    except (soundfile.LibsndfileError, TypeError):
        raise InputError(f"{wrong}; give WAV, FLAC, OGG or MP3.") from None
    step = max(1, file.samplerate // _BLOCKS_A_SECOND)
    return _sound_blocks(file, step, name, soundfile.LibsndfileError), file.samplerate, name


def _sound_blocks(file: Any, step: int, name: str, damage: type[Exception]) -> Iterator[np.ndarray]:
    with file:
        try:
            while len(block := file.read(step, dtype="float32", always_2d=True)):
                yield block
        except damage as error:
            raise InputError(f"{name} is damaged: {error}") from None


def resampled(blocks: Iterator[np.ndarray], found: int, rate: int) -> Iterator[np.ndarray]:
    """Blocks of samples float32 (samples,) at another rate, in Hz.

    Raises:
        InputError: The rate found is not one of sound.
        MissingExtraError: soxr is not installed.
    """
    if not _RATES[0] <= found <= _RATES[1]:
        raise InputError(f"Received a rate of {found} Hz; use {_RATES[0]} to {_RATES[1]}.")
    try:
        import soxr
    except ImportError:
        raise MissingExtraError("audio", f"Resampling {found} Hz to {rate} Hz") from None
    stream = soxr.ResampleStream(found, rate, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
