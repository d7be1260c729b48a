"""Waveforms to log-mel frames as they come: no level of the whole recording, nothing ahead."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zoo.errors import RecipeError
from zoo.processing.audio import LogMel
from zoo.processing.frontend import Arrays, Tensor

LONGEST = 600  # seconds of a recording that are answered in one call; a stream has no end


@dataclass(frozen=True)
class Frames:
    """Log-mel frames of waveforms that are real to their end.

    Args:
        config: How a waveform becomes a spectrogram; its level is "none".

    Raises:
        RecipeError: It divides by the level of the whole recording, or leaves samples out.
    """

    config: LogMel

    def __post_init__(self) -> None:
        if self.config.level != "none":
            raise RecipeError(
                f"Received level={self.config.level!r}; frames that are heard as they come need "
                "level = 'none'."
            )
        if self.config.frame_length < self.config.hop_length:
            raise RecipeError(
                f"Received frame={self.config.frame} and hop={self.config.hop}; frames that are "
                "heard as they come leave no sample out: the frame is as long as the hop or longer."
            )

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The samples."""
        rate = self.config.sampling_rate
        meaning = f"samples of one channel in [-1, 1] at {rate} Hz"
        return (Tensor("waveform", "float32", ("batch", "samples"), meaning),)

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The frames."""
        shape = ("batch", "time", self.config.mels)
        return (Tensor("features", "float32", shape, "log-mel spectrogram, a frame a step"),)

    def __call__(self, arrays: Arrays) -> Arrays:
        """`features` float32 (batch, time, mels); the last frame is padded with zeros."""
        return {"features": np.stack([self.config(row) for row in arrays["waveform"]])}

    def count(self, samples: int) -> int:
        """How many frames a waveform of so many samples has, its end padded with zeros."""
        beyond = max(0, samples - self.config.frame_length)
        return max(self.config.frames, 1 + -(-beyond // self.config.hop_length))

    def reach(self, frames: int) -> int:
        """How many samples so many frames span; none for none."""
        return (frames - 1) * self.config.hop_length + self.config.frame_length if frames else 0

    def padded(self, waveform: np.ndarray) -> np.ndarray:
        """The waveform (samples,) with zeros up to the end of its last frame."""
        missing = self.reach(self.count(len(waveform))) - len(waveform)
        return np.pad(waveform, (0, max(0, missing)))

    def seconds(self, frame: int) -> float:
        """Where a frame begins, in seconds from the start."""
        return frame * self.config.hop_length / self.config.sampling_rate


@dataclass(frozen=True)
class FramesOfChunks(Frames):
    """Log-mel frames of chunks of waveforms; samples of frames that are not complete are held.

    A chunk must complete a frame: `held` and `waveform` have at least a frame's samples together.
    """

    @property
    def reads(self) -> tuple[Tensor, ...]:
        """The new samples, and those held since the chunk before."""
        held = "samples of frames not complete yet; none at the start"
        return (*super().reads, Tensor("held", "float32", ("batch", "held"), held))

    @property
    def gives(self) -> tuple[Tensor, ...]:
        """The complete frames, and what is held for the next chunk."""
        held = "what `held` is for the next chunk"
        return (*super().gives, Tensor("next_held", "float32", ("batch", "next_held"), held))

    def __call__(self, arrays: Arrays) -> Arrays:
        """`features` float32 (batch, time, mels) and `next_held` float32 (batch, samples)."""
        joined = np.concatenate([arrays["held"], arrays["waveform"]], axis=1)
        frames = self.complete(joined.shape[1])
        heard = joined[:, : self.reach(frames)]
        exactly = replace(self.config, frames=1)
        features = np.stack([exactly(row)[:frames] for row in heard])
        return {"features": features, "next_held": joined[:, frames * self.config.hop_length :]}

    def complete(self, samples: int) -> int:
        """How many frames so many samples complete."""
        beyond = samples - self.config.frame_length
        return 0 if beyond < 0 else 1 + beyond // self.config.hop_length
