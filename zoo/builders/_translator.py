"""Encoder and decoder of `text.translator`; each layer's name is the same in every part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras

from zoo.builders._cells import STATES, recurrent_layer, sequence_layer
from zoo.layers.attention import MemoryAttention
from zoo.layers.masking import SequenceMask
from zoo.layers.pooling import SequencePooling
from zoo.layers.tied import TiedEmbedding

DECODER_LAYERS = (1, 2)


@dataclass(frozen=True)
class Sizes:
    """The arguments of `text.translator` that both parts need."""

    vocabulary_size: int
    cell: str
    units: int
    layers: int
    decoder_units: int
    embedding: int
    dropout: float
    input_dropout: float

    @property
    def states(self) -> list[str]:
        """Names of the decoder's states."""
        return [f"state_{layer}_{part}" for layer in DECODER_LAYERS for part in STATES[self.cell]]

    def table(self) -> keras.layers.Layer:
        """The vectors of the pieces: source, target and output."""
        # Logits near 0 and vectors of length 1 at the start.
        drawn = keras.initializers.RandomNormal(stddev=self.embedding**-0.5)
        return TiedEmbedding(
            self.vocabulary_size, self.embedding, embeddings_initializer=drawn, name="embedding"
        )


def encoded(sizes: Sizes, table: keras.layers.Layer, tokens: Any, mask: Any) -> tuple[Any, Any]:
    """The memory (batch, time, 2 * units) of a text and where the decoder starts, (batch, size)."""
    x = keras.layers.Dropout(sizes.input_dropout, name="input_dropout")(table(tokens))
    for index in range(1, sizes.layers + 1):
        if index > 1:
            x = keras.layers.Dropout(sizes.dropout, name=f"dropout_{index}")(x)
        options = {"name": f"{sizes.cell}_{index}"}
        x = sequence_layer(sizes.cell, sizes.units, True, options)(x, mask=mask)
    memory = keras.layers.Dropout(sizes.dropout, name="dropout_memory")(x)
    mean = SequencePooling("mean", name="summary")(memory, mask=mask)
    return memory, keras.layers.Dense(sizes.decoder_units, activation="tanh", name="start")(mean)


def decoded(
    sizes: Sizes,
    table: keras.layers.Layer,
    memory: Any,
    mask: Any,
    previous: Any,
    states: list[Any],
) -> tuple[Any, Any, list[Any]]:
    """The decoder's logits, its attention and its states afterwards, from those before."""
    count = len(STATES[sizes.cell])
    x = keras.layers.Dropout(sizes.input_dropout, name="told_dropout")(table(previous))
    x, *first = _layer(sizes, 1)(x, initial_state=states[:count])
    x = keras.layers.Dropout(sizes.dropout, name="dropout_query")(x)
    query = keras.layers.Dense(memory.shape[-1], use_bias=False, name="query")(x)
    context, weights = MemoryAttention(name="look")([query, memory, mask])
    x = keras.layers.Concatenate(name="looked")([x, context])
    x, *second = _layer(sizes, 2)(x, initial_state=states[count:])
    x = keras.layers.Concatenate(name="told")([x, context])
    x = keras.layers.Dropout(sizes.dropout, name="dropout_output")(x)
    x = keras.layers.Dense(sizes.embedding, name="output")(x)
    return table(x, reverse=True), weights, [*first, *second]


def whole(sizes: Sizes, explained: bool) -> keras.Model:
    """Text and all earlier answers in, all logits out."""
    tokens, lengths, mask = _source()
    previous = keras.Input((None,), dtype="int32", name="previous")
    table = sizes.table()
    memory, start = encoded(sizes, table, tokens, mask)
    starts = [start] * len(sizes.states)
    logits, weights, _ = decoded(sizes, table, memory, mask, previous, starts)
    logits = keras.layers.Identity(name="logits")(logits)
    outputs: Any = logits
    if explained:
        outputs = {
            "logits": logits,
            "attention": keras.layers.Identity(name="attention")(weights),
        }
    return keras.Model([tokens, lengths, previous], outputs, name="translator")


def encoder(sizes: Sizes) -> keras.Model:
    """Text in, what is remembered of it out."""
    tokens, lengths, mask = _source()
    memory, start = encoded(sizes, sizes.table(), tokens, mask)
    outputs = {"memory": keras.layers.Identity(name="memory")(memory)}
    outputs |= {name: keras.layers.Identity(name=name)(start) for name in sizes.states}
    return keras.Model([tokens, lengths], outputs, name="translator_encoder")


def step(sizes: Sizes) -> keras.Model:
    """The last answers and the states in, logits and the next states out."""
    memory = keras.Input((None, 2 * sizes.units), dtype="float32", name="memory")
    lengths = keras.Input((), dtype="int32", name="lengths")
    previous = keras.Input((None,), dtype="int32", name="previous")
    mask = SequenceMask(name="mask")([memory, lengths])
    states = [keras.Input((sizes.decoder_units,), name=name) for name in sizes.states]
    logits, weights, following = decoded(sizes, sizes.table(), memory, mask, previous, states)
    outputs = {"logits": logits, "attention": weights}
    outputs |= {f"next_{name}": s for name, s in zip(sizes.states, following, strict=True)}
    return keras.Model([memory, lengths, previous, *states], outputs, name="translator_step")


def _source() -> tuple[Any, Any, Any]:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    lengths = keras.Input((), dtype="int32", name="lengths")
    return tokens, lengths, SequenceMask(name="mask")([tokens, lengths])


def _layer(sizes: Sizes, index: int) -> keras.layers.Layer:
    return recurrent_layer(
        sizes.cell,
        sizes.decoder_units,
        return_sequences=True,
        return_state=True,
        name=f"decoder_{index}",
    )
