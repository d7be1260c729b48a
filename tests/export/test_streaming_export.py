"""Causal models in chunks: which states a file has, what it proves, which layers it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import export
from export.runtime import load
from tests.export.made import LAYERS, language_model, model
from zoo.errors import ExportError

SEQUENCES = {"return_sequences": True}


def through(*layers: Any, shape: tuple[int | None, ...] = (None, 3), **options: Any) -> Any:
    """A model of layers in a row."""
    x = keras.Input(shape, name="x", **options)
    y = x
    for layer in layers:
        y = layer(y)
    return model([x], y)


class Leaky(LAYERS.Layer):
    """A cell whose output is none of its states."""

    state_size = 3

    def call(self, inputs: Any, states: Any) -> Any:
        state = 0.5 * states[0] + keras.ops.tanh(inputs)
        return 2.0 * state, [state]

    def get_initial_state(self, batch_size: Any = None) -> Any:
        return [keras.ops.zeros((batch_size, 3))]


class Biased(Leaky):
    """A cell that starts from ones."""

    def get_initial_state(self, batch_size: Any = None) -> Any:
        return [keras.ops.ones((batch_size, 3))]


def masked_custom() -> Any:
    """A custom cell, and masks that a chunk may begin with."""
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    x = LAYERS.Embedding(5, 3, mask_zero=True, name="embedding")(tokens)
    x = LAYERS.RNN(Leaky(), **SEQUENCES, name="leaky")(x)
    x = LAYERS.LSTM(3, **SEQUENCES, name="lstm")(x)
    return model([tokens], {"last": LAYERS.RNN(Leaky(), name="end")(x)})


STREAMING: dict[str, tuple[Callable[[], Any], set[str], int]] = {
    "convolutions": (
        lambda: through(
            LAYERS.Conv1D(4, 3, padding="causal", dilation_rate=2, name="wide"),
            LAYERS.Conv1D(4, 3, name="short"),
            LAYERS.DepthwiseConv1D(2, name="depth"),
            LAYERS.SeparableConv1D(4, 2, name="separable"),
            LAYERS.LayerNormalization(epsilon=0.1),
            LAYERS.GRU(4, **SEQUENCES, name="gru"),
        ),
        {"wide_x", "short_x", "depth_x", "separable_x", "gru_h"},
        5,
    ),
    "recurrent": (
        lambda: through(
            LAYERS.RNN([LAYERS.LSTMCell(3), LAYERS.GRUCell(4)], **SEQUENCES, name="stacked"),
            LAYERS.TimeDistributed(LAYERS.Dense(4, "relu")),
            LAYERS.Dropout(0.2),
            LAYERS.SimpleRNN(4, **SEQUENCES, name="simple"),
            LAYERS.LSTM(3, name="lstm"),
        ),
        {"stacked_state_0", "stacked_state_1", "stacked_state_2", "simple_h", "lstm_h", "lstm_c"},
        1,
    ),
    "masked": (masked_custom, {"leaky_h", "leaky_y", "lstm_h", "lstm_c", "end_h", "end_y"}, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", STREAMING)
def test_chunks_give_what_the_sequence_gives(name: str, tmp_path: Path) -> None:
    build, states, first = STREAMING[name]
    network, path = build(), tmp_path / "model.onnx"
    report = export.to_onnx(network, path, streaming=True, cases=7)
    assert report.cases == 7 and max(report.max_abs_error.values()) < 1e-5
    file = load(path)
    assert file.metadata["states"] == {state: f"next_{state}" for state in states}
    assert file.metadata["streaming"]["first_steps"] == first
    draw = np.random.default_rng(1)
    shape = (2, 9) if network.inputs[0].dtype == "int32" else (2, 9, 3)
    x = (draw.integers(0, 5, shape) if len(shape) == 2 else draw.normal(0, 1, shape)).astype(
        network.inputs[0].dtype
    )
    outputs = network([x])
    (original,) = outputs.values() if isinstance(outputs, dict) else [outputs]
    stream, parts = file.stream(), []
    for chunk in (x[:, :1], x[:, 1:5], x[:, 5:6], x[:, 6:]):
        parts += list(stream.feed(chunk).values())
    answer = np.concatenate(parts, axis=1) if parts[0].ndim == 3 else parts[-1]
    np.testing.assert_allclose(answer, original, rtol=1e-5, atol=1e-5)


def two_branches() -> Any:
    """Attention by Keras' operations: no layer list could name it."""
    x = keras.Input((None, 3), name="x")
    y = LAYERS.GRU(3, **SEQUENCES, name="gru")(x)
    return model([x], y - keras.ops.mean(y, axis=1, keepdims=True))


