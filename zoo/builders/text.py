"""Models that read or write text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from zoo.builders import _translator
from zoo.builders._cells import STATES, sequence_layer
from zoo.builders._stacked import stacked
from zoo.builders._tagger import answers, spelling
from zoo.builders._transducer import decoded
from zoo.errors import RecipeError
from zoo.layers.banded_embedding import BandedEmbedding
from zoo.layers.masking import SequenceMask, ZeroPadded
from zoo.layers.pooling import SequencePooling
from zoo.layers.tied import TiedEmbedding


def language_model(
    vocabulary_size: int,
    cell: str = "lstm",
    units: int = 288,
    layers: int = 2,
    embedding: int = 64,
    dropout: float = 0.0,
    input_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    tied: bool = False,
    cutoffs: Sequence[int] = (),
    narrowing: int = 4,
    room: Sequence[float] | None = None,
    streaming: bool = False,
) -> keras.Model:
    """Next-symbol model: embedding, stacked recurrent layers, a dense layer.

    The whole form takes `tokens` int32 (batch, time), starts from zero states and gives `logits`
    float32 (batch, time, vocabulary_size). The streaming form also takes the states
    `state_{layer}_{h|c}` float32 (batch, units) and gives a dict of `logits` and
    `next_state_{layer}_{h|c}`. Both have the same layer names and weights.

    Source: Graves 2013 (arXiv 1308.0850), dropout after Zaremba et al. 2014 (arXiv 1409.2329)
    and, on the state, Gal and Ghahramani 2016 (arXiv 1512.05287); tied after Press and Wolf 2017
    (arXiv 1608.05859), in bands after Baevski and Auli 2019 (arXiv 1809.10853).

    Args:
        vocabulary_size: Number of symbols.
        cell: "rnn", "lstm" or "gru".
        units: Size of each layer's state.
        layers: Number of recurrent layers.
        embedding: Size of a symbol's vector.
        dropout: Rate after each recurrent layer, while training.
        input_dropout: Rate on the embedding, while training.
        recurrent_dropout: Rate on the state between steps, one mask a sequence, while training.
        tied: Whether the logits are products with the vectors of the embedding, of the last
            state projected to their size; a large vocabulary then takes half the weights.
        cutoffs: For a very large vocabulary, the first code of each later band of a tied embedding
            whose rare symbols have short vectors; see `BandedEmbedding`.
        narrowing: How many times shorter the vectors of each next band are.
        room: For the training of bands: the model also takes `targets` int32 (batch, time), the
            next symbols, and gives their losses in nats instead of logits; see `BandedEmbedding`.
        streaming: Whether states are inputs and outputs.

    Returns:
        A functional model; all weights are in layers named `embedding`, `recurrent_{layer}` and
        `logits`, or tied `projection`.

    Raises:
        RecipeError: The cell is unknown, or the cut-offs are no bands.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    table: Any = (
        BandedEmbedding(vocabulary_size, embedding, cutoffs, narrowing, room, name="embedding")
        if cutoffs
        else (TiedEmbedding if tied else keras.layers.Embedding)(
            vocabulary_size, embedding, name="embedding"
        )
    )
    x = keras.layers.Dropout(input_dropout, name="input_dropout")(table(tokens))
    x, states, following = stacked(x, cell, units, layers, dropout, recurrent_dropout, streaming)
    if tied or cutoffs:
        x = keras.layers.Dense(embedding, name="projection")(x)
    if room is not None:
        targets = keras.Input((None,), dtype="int32", name="targets")
        losses, inputs = table(x, told=targets), {"tokens": tokens, "targets": targets, **states}
        told = {"losses": losses, **following} if streaming else losses
        return keras.Model(inputs, told, name="language_model_learning")
    if tied or cutoffs:
        logits = table(x, reverse=True)
    else:
        logits = keras.layers.Dense(vocabulary_size, name="logits")(x)
    if streaming:
        inputs, outputs = {"tokens": tokens, **states}, {"logits": logits, **following}
        return keras.Model(inputs, outputs, name="language_model_streaming")
    return keras.Model(tokens, logits, name="language_model")


