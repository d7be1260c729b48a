"""The private parts of Keras and tf2onnx that ``export.internals`` leans on are where they were.

A failure here after an update names the part that moved.
"""

from __future__ import annotations

import inspect
import logging
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

from export import internals
from export.tracing.precision import in_float32
from tests.export import made


def test_keras_tells_the_inputs_of_each_kind_of_model() -> None:
    functional = made.speech_like()
    (struct,) = internals.input_structure(functional)
    assert [(spec.name, tuple(spec.shape), spec.dtype) for spec in struct] == [
        ("features", (None, None, 6), "float32"),
        ("lengths", (None,), "int32"),
    ]
    sequential = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(2)])
    (spec,) = internals.input_structure(sequential)
    assert tuple(spec.shape) == (None, None, 3)


def test_keras_lists_layers_at_any_depth() -> None:
    inner = keras.Sequential([keras.Input((None, 3)), keras.layers.GRU(2, name="deep")])
    outer = keras.Sequential([keras.Input((None, 3)), inner])
    assert "deep" in [layer.name for layer in internals.all_layers(outer)]


def test_keras_remembers_what_a_layer_was_called_with() -> None:
    one, other = keras.Input((3,)), keras.Input((3,))
    layer = keras.layers.Dense(2)
    keras.Model([one, other], [layer(one), layer(other)])
    assert [id(tensor) for tensor in internals.given_to(layer)] == [id(one), id(other)]
    assert internals.given_to(keras.layers.Dense(2)) == []


def test_keras_looks_call_up_on_the_instance() -> None:
    layer = keras.layers.GRU(2)
    x = np.zeros((1, 3, 2), "float32")
    layer(x)
    with internals.replaced_methods({(layer, "call"): lambda *_, **__: "ours"}):
        assert layer.call(x) == "ours"
        assert layer(x) == "ours"
    assert "call" not in vars(layer)
    assert tuple(layer(x).shape) == (1, 2)


def test_keras_looks_the_loop_up_on_the_instance_and_takes_three_answers() -> None:
    layer = keras.layers.LSTM(2, return_state=True)
    x = np.ones((1, 3, 2), "float32")
    layer(x)

    def loop(sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        return sequences[:, 0] * 2, sequences, [state + 1 for state in initial_state]

    with internals.replaced_methods({(layer, "inner_loop"): loop}):
        output, h, c = layer(x)
    assert np.asarray(output).tolist() == [[2, 2]]
    assert np.asarray(h).tolist() == np.asarray(c).tolist() == [[1, 1]]


def test_keras_layers_change_their_policy_and_back() -> None:
    layer = keras.layers.GRU(2, dtype="mixed_float16")
    x = np.ones((1, 3, 2), "float32")
    assert layer(x).dtype == "float16"
    with in_float32([layer, layer.cell]):
        assert layer(x).dtype == "float32"
    assert layer(x).dtype == "float16" and layer.cell.compute_dtype == "float16"


def test_keras_layers_take_the_arguments_that_marks_take() -> None:
    for kind in (keras.layers.LSTM, keras.layers.GRU, keras.layers.SimpleRNN, keras.layers.RNN):
        names = list(inspect.signature(kind.call).parameters)
        assert names == ["self", "sequences", "initial_state", "mask", "training"], kind
    names = list(inspect.signature(keras.layers.Bidirectional.call).parameters)
    assert names == ["self", "sequences", "initial_state", "mask", "training"]


def test_keras_chooses_cudnn_by_an_attribute() -> None:
    layers = [keras.layers.LSTM(2), keras.layers.GRU(2), keras.layers.Dense(2)]
    with internals.without_cudnn(layers):
        assert [layer.use_cudnn for layer in layers[:2]] == [False, False]
    assert [layer.use_cudnn for layer in layers[:2]] == ["auto", "auto"]


def test_keras_packs_gates_as_the_forms_expect() -> None:
    lstm, gru = keras.layers.LSTMCell(2), keras.layers.GRUCell(2)
    before = keras.layers.GRUCell(2, reset_after=False)
    for cell in (lstm, gru, before):
        cell.build((None, 3))
    assert lstm.kernel.shape == (3, 8) and lstm.bias.shape == (8,)
    assert gru.kernel.shape == (3, 6) and gru.bias.shape == (2, 6)
    assert before.bias.shape == (6,)


def test_tf2onnx_hands_marks_over_with_their_token() -> None:
    def function(x: Any) -> dict[str, Any]:
        (y,) = tf.raw_ops.PyFunc(input=[x], token="the token", Tout=[tf.float32])
        return {"output_000": tf.identity(tf.ensure_shape(y, (None, 2)))}

    signature = [tf.TensorSpec((None, 2), tf.float32, name="input_000")]
    traced = tf.function(function, input_signature=signature, autograph=False)
    model = internals.convert(traced, 18)
    (mark,) = [node for node in model.graph.node if node.op_type == internals.MARK]
    assert mark.domain == internals.MARK_DOMAIN
    assert [(a.name, a.s) for a in mark.attribute] == [("token", b"the token")]
    assert [value.name for value in model.graph.input] == ["input_000"]
    assert [value.name for value in model.graph.output] == ["output_000"]


def test_tf2onnx_is_silent_meanwhile_and_heard_afterwards(caplog: Any) -> None:
    logger = logging.getLogger("tf2onnx")
    with internals._quiet():
        logging.getLogger("tf2onnx.tfonnx").error("unheard")
    logging.getLogger("tf2onnx.tfonnx").error("heard")
    assert caplog.messages == ["heard"]
    assert logger.name == tf2onnx.__name__
