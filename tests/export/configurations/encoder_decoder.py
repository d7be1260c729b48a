"""Encoder-decoder models: states passed on, teacher forcing, attention, masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tests.export.configurations.configuration import (
    CODES,
    LAYERS,
    Configuration,
    Given,
    drawing,
    functional,
    table,
)
from tests.export.configurations.one_layer import SEQUENCES, STATES

BOTH = SEQUENCES | STATES
TOKENS = {"source": Given((None,), "tokens"), "target": Given((None,), "tokens")}
VALUES = {"source": Given((None, 3)), "target": Given((None, 2))}


def _encoded(given: dict[str, Given], cell: str) -> tuple[dict[str, Any], Any, Any, list[Any]]:
    """Inputs, the encoder's sequence, the decoder's input, the states between them."""
    inputs = {name: one.tensor(name) for name, one in given.items()}
    source, target = inputs["source"], inputs["target"]
    if given is TOKENS:
        source = LAYERS.Embedding(CODES, 4, mask_zero=True, name="source_embedding")(source)
        target = LAYERS.Embedding(CODES, 4, mask_zero=True, name="target_embedding")(target)
    encoder = {"lstm": LAYERS.LSTM, "gru": LAYERS.GRU}[cell](4, name="encoder", **BOTH)
    memory, *states = encoder(source)
    return inputs, memory, target, states


def _translator(given: dict[str, Given], cell: str) -> Any:
    """The decoder starts from the encoder's states."""
    inputs, _, target, states = _encoded(given, cell)
    decoder = {"lstm": LAYERS.LSTM, "gru": LAYERS.GRU}[cell](4, name="decoder", **BOTH)
    decoded, *_ = decoder(target, initial_state=states)
    logits = LAYERS.TimeDistributed(LAYERS.Dense(5), name="logits")(decoded)
    return functional(inputs.values(), {"logits": logits}, "translator")


def _attending(given: dict[str, Given], attention: Callable[[], Any]) -> Any:
    """The decoder also attends to the encoder's sequence."""
    inputs, memory, target, states = _encoded(given, "gru")
    decoded = LAYERS.GRU(4, name="decoder", **SEQUENCES)(target, initial_state=states)
    context = attention()([decoded, memory])
    joined = LAYERS.Concatenate(name="joined")([decoded, context])
    return functional(
        inputs.values(), {"logits": LAYERS.Dense(5, name="logits")(joined)}, "attending"
    )


def _multi_head() -> Any:
    heads = LAYERS.MultiHeadAttention(2, 3, name="heads")
    return lambda pair: heads(pair[0], pair[1])


def _bidirectional_encoder() -> Any:
    """The states of both directions side by side become the decoder's."""
    source, target = VALUES["source"].tensor("source"), VALUES["target"].tensor("target")
    both = LAYERS.Bidirectional(LAYERS.LSTM(3, **BOTH), name="encoder")
    memory, h, c, back_h, back_c = both(source)
    join = LAYERS.Concatenate
    states = [join(name="h")([h, back_h]), join(name="c")([c, back_c])]
    decoded = LAYERS.LSTM(6, name="decoder", **SEQUENCES)(target, initial_state=states)
    context = LAYERS.AdditiveAttention(name="attention")([decoded, memory])
    return functional([source, target], {"decoded": decoded, "context": context}, "both_ways")


def _deep() -> Any:
    """Two layers on each side, the states of each passed to its twin; stacked cells beside."""
    source, target = VALUES["source"].tensor("source"), VALUES["target"].tensor("target")
    below, *low = LAYERS.LSTM(4, name="encoder_low", **BOTH)(source)
    _, *high = LAYERS.GRU(3, name="encoder_high", **BOTH)(below)
    x = LAYERS.LSTM(4, name="decoder_low", **SEQUENCES)(target, initial_state=low)
    x = LAYERS.GRU(3, name="decoder_high", **SEQUENCES)(x, initial_state=high)
    cells = [LAYERS.GRUCell(3), LAYERS.LSTMCell(4)]
    stack = LAYERS.RNN(cells, name="stack", return_state=True)
    answer = stack(x, initial_state=[high[0], low])
    return functional([source, target], answer, "deep")


