"""Models that read or write text."""

from __future__ import annotations

import keras

from zoo.builders._cells import STATES, recurrent_layer


def language_model(
    vocabulary_size: int,
    cell: str = "lstm",
    units: int = 288,
    layers: int = 2,
    embedding: int = 64,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    streaming: bool = False,
) -> keras.Model:
    """Next-symbol model: embedding, stacked recurrent layers, a dense layer.

    The whole form takes `tokens` int32 (batch, time), starts from zero states and gives `logits`
    float32 (batch, time, vocabulary_size). The streaming form also takes the states
    `state_{layer}_{h|c}` float32 (batch, units) and gives a dict of `logits` and
    `next_state_{layer}_{h|c}`. Both have the same layer names and weights.

    Source: Graves 2013 (arXiv 1308.0850), dropout after Zaremba et al. 2014 (arXiv 1409.2329)
    and, on the state, Gal and Ghahramani 2016 (arXiv 1512.05287).

    Args:
        vocabulary_size: Number of symbols.
        cell: "rnn", "lstm" or "gru".
        units: Size of each layer's state.
        layers: Number of recurrent layers.
        embedding: Size of a symbol's vector.
        dropout: Rate after each recurrent layer, while training.
        input_dropout: Rate on the embedding, while training.
        recurrent_dropout: Rate on the state between steps, one mask a sequence, while training.
        streaming: Whether states are inputs and outputs.

    Returns:
        A functional model; all weights are in layers named `embedding`, `recurrent_{layer}`,
        `logits`.

    Raises:
        RecipeError: The cell is unknown.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(vocabulary_size, embedding, name="embedding")(tokens)
    inputs, outputs = {"tokens": tokens}, dict[str, keras.KerasTensor]()
    x = keras.layers.Dropout(input_dropout, name="input_dropout")(x)
    for i in range(layers):
        layer = recurrent_layer(
            cell,
            units,
            return_sequences=True,
            return_state=streaming,
            recurrent_dropout=recurrent_dropout,
            name=f"recurrent_{i}",
        )
        if streaming:
            names = [f"state_{i}_{part}" for part in STATES[cell]]
            states = [keras.Input((units,), name=name) for name in names]
            inputs |= dict(zip(names, states, strict=True))
            x, *following = layer(x, initial_state=states)
            outputs |= {f"next_{name}": state for name, state in zip(names, following, strict=True)}
        else:
            x = layer(x)
        x = keras.layers.Dropout(dropout, name=f"dropout_{i}")(x)
    logits = keras.layers.Dense(vocabulary_size, name="logits")(x)
    if streaming:
        return keras.Model(inputs, {"logits": logits, **outputs}, name="language_model_streaming")
    return keras.Model(tokens, logits, name="language_model")
