"""Transduction: words in, and for each of them what its letters become, such as its sounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.beam import Step, aligned_beam
from zoo.processing.finite import all_finite
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.labels import check_names
from zoo.processing.parts import Parts, carry
from zoo.processing.vocabulary import Vocabulary, padded

DOMAIN = "text"
INPUTS = {
    "tokens": "code of each letter: place in `vocabulary` + 2, 1 unknown, 0 after the end",
    "lengths": "how many letters of each row are real",
    "previous": "what was answered for the letter before: place in `answers` + 1, 0 for the first",
}
OUTPUTS = {"logits": "for each letter a column for none, then a logit an answer of `answers`"}
PARTS = {"memory": "a vector of each letter, which knows the whole word; a step takes its letter's"}

_SAMPLED = 8  # letters of a made word, at most
_KEYS = {"kind", "longest", "vocabulary", "answers"}


@dataclass(frozen=True)
class Reading:
    """One way in which a word may be read, with its probability."""

    symbols: list[str]
    probability: float


@dataclass(frozen=True)
class Word:
    """A word and its readings, the likeliest first."""

    word: str
    readings: list[Reading]


@dataclass(frozen=True)
class Transduced:
    """What each word of a text becomes."""

    words: list[Word]

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        return asdict(self)

    def __str__(self) -> str:
        return "\n".join(
            f"{word.word}  {' '.join(reading.symbols)}"
            + (f"  ({reading.probability:.1%})" if len(word.readings) > 1 else "")
            for word in self.words
            for reading in word.readings
        )


class Transduction:
    """Reads words letter by letter.

    The network takes right-padded `tokens` int32 (batch, time), `previous` int32 (batch, time),
    the answers so far, each one step later, and `lengths` int32 (batch,), and gives `logits`
    float32 (batch, time, answers + 1) whose first column stands for "none yet". It is asked once
    for each letter of the longest word. Of a network in `Parts` the encoder is asked once, and the
    step, with one letter's `memory` float32 (batch, 1, size), for each letter.

    Args:
        vocabulary: The known letters.
        answers: What a letter may become: output symbols with spaces between them, or "".
        longest: Letters of a word that are read.
    """

    def __init__(self, vocabulary: Vocabulary, answers: Sequence[str], longest: int) -> None:
        self.frontend = Frontend(None, None)
        self.first = 0
        self.vocabulary = vocabulary
        self.answers = tuple(answers)
        self.longest = longest
        self.processing: dict[str, Any] = {
            "kind": "aligned",
            "longest": longest,
            "vocabulary": "".join(vocabulary.items),
            "answers": list(answers),
        }

    def predict(self, run: Run, raw: Any, *, beams: int = 4, alternatives: int = 1) -> Transduced:
        """Answers for one text, word by word.

        Args:
            run: The network.
            raw: A text; what stands between white space is a word.
            beams: Sequences followed at once; 1 is greedy.
            alternatives: Readings that are told of each word, at most as many as beams.

        Raises:
            InputError: The raw input is no text or has no word, or an option is off.
        """
        return self.predict_many(run, [raw], beams=beams, alternatives=alternatives)[0]

    def predict_many(
        self, run: Run, raws: Sequence[Any], *, beams: int = 4, alternatives: int = 1
    ) -> list[Transduced]:
        """Answers for several texts, all their words in one batch; see `predict`."""
        for raw in raws:
            if not isinstance(raw, str) or not raw.split():
                what = "an empty text" if isinstance(raw, str) else f"a {type(raw).__name__}"
                raise InputError(f"Received {what}; give a text of at least one word.")
        if not raws:
            raise InputError("Received no input; give at least one text.")
        if not 1 <= alternatives <= beams:
            raise InputError(
                f"Received beams={beams} and alternatives={alternatives}; use 1 or more beams and "
                "as many alternatives at most."
            )
        texts = [raw.split() for raw in raws]
        found = iter(self.readings(run, [word for text in texts for word in text], beams=beams))
        return [
            Transduced([Word(word, next(found)[:alternatives]) for word in text]) for text in texts
        ]

    def readings(self, run: Run, words: Sequence[str], *, beams: int = 4) -> list[list[Reading]]:
        """The different readings of several words in one batch, likeliest first."""
        tokens, lengths = padded([self.codes(word) for word in words])
        inputs = {"tokens": tokens, "lengths": lengths}
        if isinstance(run, Parts):
            step = _in_parts(run, inputs, beams)
        else:
            step = _in_one(run, inputs, beams)

        def checked(answers: np.ndarray, place: int, rows: np.ndarray) -> np.ndarray:
            logits = step(answers, place, rows)
            if not all_finite(logits):
                raise InputError("The network answered NaN; its file is damaged.")
            logits[:, 0] = -np.inf
            return logits

        answers, scores = aligned_beam(checked, lengths, beams)
        return [self._readings(*pair) for pair in zip(answers, scores, strict=True)]

    def sample(self, rng: np.random.Generator) -> str:
        """A word of random letters; see `zoo.tasks.Decoder`."""
        letters = [letter for letter in self.vocabulary.items if letter.isalpha()]
        size = int(rng.integers(1, min(self.longest, _SAMPLED) + 1))
        return "".join(rng.choice(letters or [*self.vocabulary.items], size))

    def codes(self, word: str) -> np.ndarray:
        """Codes of the letters of a word, int32 (letters,)."""
        return self.vocabulary.encode(word.lower()[: self.longest])

    def _readings(self, answers: np.ndarray, scores: np.ndarray) -> list[Reading]:
        """Beams that sound the same are one reading."""
        shares: dict[tuple[str, ...], float] = {}
        for row, score in zip(answers.tolist(), scores, strict=True):
            if np.isfinite(score):
                text = " ".join(self.answers[code - 1] for code in row if code)
                symbols = tuple(text.split())
                shares[symbols] = shares.get(symbols, 0.0) + float(np.exp(score))
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        return [Reading(list(symbols), share) for symbols, share in ranked]


def _in_one(run: Run, inputs: Arrays, beams: int) -> Step:
    """Steps of a network that is asked for all letters each time."""
    tokens, lengths = (np.repeat(inputs[name], beams, axis=0) for name in ("tokens", "lengths"))

    def step(answers: np.ndarray, place: int, _: np.ndarray) -> np.ndarray:
        previous = np.zeros_like(tokens)
        previous[:, 1 : place + 1] = answers
        outputs = run({"tokens": tokens, "previous": previous, "lengths": lengths})
        return np.array(outputs["logits"][:, place])

    return step


def _in_parts(parts: Parts, inputs: Arrays, beams: int) -> Step:
    """Steps of a network that reads the letters once and remembers its answers in states."""
    found = parts.encoder(inputs)
    memory = np.repeat(found["memory"].transpose(1, 0, 2)[:, :, None], beams, axis=1)
    states: Arrays = {}

    def step(answers: np.ndarray, place: int, rows: np.ndarray) -> np.ndarray:
        previous = answers[:, -1:] if place else np.zeros((len(rows), 1), np.int32)
        asked = {"memory": memory[place], "previous": previous}
        asked |= {name: state.take(rows, axis=0) for name, state in states.items()}
        outputs = parts.step(asked)
        states.update(carry(outputs))
        return np.array(outputs["logits"][:, 0])

    return step


def from_processing(processing: Mapping[str, Any]) -> Transduction:
    """Rebuilds the task from its configuration.

    Args:
        processing: `kind` "aligned", `longest`, `vocabulary` and `answers`.

    Raises:
        RecipeError: The kind is another, a key is unknown or missing, or a value cannot be used.
    """
    if set(processing) != _KEYS or processing["kind"] != "aligned":
        raise RecipeError(
            f"Received the processing {sorted(processing)} of the kind {processing.get('kind')!r}; "
            f"needed is the kind 'aligned' with {sorted(_KEYS)}."
        )
    if processing["longest"] < 1:
        raise RecipeError(f"Received longest={processing['longest']}; use 1 letter or more.")
    answers = check_names(processing["answers"], "answers")
    return Transduction(Vocabulary.from_processing(processing), answers, int(processing["longest"]))
