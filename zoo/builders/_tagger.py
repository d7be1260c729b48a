"""The two ends of a tagger: words from their characters, and tags with the sentence's class."""

from __future__ import annotations

from typing import Any

import keras

from zoo.layers.pooling import MaxOverCharacters, SequencePooling
from zoo.layers.transitions import TagTransitions


def spelling(codes: Any, characters: int, embedding: int, filters: int) -> Any:
    """A vector (batch, time, filters) of the characters (batch, time, width) of each word."""
    x = keras.layers.Embedding(characters, embedding, name="character_embedding")(codes)
    x = keras.layers.Conv2D(
        filters, (1, 3), padding="same", activation="relu", name="character_convolution"
    )(x)
    return MaxOverCharacters(name="spelling")([x, codes])


def answers(
    x: Any,
    mask: Any,
    tags: int,
    classes: int,
    pooling: str,
    guided: bool,
    paths: bool,
    learning: bool,
) -> dict[str, Any]:
    """The outputs by name, from features (batch, time, features); see `text.tagger`."""
    outputs = {"tags": keras.layers.Dense(tags, name="tags")(x)}
    if classes:
        whole = SequencePooling(pooling, name="pooling")(x, mask=mask)
        outputs["intent"] = keras.layers.Dense(classes, name="intent")(whole)
    if guided:
        shares = keras.layers.Softmax(name="shares")(outputs["intent"])
        guide = keras.layers.Dense(tags, use_bias=False, name="guide")(shares)
        guide = keras.layers.Reshape((1, tags), name="guide_of_steps")(guide)
        outputs["tags"] = keras.layers.Add(name="guided")([outputs["tags"], guide])
    if paths:
        pairs = TagTransitions(joined=learning, name="transitions")(outputs["tags"])
        outputs["tags" if learning else "transitions"] = pairs
    return outputs