def _autoencoder() -> Any:
    """The last output, repeated, is unrolled into a sequence again."""
    x = keras.Input((6, 3), name="x")
    code = LAYERS.LSTM(4, name="encoder")(x)
    y = LAYERS.RepeatVector(6, name="repeat")(code)
    y = LAYERS.LSTM(4, name="decoder", **SEQUENCES)(y)
    answer = LAYERS.TimeDistributed(LAYERS.Dense(3), name="answer")(y)
    return functional([x], {"code": code, "answer": answer}, "autoencoder")


def _one_decoder_step() -> Any:
    """The model that decodes step by step: states in, states out, one token."""
    token = keras.Input((1,), dtype="int32", name="token")
    states = [keras.Input((4,), name=name) for name in ("h", "c")]
    memory = keras.Input((None, 4), name="memory")
    x = LAYERS.Embedding(2, 3, name="embedding")(token)
    y, h, c = LAYERS.LSTM(4, name="decoder", **BOTH)(x, initial_state=states)
    context = LAYERS.Attention(name="attention")([y, memory])
    logits = LAYERS.Dense(5, name="logits")(LAYERS.Concatenate(name="joined")([y, context]))
    outputs = {"logits": logits, "next_h": h, "next_c": c}
    return functional([token, *states, memory], outputs, "decoder_step")


def _state_from_a_vector() -> Any:
    """What the sequence is about is given as a vector, from which the state is made."""
    about = keras.Input((2,), name="about")
    words = keras.Input((None,), dtype="int32", name="words")
    x = LAYERS.Embedding(2, 4, mask_zero=True, name="embedding")(words)
    state = LAYERS.Dense(4, activation="tanh", name="state")(about)
    y = LAYERS.GRU(4, name="caption", **SEQUENCES)(x, initial_state=state)
    return functional([about, words], {"logits": LAYERS.Dense(5, name="logits")(y)}, "caption")


TAGS = frozenset({"whole", "loop_free"})
MASKED = TAGS | {"masked"}
ATTENTIONS: dict[str, Callable[[], Any]] = {
    "attention": lambda: LAYERS.Attention(name="attention"),
    "scaled_attention": lambda: LAYERS.Attention(use_scale=True, name="attention"),
    "additive_attention": lambda: LAYERS.AdditiveAttention(name="attention"),
    "multi_head_attention": _multi_head,
}


def _translators() -> list[Configuration]:
    rows = []
    for cell in ("lstm", "gru"):
        for given, sample, tags in ((VALUES, None, TAGS), (TOKENS, drawing(TOKENS), MASKED)):

            def build(given: dict[str, Given] = given, cell: str = cell) -> Any:
                return _translator(given, cell)

            ending = "tokens" if sample else "values"
            rows.append(Configuration(f"translator_{cell}_{ending}", build, sample, tags))
    return rows


def _attenders() -> list[Configuration]:
    rows = []
    for name, attention in ATTENTIONS.items():
        for given, sample, tags in ((VALUES, None, TAGS), (TOKENS, drawing(TOKENS), MASKED)):

            def build(
                given: dict[str, Given] = given, attention: Callable[[], Any] = attention
            ) -> Any:
                return _attending(given, attention)

            ending = "tokens" if sample else "values"
            rows.append(Configuration(f"translator_{name}_{ending}", build, sample, tags))
    return rows


CONFIGURATIONS = table(
    *_translators(),
    *_attenders(),
    *(
        Configuration(f"encoder_decoder_{build.__name__.strip('_')}", build, None, TAGS)
        for build in (
            _bidirectional_encoder,
            _deep,
            _autoencoder,
            _one_decoder_step,
            _state_from_a_vector,
        )
    ),
)
