"""A text read piece by piece by a model of words, wherever the pieces are cut."""

from __future__ import annotations

from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.frontend import Arrays
from zoo.processing.reading import TextReader


class WordReader(TextReader):
    """Holds back what stands after the last space until it is known to be a whole word.

    See `zoo.tasks.Reader` and `TextReader`.
    """

    def reset(self) -> None:
        """Starts another text."""
        super().reset()
        self._held = ""

    def arrays(self, chunk: Any) -> Arrays | None:
        """The codes of the words that are complete; None while none is.

        Raises:
            InputError: It is no text.
        """
        if not isinstance(chunk, str):
            raise InputError(f"Received a {type(chunk).__name__}; needed is a piece of text (str).")
        text = self._held + chunk
        end = 1 + max(text.rfind(" "), text.rfind("\n"))
        self._held = text[end:]
        return self._coded(text[:end])

    def rest(self) -> Arrays | None:
        """The codes of the last word."""
        text, self._held = self._held, ""
        return self._coded(text)

    def state(self) -> Arrays:
        """The probabilities of what is next, and the letters that are held back."""
        return {**super().state(), "held": np.frombuffer(self._held.encode(), np.uint8)}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        held = arrays["held"].tobytes().decode()
        super().restore(arrays)
        self._held = held

    def _coded(self, text: str) -> Arrays | None:
        return super().arrays(text) if text.strip(" ") else None
