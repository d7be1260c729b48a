"""A waveform as the bytes of a WAV file, by the standard library."""

from __future__ import annotations

import io
import wave

import numpy as np


def wav_bytes(waveform: np.ndarray, sampling_rate: int) -> bytes:
    """16-bit integer PCM of one channel.

    Args:
        waveform: Float (samples,); beyond [-1, 1] it is clipped.
        sampling_rate: In Hz.
    """
    whole = np.round(np.clip(waveform, -1, 1) * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(sampling_rate)
        writer.writeframes(whole.tobytes())
    return file.getvalue()
