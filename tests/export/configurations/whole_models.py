"""Whole models: how Keras puts layers together, and how inputs and outputs are structured."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from tests.export.configurations.configuration import (
    CODES,
    LAYERS,
    Configuration,
    functional,
    randomised,
    table,
)
from tests.export.configurations.one_layer import SEQUENCES, STATES
from tests.export.made import language_model, speech_like


def sequence(name: str = "x", features: int = 3, time: int | None = None) -> Any:
    """An input of a sequence."""
    return keras.Input((time, features), name=name)


def sequential() -> Any:
    """A Sequential that starts with an Input."""
    parts = [
        LAYERS.Embedding(CODES, 4, mask_zero=True),
        LAYERS.Bidirectional(LAYERS.LSTM(3, **SEQUENCES)),
        LAYERS.GRU(4),
        LAYERS.Dense(2, activation="softmax"),
    ]
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    return randomised(keras.Sequential([tokens, *parts], name="sequential"))


def sequential_built_later() -> Any:
    """A Sequential that learns its shape when it is called."""
    parts = [LAYERS.LSTM(4, **SEQUENCES), LAYERS.SimpleRNN(3), LAYERS.Dense(2)]
    model = keras.Sequential(parts, name="built_later")
    model(np.zeros((2, 5, 3), "float32"))
    return randomised(model)


def list_of_outputs() -> Any:
    """Inputs and outputs in lists."""
    left, right = sequence("left"), sequence("right", 2)
    outputs = [LAYERS.LSTM(4, name="of_left")(left), LAYERS.GRU(4, name="of_right")(right)]
    outputs.append(LAYERS.Add(name="together")(outputs))
    return randomised(keras.Model([left, right], outputs, name="lists"))


def one_bare_output() -> Any:
    """No list and no dictionary: one tensor in, one out."""
    x = sequence("signal")
    return randomised(keras.Model(x, LAYERS.GRU(4, name="gru")(x), name="bare"))


def dictionaries() -> Any:
    """Inputs and outputs in dictionaries whose order is not the alphabet's."""
    inputs = {"words": sequence("words"), "about": keras.Input((2,), name="about")}
    state = LAYERS.Dense(4, name="to_state")(inputs["about"])
    y, last = LAYERS.GRU(4, name="gru", **SEQUENCES | STATES)(inputs["words"], initial_state=state)
    return randomised(keras.Model(inputs, {"tags": y, "summary": last}, name="dictionaries"))


def nested_dictionary() -> Any:
    """Dictionaries of dictionaries and lists."""
    audio, text = sequence("audio", 4), sequence("text", 3)
    inputs = {"audio": audio, "more": {"text": text, "extra": [keras.Input((2,), name="extra")]}}
    y, h, c = LAYERS.LSTM(4, name="audio_lstm", **STATES)(audio)
    z = LAYERS.SimpleRNN(4, name="text_rnn")(text)
    z = LAYERS.Concatenate(name="joined")([z, inputs["more"]["extra"][0]])
    outputs = {"audio": {"last": y, "states": [h, c]}, "text": z}
    return randomised(keras.Model(inputs, outputs, name="nested_dictionary"))


def shared_layer() -> Any:
    """One layer reads two sequences of different lengths."""
    left, right = sequence("left"), sequence("right")
    shared = LAYERS.Bidirectional(LAYERS.LSTM(4), name="shared")
    pair = [shared(left), shared(right)]
    outputs = {"likeness": LAYERS.Dot(1, normalize=True, name="dot")(pair), "left_code": pair[0]}
    return functional([left, right], outputs, "siamese")


def shared_with_and_without_a_state() -> Any:
    """The second call of one layer goes on from the state of the first."""
    left, right = sequence("left"), sequence("right")
    shared = LAYERS.GRU(4, name="shared", **SEQUENCES | STATES)
    first, state = shared(left)
    second, last = shared(right, initial_state=state)
    return functional([left, right], {"first": first, "second": second, "last": last}, "twice")


def shared_over_its_own_answer() -> Any:
    """One layer three times in a row."""
    x = sequence(features=4)
    shared = LAYERS.GRU(4, name="shared", **SEQUENCES)
    return functional([x], shared(shared(shared(x))), "thrice")


def nested_models() -> Any:
    """A functional model inside another, called twice, with a Sequential beside it."""
    inner = keras.Input((None, 3))
    encoder = keras.Model(inner, LAYERS.GRU(4)(LAYERS.LSTM(4, **SEQUENCES)(inner)), name="encoder")
    dense = [LAYERS.Dense(3, activation="relu"), LAYERS.Dense(2)]
    head = keras.Sequential([keras.Input((8,)), *dense], name="head")
    left, right = sequence("left"), sequence("right")
    joined = LAYERS.Concatenate(name="joined")([encoder(left), encoder(right)])
    return functional([left, right], {"scores": head(joined)}, "nested")


def nested_twice() -> Any:
    """Layers of equal names at two depths."""
    x = keras.Input((None, 3))
    low = keras.Model(x, LAYERS.LSTM(3, name="rnn", **SEQUENCES)(x), name="part")
    y = keras.Input((None, 3))
    middle = keras.Model(y, LAYERS.GRU(3, name="rnn", **SEQUENCES)(low(y)), name="middle")
    z = sequence()
    return functional([z], LAYERS.SimpleRNN(3, name="rnn")(middle(z)), "outer")


