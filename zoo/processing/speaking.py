"""One side of a dialogue, turn by turn: a text is read, and the reply is drawn piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from zoo.errors import InputError
from zoo.processing.decoding import Sampling, check_count
from zoo.processing.frontend import Arrays
from zoo.processing.subwords import PADDING, UNKNOWN, Subwords
from zoo.processing.turns import SYSTEM, USER, to_turns, turn_codes
from zoo.processing.writing import last_logits

_NEVER = (PADDING, UNKNOWN, SYSTEM)  # nobody says them


@dataclass(frozen=True)
class Reply:
    """What the model says in its turn.

    Attributes:
        text: The reply.
        ended: Whether the model ended it, rather than the limit of its length.
    """

    text: str
    ended: bool

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return {"text": self.text, "ended": self.ended}

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Manner:
    """How replies are drawn.

    Args:
        length: Most pieces of a reply.
        temperature: See `Sampling`, as for the next three.
        top_k: See `Sampling`.
        top_p: See `Sampling`.
        seed: The same seed gives the same reply in the same turn.

    Raises:
        InputError: A setting is out of its range.
    """

    length: int = 60
    temperature: float = 0.7
    top_k: int | None = None
    top_p: float | None = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("length", self.length, 1)
        _ = self._sampling

    @cached_property
    def _sampling(self) -> Sampling:
        return Sampling(self.temperature, self.top_k, self.top_p, self.seed)

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Manner:
        """The manner that options name; others have their defaults.

        Raises:
            InputError: There is no such option, or it is out of its range.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise InputError(f"Received the option {name!r}; a reply takes {', '.join(known)}.")
        return cls(**options)

    def choose(self, logits: np.ndarray, said: int, rng: np.random.Generator) -> int:
        """The next code of a reply, or `USER` at its end.

        Args:
            logits: float of shape (vocabulary,).
            said: Pieces of the reply so far; there is no empty one.
            rng: Source of randomness.
        """
        scores = np.array(logits, np.float64)
        for code in _NEVER if said else (*_NEVER, USER):
            scores[code] = -np.inf
        return self._sampling.choose(scores, rng)

    def generator(self, turn: int) -> np.random.Generator:
        """The source of randomness of the reply to the user's turn of this number, from 1."""
        return np.random.default_rng([int(self.seed), turn])


class DialogueReader:
    """A user's turns in, replies out; see `zoo.tasks.Speaker`.

    Args:
        codec: Text to pieces and back.
        manner: How replies are drawn; it may change between turns.
    """

    def __init__(self, codec: Subwords, manner: Manner) -> None:
        self._codec = codec
        self.manner = manner
        self.reset()

    def reset(self) -> None:
        """Starts another dialogue."""
        self._turn = 0
        self._unread: list[int] = []  # the end of a reply that was cut short
        self._said: list[str] = []

    def arrays(self, chunk: Any) -> Arrays | None:
        """The codes of a user's turn; None of a blank one.

        A list of turns, the user's first and last, stands for as many at once.

        Raises:
            InputError: It is neither, or the user does not speak last.
        """
        if isinstance(chunk, str) and not chunk.strip():
            return None
        turns = to_turns(chunk)
        codes = np.array([*self._unread, *turn_codes(self._codec, turns), SYSTEM], np.int32)
        self._turn += len(turns) // 2 + 1
        self._rng = self.manner.generator(self._turn)
        self._said, self._unread = [], []
        return {"tokens": codes[None]}

    def following(self, outputs: Arrays) -> Arrays | None:
        """The next piece of the reply, drawn from the logits; None at its end.

        Raises:
            InputError: The network answered NaN.
        """
        code = self.manner.choose(last_logits(outputs)[0], len(self._said), self._rng)
        if code == USER:
            return None
        self._said.append(self._codec.piece(code))
        if len(self._said) == self.manner.length:
            self._unread = [code]
            return None
        return {"tokens": np.array([[code]], np.int32)}

    def rest(self) -> Arrays | None:
        """Nothing is held back."""
        return None

    def answer(self, outputs: Arrays | None) -> Reply:
        """The whole reply; an empty one where nothing was said to the model."""
        if outputs is None:
            return Reply("", True)
        return self.reply

    @property
    def reply(self) -> Reply:
        """What was said so far in this turn."""
        return Reply(self.text, not self._unread)

    @property
    def text(self) -> str:
        """The text of `reply`."""
        return "".join(self._said).removeprefix(" ")

    def state(self) -> Arrays:
        """The number of turns, and what the network has not read of its own last words."""
        return {"turn": np.array(self._turn), "unread": np.array(self._unread, np.int32)}

    def restore(self, arrays: Arrays) -> None:
        """Takes what `state` gave."""
        turn, unread = int(arrays["turn"]), arrays["unread"].tolist()
        if turn < 0 or len(unread) > 1 or not all(0 <= code < len(self._codec) for code in unread):
            raise ValueError(f"turn {turn} with the codes {unread} left")
        self._turn, self._unread, self._said = turn, unread, []
