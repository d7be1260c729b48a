"""Dialogue: what a user says in, what an assistant replies out, turn after turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.conversation import Conversation
from zoo.processing.frontend import Frontend, Run
from zoo.processing.speaking import DialogueReader, Manner, Reply
from zoo.processing.subwords import Subwords
from zoo.processing.turns import SYSTEM, USER, to_turns, turn_codes
from zoo.processing.writing import follow, read

DOMAIN = "text"
INPUTS = {
    "tokens": "codes of pieces: 2 before each of the user's turns, 3 before each of the model's, "
    "1 an unknown character, from 4 the characters of `alphabet`, then what `merges` make"
}
OUTPUTS = {"logits": "one logit a code for the piece after each"}


class DialogueTask:
    """Replies in a dialogue.

    The network it runs takes `tokens` int32 (batch, time) and states, and gives `logits` float32
    (batch, time, codes) and the next states. States left out are zeros. The states are the memory
    of a `conversation`; `predict` begins from zero states each time.

    Args:
        codec: Text to pieces and back.
    """

    def __init__(self, codec: Subwords) -> None:
        self.codec = codec
        self.frontend = Frontend(None, None)
        self.processing = codec.to_processing()

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 60,
        temperature: float = 0.7,
        top_k: int | None = None,
        top_p: float | None = 0.9,
        seed: int = 0,
    ) -> Reply:
        """Replies once.

        Args:
            run: The network in its streaming form.
            raw: What the user says; or the list of turns so far, the user's first and last.
            length: Most pieces of the reply.
            temperature: Divides the logits; 0 always takes the most likely piece.
            top_k: Draw only among the k most likely pieces.
            top_p: Draw only among the fewest most likely that have this probability together.
            seed: The same seed gives the same reply.

        Raises:
            InputError: The raw input or an option cannot be used.
        """
        manner = Manner(length, temperature, top_k, top_p, seed)
        return self._replies(run, [raw], manner)[0]

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        length: int = 60,
        temperature: float = 0.7,
        top_k: int | None = None,
        top_p: float | None = 0.9,
        seed: int = 0,
    ) -> list[Reply]:
        """Replies in several dialogues, a piece of each in one call; see `predict`.

        Each is drawn for with the same seed, as if it were the only one.
        """
        if not raws:
            raise InputError("Received no text; give at least one.")
        return self._replies(run, raws, Manner(length, temperature, top_k, top_p, seed))

    def stream(
        self,
        run: Run,
        raw: Any,
        *,
        length: int = 60,
        temperature: float = 0.7,
        top_k: int | None = None,
        top_p: float | None = 0.9,
        seed: int = 0,
    ) -> Iterator[str]:
        """The same reply as `predict` gives, piece by piece as it is drawn."""
        options = {"length": length, "temperature": temperature, "seed": seed}
        once = Conversation(run, self.codec, "")
        return once.generate(raw, **options, top_k=top_k, top_p=top_p)

    def reader(
        self,
        _raw: bool,
        *,
        length: int = 60,
        temperature: float = 0.7,
        top_k: int | None = None,
        top_p: float | None = 0.9,
        seed: int = 0,
    ) -> DialogueReader:
        """Takes the user's turns of one dialogue; see `zoo.tasks.Speaker` and `predict`."""
        return DialogueReader(self.codec, Manner(length, temperature, top_k, top_p, seed))

    def conversation(self, run: Run, model: str, step: Run | None = None) -> Conversation:
        """Begins a dialogue that is remembered.

        Args:
            run: The network in its streaming form.
            model: A SHA-256 that names the model, for what is saved; 64 hex digits.
            step: The same network, asked to read what it says itself; `run` if left out.
        """
        return Conversation(run, self.codec, model, step)

    def _replies(self, run: Run, raws: Sequence[Any], manner: Manner) -> list[Reply]:
        dialogues = [to_turns(raw) for raw in raws]
        prompts = [
            np.append(turn_codes(self.codec, turns), np.int32(SYSTEM)) for turns in dialogues
        ]
        rngs = [manner.generator(len(turns) // 2 + 1) for turns in dialogues]
        said: list[list[int]] = [[] for _ in prompts]
        logits, states = read(run, prompts)
        speaking = np.arange(len(prompts))
        for _ in range(manner.length):
            chosen = [
                manner.choose(row, len(said[k]), rngs[k])
                for k, row in zip(speaking, logits, strict=True)
            ]
            for k, code in zip(speaking, chosen, strict=True):
                said[k].append(code)
            going = np.array(chosen) != USER
            speaking = speaking[going]
            if not len(speaking):
                break
            codes = np.array(chosen, np.int32)[going]
            logits, states = follow(run, codes, {n: state[going] for n, state in states.items()})
        return [
            Reply(self.codec.decode(code for code in codes if code != USER), codes[-1] == USER)
            for codes in said
        ]


def from_processing(processing: Mapping[str, Any]) -> DialogueTask:
    """Rebuilds the task from its configuration.

    Raises:
        RecipeError: The configuration is not one of subwords.
    """
    return DialogueTask(Subwords.from_processing(processing))