class Classifier(keras.Model):
    """A subclassed model with a dictionary of outputs."""

    def __init__(self) -> None:
        super().__init__(name="classifier")
        self.embedding = LAYERS.Embedding(CODES, 4, mask_zero=True)
        self.both = LAYERS.Bidirectional(LAYERS.GRU(3, **SEQUENCES))
        self.last = LAYERS.LSTM(4)
        self.head = LAYERS.Dense(2)

    def call(self, tokens: Any, training: bool = False) -> dict[str, Any]:
        """Logits, and the features they come from."""
        x = self.embedding(tokens)
        mask = self.embedding.compute_mask(tokens)
        features = self.last(self.both(x, mask=mask, training=training), mask=mask)
        return {"logits": self.head(features), "features": features}


class Pair(keras.Model):
    """A subclassed model of two inputs that gives a tuple."""

    def __init__(self) -> None:
        super().__init__(name="pair")
        self.rnn = LAYERS.GRU(4, **SEQUENCES | STATES)
        self.head = LAYERS.TimeDistributed(LAYERS.Dense(2))

    def call(self, inputs: Any) -> Any:
        """The second sequence is read from the state that the first leaves."""
        left, right = inputs
        _, state = self.rnn(left)
        sequence, state = self.rnn(right, initial_state=state)
        return self.head(sequence), state


def subclassed() -> Any:
    """A model without a graph of its own, called once."""
    model = Classifier()
    model(np.ones((2, 5), "int32"))
    return randomised(model)


def subclassed_of_two_inputs() -> Any:
    """The same with a list of inputs."""
    model = Pair()
    model([np.ones((2, 5, 3), "float32"), np.ones((2, 4, 3), "float32")])
    return randomised(model)


def subclassed_never_called() -> Any:
    """A model that was built by shapes only."""
    model = keras.Sequential([LAYERS.LSTM(4, **SEQUENCES), LAYERS.GRU(2)], name="only_built")
    model.build((None, None, 3))
    return randomised(model)


def time_major() -> Any:
    """Time comes first in the file's input and output."""
    x = keras.Input(batch_shape=(None, None, 3), name="x")
    y = LAYERS.LSTM(4, name="lstm", **SEQUENCES)(keras.ops.transpose(x, (1, 0, 2)))
    return functional([x], {"y": keras.ops.transpose(y, (1, 0, 2))}, "time_major")


def residual() -> Any:
    """Layers over each other with sums past them."""
    x = LAYERS.Dense(4, name="widen")(given := sequence())
    for index, layer in enumerate((LAYERS.LSTM, LAYERS.GRU, LAYERS.SimpleRNN)):
        x = LAYERS.Add(name=f"add_{index}")([x, layer(4, name=f"rnn_{index}", **SEQUENCES)(x)])
        x = LAYERS.LayerNormalization(name=f"norm_{index}")(x)
    return functional([given], {"y": x}, "residual")


def pictures_of_text() -> Any:
    """Convolutions over a picture whose columns become steps."""
    picture = keras.Input((8, None, 1), name="picture")
    x = LAYERS.Conv2D(3, 3, padding="same", activation="relu", name="conv")(picture)
    x = LAYERS.MaxPooling2D((2, 2), name="pool")(x)
    x = LAYERS.Permute((2, 1, 3), name="columns")(x)
    x = LAYERS.TimeDistributed(LAYERS.Flatten(), name="flat")(x)
    x = LAYERS.Bidirectional(LAYERS.LSTM(4, **SEQUENCES), name="both")(x)
    return functional([picture], {"logits": LAYERS.Dense(5, name="logits")(x)}, "pictures")


def input_as_output() -> Any:
    """An output that is an input, one that is a part of it, and one given twice."""
    x = sequence()
    y = LAYERS.GRU(4, name="gru")(x)
    return functional([x], {"echo": x, "first": x[:, 0], "y": y, "again": y}, "echo")


def unused_input() -> Any:
    """An input that no output needs."""
    x, other = sequence(), keras.Input((2,), name="other")
    return functional([x, other], {"y": LAYERS.LSTM(4, name="lstm")(x)}, "unused")


def odd_names() -> Any:
    """Names that are no identifiers; an output's may be anything, since no operator bears it."""
    x = keras.Input((None, 3), name="1-raw.x")
    y = LAYERS.LSTM(4, name="my-layer.1")(x)
    return functional([x], {"the answer [%]": LAYERS.Dense(2, name="2>dense")(y)}, "odd-name.1")


def sixteen_bit_tokens() -> Any:
    """Codes of another integer type, several features of one step."""
    tokens = keras.Input((None, 2), dtype="int16", name="tokens")
    parts = [LAYERS.Embedding(2, 3, name=f"codes_{k}")(tokens[..., k]) for k in range(2)]
    x = LAYERS.Concatenate(name="joined")(parts)
    return functional([tokens], LAYERS.GRU(4, name="gru")(x), "codes")


def last_valid_step() -> Any:
    """Lengths choose the step whose output counts."""
    x, lengths = sequence(), keras.Input((), dtype="int32", name="lengths")
    y = LAYERS.LSTM(4, name="lstm", **SEQUENCES)(x)
    chosen = keras.ops.take_along_axis(y, (lengths - 1)[:, None, None], axis=1)
    return functional([x, lengths], {"last": chosen[:, 0]}, "chosen")


BUILDS: tuple[Callable[[], Any], ...] = (
    sequential,
    sequential_built_later,
    list_of_outputs,
    one_bare_output,
    dictionaries,
    nested_dictionary,
    shared_layer,
    shared_with_and_without_a_state,
    shared_over_its_own_answer,
    nested_models,
    nested_twice,
    subclassed,
    subclassed_of_two_inputs,
    subclassed_never_called,
    time_major,
    residual,
    pictures_of_text,
    input_as_output,
    unused_input,
    odd_names,
    sixteen_bit_tokens,
    last_valid_step,
    speech_like,
    language_model,
)

CONFIGURATIONS = table(
    *(
        Configuration(build.__name__, build, None, frozenset({"whole", "loop_free"}))
        for build in BUILDS
    )
)