def with_lengths() -> Any:
    """A mask that counts from the start of the sequence."""
    from zoo.layers.masking import SequenceMask

    x = keras.Input((None, 3), name="x")
    lengths = keras.Input((), dtype="int32", name="lengths")
    mask = SequenceMask(name="padding")([x, lengths])
    return model([x, lengths], LAYERS.GRU(3, name="gru")(x, mask=mask))


def attending() -> Any:
    x = keras.Input((None, 3), name="x")
    y = LAYERS.LSTM(3, **SEQUENCES)(x)
    return model([x], LAYERS.MultiHeadAttention(1, 2, name="heads")(y, y, use_causal_mask=True))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "bidirectional": (
        lambda: through(LAYERS.Bidirectional(LAYERS.GRU(2), name="both")),
        "layer 'both' reads the sequence from its end too",
    ),
    "backward": (
        lambda: through(LAYERS.GRU(2, go_backwards=True, name="back")),
        "layer 'back' reads the sequence from its end",
    ),
    "same": (
        lambda: through(LAYERS.Conv1D(3, 3, padding="same", name="ahead"), LAYERS.GRU(2)),
        "layer 'ahead' .Conv1D. looks along time",
    ),
    "strided": (
        lambda: through(LAYERS.Conv1D(3, 2, 2, padding="causal", name="half"), LAYERS.GRU(2)),
        "layer 'half' .Conv1D. looks along time",
    ),
    "pooled": (
        lambda: through(LAYERS.GRU(2, **SEQUENCES), LAYERS.GlobalMaxPooling1D(name="pool")),
        "layer 'pool' .GlobalMaxPooling1D. looks along time",
    ),
    "operation": (two_branches, "layer 'mean' .Mean. looks along time"),
    "lengths": (with_lengths, "layer 'padding' .SequenceMask. looks along time"),
    "attention": (attending, "layer 'heads' .MultiHeadAttention. looks along time"),
    "fixed": (lambda: through(LAYERS.GRU(2), shape=(4, 3)), "no input with an open time axis"),
    "start": (
        lambda: through(LAYERS.RNN(Biased(), name="biased")),
        "layer 'biased' cannot stream: its cell starts from a state that is not zero",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_looks_along_time_is_refused_by_name(name: str, tmp_path: Path) -> None:
    build, sentence = REFUSED[name]
    with pytest.raises(ExportError, match=sentence):
        export.to_onnx(build(), tmp_path / "model.onnx", streaming=True)
    assert not list(tmp_path.iterdir())


def test_a_model_with_states_of_its_own_stays_what_it_is(tmp_path: Path) -> None:
    states = {f"state_{k}": f"next_state_{k}" for k in range(3)}
    network = language_model()
    paths = [tmp_path / "plain.onnx", tmp_path / "streaming.onnx"]
    export.to_onnx(network, paths[0], metadata={"states": states}, cases=4)
    export.to_onnx(network, paths[1], metadata={"states": states}, cases=4, streaming=True)
    plain, streaming = (load(path) for path in paths)
    assert plain.inputs == streaming.inputs and plain.outputs == streaming.outputs
    assert plain.metadata["states"] == streaming.metadata["states"] == states


def test_layers_that_keep_their_state_start_from_zeros(tmp_path: Path) -> None:
    x = keras.Input(batch_shape=(2, None, 3), name="x")
    network = model([x], LAYERS.LSTM(3, stateful=True, name="kept")(x))
    network([np.ones((2, 4, 3), np.float32)])
    before = [np.asarray(state).copy() for state in network.layers[-1].states]
    export.to_onnx(network, tmp_path / "model.onnx", streaming=True, cases=4)
    for state, value in zip(network.layers[-1].states, before, strict=True):
        np.testing.assert_array_equal(state, value)
    assert load(tmp_path / "model.onnx").metadata["states"].keys() == {"kept_h", "kept_c"}


def test_a_streaming_saved_model_has_the_step(tmp_path: Path) -> None:
    import tensorflow as tf

    network = through(LAYERS.Conv1D(3, 2, name="valid"), LAYERS.GRU(3, **SEQUENCES, name="gru"))
    folder = tmp_path / "model" / "1"
    export.to_saved_model(network, folder, streaming=True, cases=4)
    step = tf.saved_model.load(folder).signatures["step"]
    x = np.random.default_rng(0).normal(0, 1, (1, 6, 3)).astype(np.float32)
    states = {"valid_x": np.zeros((1, 0, 3), np.float32), "gru_h": np.zeros((1, 3), np.float32)}
    parts = []
    for chunk in (x[:, :2], x[:, 2:]):
        outputs = {k: v.numpy() for k, v in step(x=tf.constant(chunk), **states).items()}
        states = {name: outputs.pop(f"next_{name}") for name in states}
        parts += outputs.values()
    np.testing.assert_allclose(np.concatenate(parts, 1), network([x]), rtol=1e-5, atol=1e-5)
