"""Language model: a prompt in, its continuation out, one symbol at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.beam import free_beam
from zoo.processing.decoding import Sampling, check_count, likeliest, log_shares
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.reading import TextReader
from zoo.processing.text import Characters, TextCodec
from zoo.processing.writing import follow, read

_IMPOSSIBLE = -1e9  # a logit
Read = Callable[[], tuple[np.ndarray, Arrays]]

DOMAIN = "text"
INPUTS = {"tokens": "codes of characters: place in `symbols`"}
OUTPUTS = {"logits": "one logit a symbol for the character after each, in the order of `symbols`"}


@dataclass(frozen=True)
class Continuation:
    """A prompt and what the model wrote after it.

    Attributes:
        prompt: What was given.
        text: How it goes on.
        likely: The likeliest symbols after the prompt and their probabilities, if asked for.
    """

    prompt: str
    text: str
    likely: dict[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        likely = {"likely": self.likely} if self.likely else {}
        return {"prompt": self.prompt, "text": self.text, **likely}

    def __str__(self) -> str:
        lines = [f"{share:7.2%}  {symbol!r}" for symbol, share in self.likely.items()]
        return "\n".join([self.prompt + self.text, *lines])


class LanguageModel:
    """Writes on from a prompt.

    The network it runs takes `tokens` int32 (batch, time) and states, and gives `logits`
    float32 (batch, time, vocabulary) and the next states. States left out are zeros.

    Args:
        codec: Text to codes of symbols, characters or words, and back.
        never: Codes that are not written, such as that of an unknown word.
    """

    def __init__(self, codec: TextCodec, never: Sequence[int] = ()) -> None:
        self.codec = codec
        self.never = list(never)
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
        likely: int = 0,
    ) -> Continuation:
        """Continues a prompt.

        Args:
            run: The network in its streaming form.
            raw: At least one symbol.
            length: Number of symbols to write.
            temperature: Divides the logits; 0 always takes the most likely symbol.
            top_k: Draw only among the k most likely symbols.
            top_p: Draw only among the fewest most likely that have this probability together.
            seed: The same seed gives the same text.
            beams: Above 1, the likeliest text that a beam search of this width finds; nothing is
                drawn then.
            likely: How many of the likeliest symbols after the prompt are named.

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
            likely=likely,
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
        likely: int = 0,
    ) -> list[Continuation]:
        """Continues several prompts, a symbol of each in one call; see `predict`.

        Each prompt is drawn for with the same seed, as if it were the only one.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        check_count("length", length, 0)
        check_count("beams", beams, 1)
        check_count("likely", likely, 0)
        if not raws:
            raise InputError("Received no prompt; give at least one.")
        codes = [self._codes(raw) for raw in raws]
        start = cache(partial(read, run, codes))
        if beams > 1:
            written = [self._searched(run, row, length, beams) for row in codes]
        else:
            written = list(self._drawn(run, start, len(codes), length, sampling))
        named = [self._likely(row, likely) for row in start()[0]] if likely else [{}] * len(raws)
        return [
            Continuation(raw, self.codec.decode(row, before), words)
            for raw, row, before, words in zip(raws, written, codes, named, strict=True)
        ]

    def reader(self, _raw: bool, *, top: int = 3) -> TextReader:
        """Reads one text piece by piece; see `zoo.tasks.Reader`.

        Args:
            top: How many of the most likely next symbols are named.
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
        """The same continuation as `predict` writes, symbol by symbol as it is drawn.

        What is asked for is checked before the first symbol is.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        check_count("length", length, 0)
        codes = self._codes(raw)
        start = partial(read, run, [codes])
        return self._pieces(codes, self._steps(run, start, 1, length, sampling))

    def _codes(self, raw: Any) -> np.ndarray:
        """Codes of a prompt, at least one."""
        if not isinstance(raw, str):
            raise InputError(f"Received a {type(raw).__name__}; needed is a text prompt (str).")
        codes = self.codec.encode(raw)
        if not len(codes):
            raise InputError(
                f"Received an empty text; give a prompt of at least one {self.codec.unit}."
            )
        return codes

    def _pieces(self, before: np.ndarray, steps: Iterator[np.ndarray]) -> Iterator[str]:
        for step in steps:
            yield self.codec.decode(step, before)
            before = step

    def _likely(self, logits: np.ndarray, count: int) -> dict[str, float]:
        found = np.exp(log_shares(logits))
        return {self.codec.vocabulary[code]: float(found[code]) for code in likeliest(found, count)}

    def _drawn(
        self, run: Run, start: Read, rows: int, length: int, sampling: Sampling
    ) -> np.ndarray:
        """What is drawn after each prompt, int32 (prompts, length)."""
        steps = list(self._steps(run, start, rows, length, sampling))
        return np.stack(steps, axis=1) if steps else np.zeros((rows, 0), np.int32)

    def _steps(
        self, run: Run, start: Read, rows: int, length: int, sampling: Sampling
    ) -> Iterator[np.ndarray]:
        """The code drawn for each prompt, int32 (prompts,), step by step."""
        rngs = [sampling.generator() for _ in range(rows)]
        logits, states = start() if length else (np.zeros((0, 0)), {})
        for place in range(length):
            said = self._said(logits)
            codes = np.array(
                [sampling.choose(row, rng) for row, rng in zip(said, rngs, strict=True)], np.int32
            )
            yield codes
            if place + 1 < length:
                logits, states = follow(run, codes, states)

    def _searched(self, run: Run, prompt: np.ndarray, length: int, beams: int) -> np.ndarray:
        """The likeliest continuation that is found, int32 (length,)."""

        def step(codes: np.ndarray, states: Arrays) -> tuple[np.ndarray, Arrays]:
            logits, after = follow(run, codes, states)
            return self._said(logits), after

        logits, states = read(run, [prompt])
        return free_beam(step, self._said(logits), states, length, beams)[0]

    def _said(self, logits: np.ndarray) -> np.ndarray:
        """The logits without what is never written."""
        if not self.never:
            return logits
        said = logits.copy()
        said[:, self.never] = _IMPOSSIBLE
        return said


def from_processing(processing: Mapping[str, Any]) -> LanguageModel:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: The configuration is not one of characters.
    """
    return LanguageModel(Characters.from_processing(processing))
