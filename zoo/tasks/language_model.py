"""Language model: a prompt in, its continuation out, one character at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        length: int = 200,
        temperature: float = 0.8,
        top_k: int | None = None,
        seed: int = 0,
    ) -> list[Continuation]:
        """Continues several prompts, a character of each in one call; see `stream`.

        Each prompt is drawn for with the same seed, as if it were the only one.
        """
        _check_length(length)
        if not raws:
            raise InputError("Received no prompt; give at least one.")
        codes = [self.codec.encode(_prompt(raw)) for raw in raws]
        rngs = [np.random.default_rng(seed) for _ in raws]
        written = np.zeros((len(raws), length), np.int32)
        if length:
            logits, states = self._read(run, codes)
        for place in range(length):
            for row, rng in enumerate(rngs):
                written[row, place] = sample(logits[row], rng, temperature, top_k)
            if place + 1 < length:
                outputs = run({"tokens": written[:, place : place + 1], **states})
                logits, states = outputs["logits"][:, -1], carry(outputs)
        return [
            Continuation(raw, self.codec.decode(row))
            for raw, row in zip(raws, written, strict=True)
        ]

    @staticmethod
    def _read(run: Run, prompts: Sequence[np.ndarray]) -> tuple[np.ndarray, Arrays]:
        """The last logits and the states after prompts, those of one length in one call."""
        last: dict[int, np.ndarray] = {}
        found: dict[int, Arrays] = {}
        for size in {len(codes) for codes in prompts}:
            rows = [row for row, codes in enumerate(prompts) if len(codes) == size]
            outputs = run({"tokens": np.stack([prompts[row] for row in rows])})
            after = carry(outputs)
            for place, row in enumerate(rows):
                last[row] = outputs["logits"][place, -1]
                found[row] = {name: state[place] for name, state in after.items()}
        everyone = range(len(prompts))
        states = {name: np.stack([found[row][name] for row in everyone]) for name in found[0]}
        return np.stack([last[row] for row in everyone]), states

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
        _check_length(length)
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


def _check_length(length: int) -> None:
    if length < 0:
        raise InputError(f"Received length={length}; use 0 or more characters.")


def _prompt(raw: Any) -> str:
    if not isinstance(raw, str):
        raise InputError(f"Received a {type(raw).__name__}; needed is a text prompt (str).")
    if not raw:
        raise InputError("Received an empty text; give a prompt of at least one character.")
    return raw
