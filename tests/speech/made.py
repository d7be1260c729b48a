"""Small recordings made on the spot: each word is two tones, each speaker another pitch."""

from __future__ import annotations

import io
import wave

import numpy as np

from zoo.datasets.fsdd import Recordings

RATE = 8000
WORDS = ("low", "high", "rising")
_TONES = {"low": (400, 300), "high": (2500, 2000), "rising": (500, 3000)}


def spoken(word: str, seed: int, pitch: float = 1.0) -> np.ndarray:
    """A word of two tones, 0.15 to 0.3 s, float32."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(RATE * rng.uniform(0.07, 0.15))) / RATE
    tones = [np.sin(2 * np.pi * tone * pitch * time) for tone in _TONES[word]]
    noise = 0.02 * rng.normal(size=2 * len(time))
    return np.asarray(rng.uniform(0.05, 0.5) * (np.concatenate(tones) + noise), np.float32)


def made_recordings() -> Recordings:
    """Three words, three speakers, six takes; the lowest two takes are the test part."""
    rows = [(w, s, t) for w in range(3) for s in range(3) for t in range(6)]
    takes = np.array([take for _, _, take in rows], np.int32)
    return Recordings(
        waveforms=tuple(spoken(WORDS[w], 100 * w + 10 * s + t, 1 + s / 20) for w, s, t in rows),
        labels=np.array([word for word, _, _ in rows], np.int32),
        speakers=np.array([f"speaker {speaker}" for _, speaker, _ in rows]),
        takes=takes,
        splits=np.where(takes < 2, "test", "train"),
        label_names=WORDS,
        sampling_rate=RATE,
    )


def made_wave(samples: np.ndarray, width: int = 2, rate: int = RATE) -> bytes:
    """The bytes of an integer PCM WAV of `width` bytes a sample."""
    full = 2.0 ** (8 * width - 1)
    whole = np.clip(np.round(samples.astype(np.float64) * full), -full, full - 1).astype("<i4")
    if width == 1:
        data = (whole + 128).astype(np.uint8).tobytes()
    else:
        data = whole.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(samples.shape[1] if samples.ndim == 2 else 1)
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes(data)
    return file.getvalue()
