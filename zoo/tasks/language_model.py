"""Language model: a prompt in, its continuation out, one character at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.decoding import sample
from zoo.processing.text import Characters
from zoo.tasks import Arrays, Run

INPUTS = ("tokens",)
OUTPUTS = ("logits",)


@dataclass(frozen=True)
class Continuation:
    """A prompt and what the model wrote after it."""

    prompt: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"prompt": self.prompt, "text": self.text}

    def __str__(self) -> str:
        return self.prompt + self.text


class LanguageModel:
    """Writes on from a prompt.

    The network it runs takes `tokens` int32 (batch, time) and states, and gives `logits`
    float32 (batch, time, vocabulary) and the next states. States left out are zeros.

    Args:
        codec: Text to codes and back.
    """

    def __init__(self, codec: Characters) -> None:
        self.codec = codec
        self.processing = codec.to_processing()

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 200,
        temperature: float = 0.8,
        top_k: int | None = None,
        seed: int = 0,
    ) -> Continuation:
        """Continues a prompt; `stream` explains the options and the errors."""
        prompt = _prompt(raw)
        pieces = self.stream(
            run, prompt, length=length, temperature=temperature, top_k=top_k, seed=seed
        )
        return Continuation(prompt, "".join(pieces))

    def stream(
        self,
        run: Run,
        prompt: str,
        *,
        length: int = 200,
        temperature: float = 0.8,
        top_k: int | None = None,
        seed: int = 0,
    ) -> Iterator[str]:
        """Yields the continuation, character by character.

        Args:
            run: The network in its streaming form.
            prompt: At least one character.
            length: Number of characters to write.
            temperature: Divides the logits; 0 always takes the most likely character.
            top_k: Draw only among the k most likely characters.
            seed: The same seed gives the same text.

        Raises:
            InputError: The prompt is empty or has an unknown character, or an option is off.
        """
        if length < 0:
            raise InputError(f"Received length={length}; use 0 or more characters.")
        rng = np.random.default_rng(seed)
        tokens = self.codec.encode(_prompt(prompt))[None]
        states: Arrays = {}
        for _ in range(length):
            outputs = run({"tokens": tokens, **states})
            states = carry(outputs)
            code = sample(outputs["logits"][0, -1], rng, temperature, top_k)
            yield self.codec.decode(np.array([code]))
            tokens = np.array([[code]], dtype=np.int32)


def carry(outputs: Mapping[str, np.ndarray]) -> Arrays:
    """The `next_…` outputs of one call as the state inputs of the following one."""
    return {
        name.removeprefix("next_"): value
        for name, value in outputs.items()
        if name.startswith("next_")
    }


def from_processing(processing: Mapping[str, Any]) -> LanguageModel:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: The configuration is not one of characters.
    """
    return LanguageModel(Characters.from_processing(processing))


def _prompt(raw: Any) -> str:
    if not isinstance(raw, str):
        raise InputError(f"Received a {type(raw).__name__}; needed is a text prompt (str).")
    if not raw:
        raise InputError("Received an empty text; give a prompt of at least one character.")
    return raw
