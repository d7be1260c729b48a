"""A dialogue with a model, turn after turn: the states between turns are all that it remembers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from zoo.errors import InputError, StreamError
from zoo.processing.frontend import Arrays, Run
from zoo.processing.parts import carry
from zoo.processing.saved_state import pack, unpack
from zoo.processing.speaking import DialogueReader, Manner, Reply
from zoo.processing.subwords import Subwords


class Conversation:
    """What was said to a model and what it replied; `chat` of a model begins one.

    A reply that fails, or is not read to its end, was never asked for. A conversation is for one
    thread at a time.

    Args:
        run: The network in its streaming form.
        codec: Text to pieces and back.
        model: A SHA-256 that names the model, 64 hex digits.
        step: The same network, asked to read what it says itself; `run` if left out.
    """

    def __init__(self, run: Run, codec: Subwords, model: str, step: Run | None = None) -> None:
        self._run = run
        self._step = step or run
        self._codec = codec
        self._model = model
        self._states: Arrays = {}
        self._reader = DialogueReader(codec, Manner())

    def reply(self, text: str, **options: Any) -> Reply:
        """Says something and gets the reply.

        Args:
            text: The user's turn; or several turns at once, the user's first and last.
            **options: Fields of `zoo.processing.speaking.Manner`: `length`, `temperature`, `top_k`,
                `top_p`, `seed`.

        Raises:
            InputError: The text is none or blank, or an option cannot be used.
        """
        for _ in self.generate(text, **options):
            pass
        return self._reader.reply

    def generate(self, text: str, **options: Any) -> Iterator[str]:
        """The same reply piece by piece as it is drawn; see `reply`.

        What is asked for is checked before the first piece is.
        """
        reader = DialogueReader(self._codec, Manner.of(options))
        reader.restore(self._reader.state())
        arrays = reader.arrays(text)
        if arrays is None:
            raise InputError("Received an empty turn; give at least one character.")
        return self._spoken(reader, arrays)

    def save(self) -> bytes:
        """All that is remembered, for `restore` wherever the same model runs, in Keras or as a
        file."""
        said = {f"reader/{name}": array for name, array in self._reader.state().items()}
        return pack({**self._states, **said}, self._model)

    def restore(self, blob: bytes) -> None:
        """Goes on where `save` was called.

        Raises:
            StreamError: The bytes are damaged, cut short, or of another model; the conversation is
                as it was before.
        """
        found = unpack(blob, self._model)
        reader = DialogueReader(self._codec, Manner())
        try:
            reader.restore({name: found.pop(f"reader/{name}") for name in reader.state()})
        except (KeyError, ValueError, TypeError) as error:
            raise StreamError(f"what was saved is no conversation: {error}") from None
        self._states, self._reader = found, reader

    def _spoken(self, reader: DialogueReader, arrays: Arrays | None) -> Iterator[str]:
        """Pieces of a reply; at its end it is remembered."""
        states, length, run = self._states, 0, self._run
        while arrays is not None:
            outputs, run = run({**arrays, **states}), self._step
            states = carry(outputs)
            arrays = reader.following(outputs)
            text = reader.text
            if len(text) > length:
                yield text[length:]
            length = len(text)
        self._states, self._reader = states, reader
