"""Translation: a text in, what it says in another language out, and what each piece looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

import numpy as np

from zoo.errors import InputError, RecipeError
from zoo.processing.configuration import check_keys
from zoo.processing.decoding import Sampling, check_count
from zoo.processing.finite import all_finite
from zoo.processing.frontend import Arrays, Frontend, Run
from zoo.processing.letters import normalised
from zoo.processing.parts import Parts, carry
from zoo.processing.search import Ends, Step, Written, drawn, drawn_steps, ended_beam
from zoo.processing.subwords import END, FIRST, START, Subwords
from zoo.processing.text import to_text
from zoo.processing.vocabulary import padded

DOMAIN = "text"
INPUTS = {
    "tokens": "codes of the source's pieces: 4 and more those of `alphabet`, then of what each of "
    "`merges` makes; 1 unknown, 0 after the end",
    "lengths": "how many codes of each row of `tokens` are real",
    "previous": "codes of what was answered before each step; 2 before the first",
}
OUTPUTS = {
    "logits": "for each step a logit a code; 3 ends the text",
    "attention": "for each step the weight of each piece of the source; they sum to 1",
}
PARTS = {"memory": "a vector of each piece, which knows the whole text; a step takes all of it"}

_NEVER = slice(0, END)  # no padding, unknown piece or start is written
_KEYS = {"kind", "source", "target", "longest", "length_penalty", "alphabet", "merges"}
_SAMPLED = 12  # pieces of a made text


@dataclass(frozen=True)
class Candidate:
    """One way to translate a text.

    Attributes:
        text: The translation.
        score: Logarithm of its probability.
        pieces: What it was written of.
        attention: For each piece the weights of the source's pieces, which sum to 1; empty where
            the network does not tell them.
    """

    text: str
    score: float
    pieces: list[str]
    attention: list[list[float]]


@dataclass(frozen=True)
class Translated:
    """A text's pieces and its translations, the best first."""

    source: list[str]
    candidates: list[Candidate]

    @property
    def text(self) -> str:
        """The best translation."""
        return self.candidates[0].text

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-able values."""
        told = [asdict(one) for one in self.candidates]
        return {"text": self.text, "source": self.source, "candidates": told}

    def __str__(self) -> str:
        if len(self.candidates) == 1:
            return self.text
        return "\n".join(f"{one.text}  ({np.exp(one.score):.1%})" for one in self.candidates)


class Translation:
    """Translates texts piece by piece.

    The network takes right-padded `tokens` int32 (batch, time), `lengths` int32 (batch,) and
    `previous` int32 (batch, steps), and gives `logits` float32 (batch, steps, codes) and, where it
    tells, `attention` float32 (batch, steps, time). A whole network is asked for all steps so far
    each time; of one in `Parts` the encoder is asked once, and the step, which takes `memory`
    float32 (batch, time, size), `lengths`, `previous` (batch, 1) and its states, once a piece.

    Args:
        codec: Texts to codes of pieces, of both languages.
        source: Code of the language that is read, such as "de".
        target: Code of the language that is written.
        longest: Pieces that a source may have.
        length_penalty: Of the beam search, unless asked otherwise.

    Attributes:
        first: What `previous` holds before there is an answer.

    Raises:
        RecipeError: `longest` is below 1, or the penalty is negative.
    """

    def __init__(
        self, codec: Subwords, source: str, target: str, longest: int, length_penalty: float
    ) -> None:
        if longest < 1 or length_penalty < 0:
            raise RecipeError(
                f"Received longest={longest} and length_penalty={length_penalty}; use 1 piece or "
                "more, and a penalty of 0 or more."
            )
        self.frontend = Frontend(None, None)
        self.first = START
        self.codec = codec
        self.source = source
        self.target = target
        self.longest = longest
        self.length_penalty = length_penalty
        self.processing: dict[str, Any] = {
            **codec.to_processing(),
            "source": source,
            "target": target,
            "longest": longest,
            "length_penalty": length_penalty,
        }

    def predict(
        self,
        run: Run,
        raw: Any,
        *,
        beams: int = 5,
        alternatives: int = 1,
        length_penalty: float | None = None,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Translated:
        """Translates one text, best a sentence.

        Args:
            run: The network, whole or in parts.
            raw: A text that is not blank.
            beams: Translations that are followed at once; 1 is greedy.
            alternatives: Translations that are told, at most as many as beams.
            length_penalty: 0 prefers short translations, 1 and more long ones; None is the model's.
            temperature: Above 0, one translation is drawn instead of searched for; it divides the
                logits.
            top_k: Draw only among the k likeliest pieces.
            top_p: Draw only among the fewest likeliest that have this probability together.
            seed: The same seed draws the same translation.

        Raises:
            InputError: The raw input is no text, blank or too long, or an option is off.
        """
        return self.predict_many(
            run,
            [raw],
            beams=beams,
            alternatives=alternatives,
            length_penalty=length_penalty,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            seed=seed,
        )[0]

    def predict_many(
        self,
        run: Run,
        raws: Sequence[Any],
        *,
        beams: int = 5,
        alternatives: int = 1,
        length_penalty: float | None = None,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> list[Translated]:
        """Translates several texts in one batch; see `predict`."""
        sampling = Sampling(temperature, top_k, top_p, seed)
        check_count("beams", beams, 1)
        check_count("alternatives", alternatives, 1)
        penalty = self.length_penalty if length_penalty is None else length_penalty
        if not isinstance(penalty, Real) or penalty < 0:
            raise InputError(f"Received length_penalty={length_penalty!r}; use 0 or more.")
        if alternatives > (1 if temperature else beams):
            raise InputError(
                f"Received alternatives={alternatives}; a search tells as many as it has beams at "
                "most, and a draw one."
            )
        if not raws:
            raise InputError("Received no input; give at least one text.")
        rows = [self.codes(raw) for raw in raws]
        looked: list[np.ndarray] = []
        step = self._step(run, rows, 1 if temperature else beams, looked)
        if temperature:
            written = drawn(step, self._ends(rows), sampling)
        else:
            written = ended_beam(step, self._ends(rows), beams, float(penalty))
        return [self._answer(rows, written, looked, i, alternatives) for i in range(len(rows))]

    def stream(
        self,
        run: Run,
        raw: Any,
        *,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
    ) -> Iterator[str]:
        """The translation piece by piece as it is drawn, or with temperature 0 the likeliest piece.

        What is asked for is checked before the first piece is.
        """
        sampling = Sampling(temperature, top_k, top_p, seed)
        rows = [self.codes(raw)]
        steps = drawn_steps(self._step(run, rows, 1, []), self._ends(rows), sampling)
        pieces = (self.codec.piece(int(codes[0])) for codes, _ in steps)
        return (
            piece.removeprefix(" ") if place == 0 else piece
            for place, piece in enumerate(pieces)
            if piece
        )

    def sample(self, rng: np.random.Generator) -> str:
        """A text of random pieces with letters; see `zoo.tasks.Decoder`."""
        known = [piece for piece in self.codec.pieces if piece.strip().isalpha()]
        size = int(rng.integers(1, min(self.longest, _SAMPLED) + 1))
        made = plain("".join(rng.choice(known, size)))
        return self.codec.decode(self.codec.encode(made)[: self.longest])

    def codes(self, raw: Any) -> np.ndarray:
        """Codes of a source, int32 (pieces,).

        Raises:
            InputError: It is no text, blank, or too long.
        """
        codes = self.codec.encode(plain(to_text(raw)))
        if len(codes) > self.longest:
            raise InputError(
                f"Received a text of {len(codes)} pieces; this model reads {self.longest} at most: "
                "translate it sentence by sentence."
            )
        return codes

    def _ends(self, rows: Sequence[np.ndarray]) -> Ends:
        """Room for a translation of twice as many pieces, and some more."""
        return Ends(START, END, np.array([2 * len(row) + 10 for row in rows]))

    def _step(
        self, run: Run, rows: Sequence[np.ndarray], beams: int, looked: list[np.ndarray]
    ) -> Step:
        """The network as a step of a search, which adds the attention of each step to `looked`."""
        tokens, lengths = padded(rows)
        inputs = {"tokens": tokens, "lengths": lengths}
        ask = (
            _in_parts(run, inputs, beams) if isinstance(run, Parts) else _in_one(run, inputs, beams)
        )

        def step(codes: np.ndarray, parents: np.ndarray) -> np.ndarray:
            outputs = ask(codes, parents)
            logits = np.array(outputs["logits"][:, -1])
            if not all_finite(logits):
                raise InputError(
                    "The network answered NaN; its file is damaged or of another task."
                )
            if "attention" in outputs:
                looked.append(outputs["attention"][:, -1])
            logits[:, _NEVER] = -np.inf
            return logits

        return step

    def _answer(
        self,
        rows: Sequence[np.ndarray],
        written: Written,
        looked: Sequence[np.ndarray],
        number: int,
        alternatives: int,
    ) -> Translated:
        """The different translations of one text, as many as are told."""
        found: dict[str, Candidate] = {}
        source = rows[number]
        for codes, score, path in zip(
            written.codes[number], written.scores[number], written.rows[number], strict=True
        ):
            real = codes[codes >= FIRST]
            text = self.codec.decode(real.tolist())
            if np.isfinite(score) and text not in found:
                steps = zip(looked, path[: len(real)].tolist(), strict=False)
                weights = [step[row, : len(source)].tolist() for step, row in steps]
                pieces = [self.codec.piece(code) for code in real.tolist()]
                found[text] = Candidate(text, float(score), pieces, weights)
                if len(found) == alternatives:
                    break
        pieces = [self.codec.piece(code) for code in source.tolist()]
        return Translated(pieces, list(found.values()))


def plain(text: str) -> str:
    """A text with composed accents and single spaces."""
    return normalised(text, lower=False)


def _in_one(run: Run, inputs: Arrays, beams: int) -> Any:
    """Asks a network for all steps so far each time."""
    repeated = {name: np.repeat(array, beams, axis=0) for name, array in inputs.items()}
    written = np.zeros((len(repeated["tokens"]), 0), np.int32)

    def ask(codes: np.ndarray, parents: np.ndarray) -> Arrays:
        nonlocal written
        written = np.concatenate([written[parents], codes[:, None]], axis=1)
        return run({**repeated, "previous": written})

    return ask


def _in_parts(parts: Parts, inputs: Arrays, beams: int) -> Any:
    """Asks for the source once, and then for one step after the other."""
    found = {k: np.repeat(v, beams, axis=0) for k, v in parts.encoder(inputs).items()}
    read = {"memory": found.pop("memory"), "lengths": np.repeat(inputs["lengths"], beams)}

    def ask(codes: np.ndarray, parents: np.ndarray) -> Arrays:
        states = {name: state.take(parents, axis=0) for name, state in found.items()}
        outputs = parts.step({**read, "previous": codes[:, None], **states})
        found.update(carry(outputs))
        return outputs

    return ask


def from_processing(processing: Mapping[str, Any]) -> Translation:
    """Rebuilds the task from its configuration.

    Args:
        processing: `source`, `target`, `longest`, `length_penalty` and what
            `zoo.processing.subwords` needs.

    Raises:
        RecipeError: A key is unknown or missing, or a value cannot be used.
    """
    check_keys(processing, _KEYS)
    return Translation(
        Subwords.from_processing({key: processing[key] for key in ("kind", "alphabet", "merges")}),
        str(processing["source"]),
        str(processing["target"]),
        int(processing["longest"]),
        float(processing["length_penalty"]),
    )