def classifier(
    vocabulary_size: int,
    classes: int,
    cell: str = "gru",
    units: int = 64,
    layers: int = 1,
    bidirectional: bool = True,
    embedding: int = 32,
    filters: int = 0,
    pooling: str = "attention",
    dropout: float = 0.2,
    input_dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    explained: bool = False,
) -> keras.Model:
    """A recurrent classifier of whole texts: embedding, recurrent layers, pooling over time.

    Source: a bidirectional recurrence (Graves and Schmidhuber 2005) pooled by one hop of
    self-attention (Lin et al. 2017, arXiv 1703.03130). Answers do not depend on padding.

    Args:
        vocabulary_size: Number of symbols (characters or words), padding included.
        classes: Number of classes.
        cell: "rnn", "lstm" or "gru".
        units: Size of the state, in each direction.
        layers: Number of recurrent layers.
        bidirectional: Whether each layer also reads from the end.
        embedding: Size of a symbol's vector.
        filters: Channels of a convolution over three symbols, before the recurrence; 0 for none.
        pooling: "attention", "mean" or "max", over time.
        dropout: Share of inputs dropped before each recurrent layer and before the logits.
        input_dropout: Share of the embedding dropped.
        recurrent_dropout: Rate on the state between steps, one mask a sequence.
        explained: Whether the weights of "attention" are an output too.

    Returns:
        A model of `tokens` int32 (batch, time) and `lengths` int32 (batch,), with the output
        `logits` float32 (batch, classes); explained, with a dict of that and `attention` float32
        (batch, time), which sums to 1 over the real steps and is 0 after them.

    Raises:
        RecipeError: The cell is unknown, or what is to be explained has no attention.
    """
    if explained and pooling != "attention":
        raise RecipeError(f"Received pooling={pooling!r}; only attention can be explained.")
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = SequenceMask(name="mask")([tokens, lengths])
    x = keras.layers.Embedding(vocabulary_size, embedding, name="embedding")(tokens)
    x = keras.layers.Dropout(input_dropout, name="input_dropout")(x)
    if filters:
        x = ZeroPadded(name="symbols")([x, mask])
        x = keras.layers.Conv1D(filters, 3, padding="same", activation="relu", name="convolution")(
            x
        )
    for index in range(1, layers + 1):
        if index > 1:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
        options = {"recurrent_dropout": recurrent_dropout, "name": f"{cell}_{index}"}
        x = sequence_layer(cell, units, bidirectional, options)(x, mask=mask)
    x = SequencePooling(pooling, return_weights=explained, name="pooling")(x, mask=mask)
    outputs: dict[str, Any] = {}
    if explained:
        x, weights = x
        outputs["attention"] = keras.layers.Identity(name="attention")(weights)
    x = keras.layers.Dropout(dropout, name="dropout_logits")(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    whole: Any = {"logits": logits, **outputs} if explained else logits
    return keras.Model([tokens, lengths], whole, name="text_classifier")


def tagger(
    words: int,
    characters: int,
    tags: int,
    classes: int = 0,
    cell: str = "lstm",
    units: int = 128,
    layers: int = 1,
    bidirectional: bool = True,
    embedding: int = 64,
    character_embedding: int = 16,
    filters: int = 48,
    pooling: str = "attention",
    guided: bool = False,
    paths: bool = False,
    learning: bool = False,
    dropout: float = 0.4,
    input_dropout: float = 0.3,
    recurrent_dropout: float = 0.0,
) -> keras.Model:
    """A recurrent tagger of words, which may name the class of the whole sentence too.

    A word is its own embedding beside one made of its characters (a convolution over three of
    them, the largest value of each channel), which knows endings and capitals of words never seen.

    Source: Ma and Hovy 2016 (arXiv 1603.01354), whose last layer is `paths`; the class of the
    sentence beside the tags after Liu and Lane 2016 (arXiv 1609.01454), and as their guide after
    Qin et al. 2019 (arXiv 1909.02188).

    Args:
        words: Number of codes of words.
        characters: Number of codes of characters, padding (0) included.
        tags: Number of tags.
        classes: Number of classes of whole sentences; 0 leaves this output out.
        cell: "rnn", "lstm" or "gru".
        units: Size of the state, in each direction.
        layers: Number of recurrent layers.
        bidirectional: Whether each layer also reads from the end.
        embedding: Size of a word's vector.
        character_embedding: Size of a character's vector.
        filters: Channels of the convolution over characters; 0 leaves the characters unread.
        pooling: "attention", "mean" or "max" of the steps, for the class of the sentence.
        guided: Whether the probabilities of the classes add to the tags' logits.
        paths: Whether the score of a tag depends on the one before it: a linear-chain conditional
            random field, whose best path `zoo.processing.spans.best_path` finds.
        learning: Whether `tags` are followed by `transitions` along time, for the loss of paths.
        dropout: Share of inputs dropped before every recurrent layer but the first, and before
            the outputs.
        input_dropout: Share of a word's vector dropped.
        recurrent_dropout: Rate on the state between steps, one mask a sequence.

    Returns:
        A model of `words` int32 (batch, time), `characters` int32 (batch, time, width) and
        `lengths` int32 (batch,), with the output `tags` float32 (batch, time, tags), logits, and
        with classes or paths a dict of that and `intent` float32 (batch, classes) and
        `transitions` float32 (batch, tags + 1, tags), the scores of pairs, equal in all rows.

    Raises:
        RecipeError: The cell is unknown, or there are no classes to guide the tags.
    """
    if guided and not classes:
        raise RecipeError("Received guided=True without classes; give their number.")
    codes = keras.Input((None,), dtype="int32", name="words")
    spelled = keras.Input((None, None), dtype="int32", name="characters")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = SequenceMask(name="mask")([codes, lengths])
    x = keras.layers.Embedding(words, embedding, name="embedding")(codes)
    if filters:
        letters = spelling(spelled, characters, character_embedding, filters)
        x = keras.layers.Concatenate(name="word")([x, letters])
    x = keras.layers.Dropout(input_dropout, name="input_dropout")(x)
    for index in range(1, layers + 1):
        if index > 1:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
        options = {"recurrent_dropout": recurrent_dropout, "name": f"{cell}_{index}"}
        x = sequence_layer(cell, units, bidirectional, options)(x, mask=mask)
    x = keras.layers.Dropout(dropout, name="dropout_tags")(x)
    outputs = answers(x, mask, tags, classes, pooling, guided, paths, learning)
    only = outputs if len(outputs) > 1 else outputs["tags"]
    return keras.Model([codes, spelled, lengths], only, name="tagger")


def transducer(
    vocabulary_size: int,
    outputs: int,
    cell: str = "lstm",
    units: int = 128,
    layers: int = 2,
    decoder_units: int = 128,
    embedding: int = 32,
    dropout: float = 0.2,
    part: str = "whole",
) -> keras.Model:
    """From a sequence to an aligned one: what each symbol becomes, given what those before became.

    A bidirectional encoder reads the whole input; a decoder steps over it in time with the input
    symbols and is told its own previous answer. Alignment takes the place of attention.

    Source: Yao and Zweig 2015 (arXiv 1506.00196), bidirectional with alignment.

    Args:
        vocabulary_size: Number of codes of input symbols, padding included.
        outputs: Number of codes of answers; 0 stands for "none yet".
        cell: "rnn", "lstm" or "gru".
        units: Size of the encoder's state, in each direction.
        layers: Number of encoder layers.
        decoder_units: Size of the decoder's state.
        embedding: Size of the vector of a symbol and of an answer.
        dropout: Share of inputs dropped before every recurrent layer but the first, and before
            the logits.
        part: "whole"; or, with the weights of the whole by layer name, "encoder" or "step".

    Returns:
        "whole": a model of `tokens` int32 (batch, time), `previous` int32 (batch, time), the answer
        to the symbol before (0 at the first), and `lengths` int32 (batch,), with the output
        `logits` float32 (batch, time, outputs). "encoder": of `tokens` and `lengths`, with the
        output `memory` float32 (batch, time, 2 * units). "step": of a slice of `memory`, `previous`
        and the states `state_{h|c}` float32 (batch, decoder_units), with a dict of `logits` and
        `next_state_{h|c}`.

    Raises:
        RecipeError: The cell or the part is unknown.
    """
    if part not in ("whole", "encoder", "step"):
        raise RecipeError(f"Received part={part!r}; use whole, encoder or step.")
    previous = keras.Input((None,), dtype="int32", name="previous")
    if part == "step":
        memory = keras.Input((None, 2 * units), dtype="float32", name="memory")
        states = {
            f"state_{name}": keras.Input((decoder_units,), name=f"state_{name}")
            for name in STATES[cell]
        }
        logits, following = decoded(
            memory, previous, None, outputs, cell, decoder_units, embedding, dropout, states
        )
        return keras.Model(
            {"memory": memory, "previous": previous, **states},
            {"logits": logits, **following},
            name="transducer_step",
        )
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = SequenceMask(name="mask")([tokens, lengths])
    x = keras.layers.Embedding(vocabulary_size, embedding, name="embedding")(tokens)
    for index in range(1, layers + 1):
        if index > 1:
            x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
        options = {"name": f"{cell}_{index}"}
        x = sequence_layer(cell, units, True, options)(x, mask=mask)
    if part == "encoder":
        memory = keras.layers.Identity(name="memory")(x)
        return keras.Model([tokens, lengths], memory, name="transducer_encoder")
    logits, _ = decoded(x, previous, mask, outputs, cell, decoder_units, embedding, dropout, {})
    return keras.Model([tokens, previous, lengths], logits, name="transducer")


def translator(
    vocabulary_size: int,
    cell: str = "gru",
    units: int = 112,
    layers: int = 1,
    decoder_units: int = 144,
    embedding: int = 112,
    dropout: float = 0.3,
    input_dropout: float = 0.2,
    explained: bool = True,
    part: str = "whole",
) -> keras.Model:
    """From a text to another one, piece by piece, looking back at the first (attention).

    A bidirectional encoder reads the text. The decoder's first layer reads the previous answer;
    its state looks the memory up, and what it finds goes with it into the second layer and into
    the logits. Attention is not fed back, so training runs layer by layer over all steps. Source,
    target and output share one table of pieces.

    Source: Bahdanau et al. 2015 (arXiv 1409.0473) as laid out by Wu et al. 2016 (GNMT, arXiv
    1609.08144); attention of Luong et al. 2015 (arXiv 1508.04025); tied as by Press and Wolf 2017
    (arXiv 1608.05859).

    Args:
        vocabulary_size: Number of codes of pieces, padding included.
        cell: "rnn", "lstm" or "gru".
        units: Size of the encoder's state, in each direction.
        layers: Number of encoder layers.
        decoder_units: Size of the state of each of the decoder's two layers.
        embedding: Size of a piece's vector.
        dropout: Share of inputs dropped before every recurrent layer but the first, of the memory,
            and before the logits.
        input_dropout: Share of a piece's vector dropped.
        explained: Whether the weights of the attention are an output of the whole too.
        part: "whole"; or, with the weights of the whole by layer name, "encoder" or "step".

    Returns:
        "whole": a model of `tokens` int32 (batch, time), `lengths` int32 (batch,), at least 1, and
        `previous` int32 (batch, steps), the answer before each step, with the output `logits`
        float32 (batch, steps, vocabulary_size); explained, with a dict of that and `attention`
        float32 (batch, steps, time), which is 0 after the end of the text. "encoder": of `tokens`
        and `lengths`, with a dict of `memory` float32 (batch, time, 2 * units) and the first
        `state_{1|2}_{h|c}` float32 (batch, decoder_units). "step": of `memory`, `lengths`,
        `previous` and the states, with a dict of `logits`, `attention` and `next_state_...`.

    Raises:
        RecipeError: The cell or the part is unknown.
    """
    if part not in ("whole", "encoder", "step") or cell not in STATES:
        raise RecipeError(
            f"Received part={part!r} and cell={cell!r}; use whole, encoder or step, and one of "
            f"{', '.join(STATES)}."
        )
    sizes = _translator.Sizes(
        vocabulary_size, cell, units, layers, decoder_units, embedding, dropout, input_dropout
    )
    if part == "whole":
        return _translator.whole(sizes, explained)
    return _translator.encoder(sizes) if part == "encoder" else _translator.step(sizes)
