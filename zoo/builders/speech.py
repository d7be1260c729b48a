"""Models that hear: log-mel features in; and one that speaks: log-mel features out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from zoo.builders._cells import recurrent_layer
from zoo.layers.masking import SequenceMask, ZeroPadded
from zoo.layers.pooling import SequencePooling


def classifier(
    classes: int,
    features: int = 40,
    cell: str = "gru",
    units: int = 64,
    layers: int = 1,
    bidirectional: bool = True,
    filters: Sequence[int] = (16, 32),
    projection: int = 96,
    pooling: str = "attention",
    dropout: float = 0.2,
) -> keras.Model:
    """A recurrent classifier of whole utterances with a small convolution in front.

    Each convolution (3 x 3, stride 2) halves both time and frequency, which makes the recurrence
    cheap and a speaker's shift in frequency small. Answers never depend on padding: sequences are
    set to zero after their end before every convolution, whose own padding is explicit.

    Args:
        classes: Number of classes.
        features: Number of mel bands.
        cell: "rnn", "lstm" or "gru".
        units: Size of the state, in each direction.
        layers: Number of recurrent layers.
        bidirectional: Whether each layer also reads from the end.
        filters: Channels of the convolutions in front; empty for none.
        projection: Size of the vector that each step brings into the recurrence.
        pooling: "attention", "mean" or "max", over time.
        dropout: Share of inputs dropped before each recurrent layer and before the logits.

    Returns:
        A model of `features` float32 (batch, time, features) and `lengths` int32 (batch,), with
        the output `logits` float32 (batch, classes).

    Raises:
        RecipeError: The cell is unknown.
    """
    frames = keras.Input((None, features), dtype="float32", name="features")
    lengths = keras.Input((), dtype="int32", name="lengths")
    x, mask = _front(frames, lengths, filters, projection)
    for index in range(1, layers + 1):
        x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
        layer = recurrent_layer(cell, units, return_sequences=True, name=f"{cell}_{index}")
        if bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"bidirectional_{index}")
        x = layer(x, mask=mask)
    x = SequencePooling(pooling, name="pooling")(x, mask=mask)
    x = keras.layers.Dropout(dropout, name="dropout_logits")(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model([frames, lengths], logits, name="speech_classifier")


def frames(
    classes: int,
    features: int = 40,
    cell: str = "gru",
    units: int = 96,
    layers: int = 1,
    bands: Sequence[int] = (),
    filters: Sequence[int] = (64,),
    kernel: int = 5,
    mean: float = -4.0,
    deviation: float = 1.5,
    dropout: float = 0.2,
) -> keras.Model:
    """A causal network that decides at every frame: convolutions, then a recurrence.

    No step looks ahead, so it answers a recording while it hears it.

    Args:
        classes: Number of classes.
        features: Number of mel bands.
        cell: "rnn", "lstm" or "gru".
        units: Size of the state.
        layers: Number of recurrent layers.
        bands: Channels of convolutions over the mel bands of each frame, each of which halves
            them: a voice's shift in frequency becomes small. Empty for none.
        filters: Channels of the causal convolutions along time that follow; empty for none.
        kernel: Frames that each convolution spans: this one and those before it.
        mean: What is taken from every feature first, about their mean.
        deviation: What they are divided by then, about their standard deviation.
        dropout: Share of inputs dropped before each recurrent layer and before the logits.

    Returns:
        A model of `features` float32 (batch, time, features) with the output `logits` float32
        (batch, time, classes).

    Raises:
        RecipeError: The cell is unknown.
    """
    heard = keras.Input((None, features), dtype="float32", name="features")
    x = keras.layers.Rescaling(1 / deviation, -mean / deviation, name="scaled")(heard)
    if bands:
        x = _within_frames(x, bands)
    for index, channels in enumerate(filters, 1):
        name = f"convolution_{index}"
        x = keras.layers.Conv1D(channels, kernel, padding="causal", name=name)(x)
        x = keras.layers.LayerNormalization(name=f"normalization_{index}")(x)
        x = keras.layers.Activation("relu", name=f"activation_{index}")(x)
    for index in range(1, layers + 1):
        x = keras.layers.Dropout(dropout, name=f"dropout_{index}")(x)
        x = recurrent_layer(cell, units, return_sequences=True, name=f"{cell}_{index}")(x)
    x = keras.layers.Dropout(dropout, name="dropout_logits")(x)
    logits = keras.layers.Dense(classes, name="logits")(x)
    return keras.Model(heard, logits, name="speech_frames")


def speaker(
    tokens: int,
    speakers: int,
    places: int,
    styles: int,
    mels: int = 80,
    cell: str = "gru",
    units: int = 192,
    layers: int = 1,
    embedding: int = 32,
    hidden: int = 192,
    mean: float = -2.0,
    deviation: float = 1.5,
    dropout: float = 0.1,
) -> keras.Model:
    """A causal network that says frame by frame what it is told to: dense layers, a recurrence.

    How long each token lasts is given, so that nothing has to be aligned (durations as in
    FastSpeech, arXiv 1905.09263; a recurrent decoder as in Tacotron, arXiv 1703.10135).

    Args:
        tokens: Number of things that can be said in a frame.
        speakers: Number of voices.
        places: Numbers that tell where in its token a frame is.
        styles: Numbers that tell how a token is said.
        mels: Number of mel bands.
        cell: "rnn", "lstm" or "gru".
        units: Size of the state.
        layers: Number of recurrent layers.
        embedding: Size of the vectors of tokens and of speakers.
        hidden: Size of the two dense layers before the recurrence.
        mean: What is added to every band at the end, about their mean.
        deviation: What they are multiplied with before, about their standard deviation.
        dropout: Share of inputs dropped before the recurrence.

    Returns:
        A model of `tokens` and `speakers` int32 (batch, time), `place` float32 (batch, time,
        places) and `style` float32 (batch, time, styles), with the output `log_mel` float32
        (batch, time, mels).

    Raises:
        RecipeError: The cell is unknown.
    """
    inputs = [
        keras.Input((None,), dtype="int32", name="tokens"),
        keras.Input((None,), dtype="int32", name="speakers"),
        keras.Input((None, places), dtype="float32", name="place"),
        keras.Input((None, styles), dtype="float32", name="style"),
    ]
    said = keras.layers.Embedding(tokens, embedding, name="token_vectors")(inputs[0])
    voice = keras.layers.Embedding(speakers, embedding, name="speaker_vectors")(inputs[1])
    x = keras.layers.Concatenate(name="told")([said, voice, *inputs[2:]])
    for index in (1, 2):
        x = keras.layers.Dense(hidden, activation="relu", name=f"hidden_{index}")(x)
    x = keras.layers.Dropout(dropout, name="dropout")(x)
    for index in range(1, layers + 1):
        x = recurrent_layer(cell, units, return_sequences=True, name=f"{cell}_{index}")(x)
    x = keras.layers.Dense(mels, name="bands")(x)
    frames = keras.layers.Rescaling(deviation, mean, name="log_mel")(x)
    return keras.Model(inputs, frames, name="speech_speaker")


def _within_frames(x: Any, bands: Sequence[int]) -> Any:
    """Strided convolutions over the bands of each frame by itself, so nothing is remembered."""
    x = keras.layers.Reshape((-1, x.shape[2], 1), name="image")(x)
    for index, channels in enumerate(bands, 1):
        name = f"bands_{index}"
        x = keras.layers.Conv2D(channels, (1, 5), (1, 2), "same", activation="relu", name=name)(x)
    return keras.layers.Reshape((-1, x.shape[2] * x.shape[3]), name="steps")(x)


def _front(frames: Any, lengths: Any, filters: Sequence[int], projection: int) -> tuple[Any, Any]:
    """Strided convolutions over time and frequency, then one vector a step, and its mask."""
    mask = SequenceMask(name="mask")([frames, lengths])
    x = ZeroPadded(name="frames")([frames, mask])
    if filters:
        x = keras.layers.Reshape((-1, frames.shape[-1], 1), name="image")(x)
    for index, channels in enumerate(filters, 1):
        # "same" padding would sit on the left or not as the padded length is odd or even.
        x = keras.layers.ZeroPadding2D(1, name=f"padding_{index}")(x)
        x = keras.layers.Conv2D(channels, 3, 2, activation="relu", name=f"convolution_{index}")(x)
        mask = SequenceMask(2**index, name=f"mask_{index}")([x, lengths])
        x = ZeroPadded(name=f"convolved_{index}")([x, mask])
    if filters:
        x = keras.layers.Reshape((-1, x.shape[2] * x.shape[3]), name="steps")(x)
    x = keras.layers.Dense(projection, name="projection")(x)
    return keras.layers.LayerNormalization(name="normalization")(x), mask
