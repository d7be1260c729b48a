"""Language model: a prompt in, its continuation out, one character at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.beam import free_beam
from zoo.processing.decoding import Sampling, check_count
from zoo.processing.finite import all_finite
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.parts import carry
from zoo.processing.reading import TextReader
from zoo.processing.text import Characters

DOMAIN = "text"
INPUTS = {"tokens": "codes of characters: place in `symbols`"}
OUTPUTS = {"logits": "one logit a symbol for the character after each, in the order of `symbols`"}


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
        self.frontend = Frontend(None, None)
        self.processing = codec.to_processing()

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 200,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        beams: int = 1,
    ) -> Continuation:
        """Continues a prompt.

        Args:
            run: The network in its streaming form.
            raw: At least one character.
            length: Number of characters to write.
            temperature: Divides the logits; 0 always takes the most likely character.
            top_k: Draw only among the k most likely characters.
            top_p: Draw only among the fewest most likely that have this probability together.
            seed: The same seed gives the same text.
            beams: Above 1, the likeliest text that a beam search of this width finds; nothing is
                drawn then.

        Raises:
            InputError: The prompt is empty or has an unknown character, or an option is off.
        """
        return self.predict_many(
            run,
            [raw],
            length=length,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
            beams=beams,
        )[0]

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        length: int = 200,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        beams: int = 1,
    ) -> list[Continuation]:
        """Continues several prompts, a character of each in one call; see `predict`.

        Each prompt is drawn for with the same seed, as if it were the only one.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        check_count("length", length, 0)
        check_count("beams", beams, 1)
        if not raws:
            raise InputError("Received no prompt; give at least one.")
        codes = [self.codec.encode(_prompt(raw)) for raw in raws]
        if beams > 1:
            written = [_searched(run, row, length, beams) for row in codes]
        else:
            written = list(_drawn(run, codes, length, sampling))
        return [
            Continuation(raw, self.codec.decode(row))
            for raw, row in zip(raws, written, strict=True)
        ]

    def reader(self, _raw: bool, *, top: int = 3) -> TextReader:
        """Reads one text piece by piece; see `zoo.tasks.Reader`.

        Args:
            top: How many of the most likely next characters are named.
        """
        return TextReader(self.codec, top)

    def stream(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 200,
        temperature: float = 0.8,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Iterator[str]:
        """The same continuation as `predict` writes, character by character as it is drawn.

        What is asked for is checked before the first character is.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        check_count("length", length, 0)
        codes = self.codec.encode(_prompt(raw))
        steps = _steps(run, [codes], length, sampling)
        return (self.codec.decode(step) for step in steps)


def _drawn(run: Run, prompts: Sequence[np.ndarray], length: int, sampling: Sampling) -> np.ndarray:
    """What is drawn after each prompt, int32 (prompts, length)."""
    steps = list(_steps(run, prompts, length, sampling))
    return np.stack(steps, axis=1) if steps else np.zeros((len(prompts), 0), np.int32)


def _steps(
    run: Run, prompts: Sequence[np.ndarray], length: int, sampling: Sampling
) -> Iterator[np.ndarray]:
    """The code drawn for each prompt, int32 (prompts,), step by step."""
    rngs = [sampling.generator() for _ in prompts]
    logits, states = _read(run, prompts) if length else (np.zeros((0, 0)), {})
    for place in range(length):
        codes = np.array(
            [sampling.choose(row, rng) for row, rng in zip(logits, rngs, strict=True)], np.int32
        )
        yield codes
        if place + 1 < length:
            logits, states = _following(run, codes, states)


def _searched(run: Run, prompt: np.ndarray, length: int, beams: int) -> np.ndarray:
    """The likeliest continuation that is found, int32 (length,)."""
    return free_beam(partial(_following, run), *_read(run, [prompt]), length, beams)[0]


def _read(run: Run, prompts: Sequence[np.ndarray]) -> tuple[np.ndarray, Arrays]:
    """The last logits and the states after prompts, those of one length in one call."""
    last: dict[int, np.ndarray] = {}
    found: dict[int, Arrays] = {}
    for size in {len(codes) for codes in prompts}:
        rows = [row for row, codes in enumerate(prompts) if len(codes) == size]
        logits, after = _run(run, {"tokens": np.stack([prompts[row] for row in rows])})
        for place, row in enumerate(rows):
            last[row] = logits[place]
            found[row] = {name: state[place] for name, state in after.items()}
    everyone = range(len(prompts))
    states = {name: np.stack([found[row][name] for row in everyone]) for name in found[0]}
    return np.stack([last[row] for row in everyone]), states


def _following(run: Run, codes: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
    """The logits and the states after one more code each."""
    return _run(run, {"tokens": codes[:, None], **states})


def _run(run: Run, inputs: Arrays) -> tuple[np.ndarray, Arrays]:
    """The last logits (batch, vocabulary) and the next states."""
    outputs = run(inputs)
    logits = outputs["logits"][:, -1]
    if not all_finite(logits):
        raise InputError("The network answered NaN; its file is damaged or of another task.")
    return logits, carry(outputs)


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
