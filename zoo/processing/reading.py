"""A text read piece by piece by a language model: how likely it was, and what may follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.decoding import likeliest
from zoo.processing.frontend import Arrays
from zoo.processing.text import TextCodec


@dataclass(frozen=True)
class Reading:
    """What a language model says of a piece of text.

    Attributes:
        text: The piece.
        predicted: How many of its characters or words were predicted: all but the first of a
            stream.
        nats: The negative logarithm of the probability of those, together.
        likely: The most likely next ones and their probabilities, the likeliest first.
        unit: "character" or "word".
    """

    text: str
    predicted: int
    nats: float
    likely: dict[str, float]
    unit: str = "character"

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {
            "text": self.text,
            "predicted": self.predicted,
            "nats": self.nats,
            "likely": self.likely,
        }

    def __str__(self) -> str:
        if not self.likely:
            return ""
        likely = ", ".join(f"{c!r} {share:.1%}" for c, share in self.likely.items())
        rate = f"{self.nats / self.predicted:.2f} nats a {self.unit}; " if self.predicted else ""
        return f"{rate}next {likely}"


class TextReader:
    """Text in, readings out; see `zoo.tasks.Reader`.

    Args:
        codec: Text to codes and back.
        top: How many next characters or words are named.

    Raises:
        InputError: `top` is not positive.
    """

    def __init__(self, codec: TextCodec, top: int = 3) -> None:
        if type(top) is not int or top < 1:
            raise InputError(f"Received top={top!r}; use 1 or more.")
        self._codec = codec
        self._top = top
        self.reset()

    def reset(self) -> None:
        """Starts another text."""
        self._last = np.zeros((0, len(self._codec.vocabulary)))  # log probabilities of what is next
        self._pieces: list[np.ndarray] = []  # codes whose answer is not there yet

    def arrays(self, chunk: Any) -> Arrays | None:
        """The codes of a piece; None for an empty one.

        Raises:
            InputError: It is no text, or a character is unknown.
        """
        if not isinstance(chunk, str):
            raise InputError(f"Received a {type(chunk).__name__}; needed is a piece of text (str).")
        if not chunk:
            return None
        codes = self._codec.encode(chunk)
        self._pieces.append(codes)
        return {"tokens": codes[None]}

    def rest(self) -> Arrays | None:
        """Nothing is held back."""
        return None

    def answer(self, outputs: Arrays | None) -> Reading:
        """The reading of the oldest piece that has none yet."""
        if outputs is None:
            return Reading("", 0, 0.0, {})
        codes = self._pieces.pop(0)
        scores = outputs["logits"][0].astype(np.float64)
        peak = scores.max(axis=-1, keepdims=True)
        logs = scores - peak - np.log(np.exp(scores - peak).sum(axis=-1, keepdims=True))
        before = np.concatenate([self._last, logs[:-1]])
        read = codes[len(codes) - len(before) :]
        nats = -float(before[np.arange(len(read)), read].sum())
        self._last = logs[-1:]
        likely = {
            self._codec.vocabulary[code]: float(np.exp(logs[-1][code]))
            for code in likeliest(logs[-1], self._top)
        }
        return Reading(self._codec.decode(codes), len(read), nats, likely, self._codec.unit)

    def state(self) -> Arrays:
        """The probabilities of what is next."""
        return {"last": self._last}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        last = arrays["last"]
        if last.dtype != np.float64 or last.shape[1:] != self._last.shape[1:] or len(last) > 1:
            raise ValueError(f"the last probabilities are {last.dtype} {last.shape}")
        self._last, self._pieces = last, []
