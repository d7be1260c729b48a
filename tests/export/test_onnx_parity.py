"""Exported recurrent layers answer as Keras does, over random shapes, masks and states.

Every call of ``to_onnx`` compares all outputs with Keras' own in another process.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import keras
import numpy as np
import onnx
import pytest

import export
from tests.export import made

LAYERS = keras.layers
OPTIONS = list(
    product([False, True], [False, True], ["plain", "masked", "zeros", "states", "masked states"])
)


def _outputs(cell: str, given: dict[str, Any], options: list[Any]) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    for sequences, backward, kind in options:
        name = f"{'sequence' if sequences else 'last'}_{'back' if backward else 'forth'}_{kind}"
        name = name.replace(" ", "_")
        made_layer = made.layer(
            cell,
            return_sequences=sequences,
            go_backwards=backward,
            return_state=True,
            zero_output_for_mask=kind == "zeros",
            name=name,
        )
        arguments: dict[str, Any] = {}
        if kind in ("masked", "zeros", "masked states"):
            arguments["mask"] = given["mask"]
        if "states" in kind:
            arguments["initial_state"] = made.states(cell, given)
        outputs |= made.named(made_layer(given["x"], **arguments), name)
    return outputs


def _export(
    given: dict[str, Any], outputs: Any, folder: Path, form: str = "native", cases: int = 40
) -> list[str]:
    model = made.model(given.values(), outputs)
    names = [tensor.name for tensor in model.inputs]
    report = export.to_onnx(
        model, folder / "model.onnx", form=form, cases=cases, sample=made.masked_sample(names)
    )
    assert report.cases == cases
    assert set(report.max_abs_error) == set(outputs)
    return [node.op_type for node in onnx.load(report.path).graph.node]


@pytest.mark.parametrize("form", ["native", "scan"])
@pytest.mark.parametrize("cell", made.CELLS)
def test_options_of_one_layer(cell: str, form: str, tmp_path: Path) -> None:
    given = made.inputs()
    given = {k: v for k, v in given.items() if k != "c" or cell == "lstm"}
    chosen = [OPTIONS[k] for k in (0, 6, 12, 19)]
    operators = _export(given, _outputs(cell, given, chosen), tmp_path, form)
    assert {"Loop", "Scan", "If"} & set(operators) == ({"Scan"} if form == "scan" else set())


@pytest.mark.slow
@pytest.mark.parametrize("form", ["native", "scan", "auto"])
@pytest.mark.parametrize("cell", made.CELLS)
def test_every_option_of_one_layer(cell: str, form: str, tmp_path: Path) -> None:
    given = made.inputs()
    given = {k: v for k, v in given.items() if k != "c" or cell == "lstm"}
    _export(given, _outputs(cell, given, OPTIONS), tmp_path, form, cases=60)


MODES = ("concat", "sum", "mul", "ave", None)


def _merges(
    cell: str, given: dict[str, Any], modes: tuple[Any, ...], *, masked: bool, states: bool
) -> dict[str, Any]:
    outputs: dict[str, Any] = {}
    arguments: dict[str, Any] = {"mask": given["mask"]} if masked else {}
    if states:
        arguments["initial_state"] = made.states(cell, given, copies=2)
    for mode, sequences in product(modes, (False, True)):
        name = f"{mode}_{'sequence' if sequences else 'last'}"
        child = made.layer(cell, return_sequences=sequences, return_state=states)
        wrapped = LAYERS.Bidirectional(child, merge_mode=mode, name=name)
        outputs |= made.named(wrapped(given["x"], **arguments), name)
    return outputs


def test_bidirectional_layers_are_one_node(tmp_path: Path) -> None:
    given = {k: v for k, v in made.inputs().items() if k in ("x", "mask")}
    outputs = _merges("gru", given, ("concat", None), masked=True, states=False)
    operators = _export(given, outputs, tmp_path)
    assert operators.count("GRU") == 4


@pytest.mark.slow
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cell", made.CELLS)
def test_bidirectional_of_every_cell(cell: str, masked: bool, tmp_path: Path) -> None:
    given = made.inputs()
    unused = {"mask"} - ({"mask"} if masked else set()) | ({"c"} if cell != "lstm" else set())
    given = {k: v for k, v in given.items() if k not in unused}
    outputs = _merges(cell, given, MODES, masked=masked, states=True)
    _export(given, outputs, tmp_path, cases=40)


def test_bidirectional_of_two_different_layers(tmp_path: Path) -> None:
    given = {k: v for k, v in made.inputs().items() if k in ("x", "mask")}
    pairs = {
        "activations": (LAYERS.LSTM(4, activation="relu"), LAYERS.LSTM(4, go_backwards=True)),
        "widths": (LAYERS.GRU(3), LAYERS.GRU(5, go_backwards=True)),
        "kinds": (LAYERS.GRU(4), LAYERS.SimpleRNN(4, go_backwards=True)),
        "order": (LAYERS.LSTM(4, go_backwards=True), LAYERS.LSTM(4)),
    }
    outputs = {}
    for name, (first, second) in pairs.items():
        first.return_sequences = second.return_sequences = name != "kinds"
        wrapped = LAYERS.Bidirectional(first, backward_layer=second, name=name)
        outputs[name] = wrapped(given["x"], mask=given["mask"])
    operators = _export(given, outputs, tmp_path)
    assert operators.count("LSTM") == 3  # two forward-first layers share a node


def test_masks_that_keras_carries(tmp_path: Path) -> None:
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    frames = keras.Input((None, 2), name="frames")
    x = LAYERS.Embedding(7, 3, mask_zero=True, name="embedding")(tokens)
    x = LAYERS.LSTM(4, return_sequences=True, name="lower")(x)
    x = LAYERS.Bidirectional(LAYERS.LSTM(3, return_sequences=True), name="both")(x)
    y = LAYERS.Masking(0.0, name="masking")(frames)
    y = LAYERS.SimpleRNN(4, return_sequences=True, name="simple")(y)
    outputs = {
        "words": LAYERS.GRU(4, name="upper")(x),
        "frames_out": LAYERS.GRU(4, go_backwards=True, name="last")(y),
    }
    model = made.model([tokens, frames], outputs)
    report = export.to_onnx(model, tmp_path / "model.onnx", cases=60)
    file = onnx.load(report.path)
    axes = [d.dim_param for d in file.graph.input[1].type.tensor_type.shape.dim]
    assert axes[:2] == ["batch", "time_frames"]  # nothing ties the two time axes together


@pytest.mark.slow
def test_activations_that_onnx_has(tmp_path: Path) -> None:
    x = keras.Input((6, 3), name="x")
    names = [
        "sigmoid",
        "relu",
        "linear",
        "hard_sigmoid",
        "elu",
        "leaky_relu",
        "softsign",
        "softplus",
    ]
    outputs = {}
    for index, name in enumerate(names):
        cell = list(made.CELLS)[index % 3]
        first = made.layer(cell, activation=name, use_bias=False, name=f"{name}_{cell}")
        second = made.layer(cell, recurrent_activation="hard_sigmoid", name=f"gates_{name}")
        outputs |= {f"{name}_out": first(x), f"gates_{name}_out": second(x)}
        outputs[f"{name}_simple"] = made.layer("simple_rnn", activation=name, name=name)(x)
    model = made.model([x], outputs)
    export.to_onnx(model, tmp_path / "model.onnx", cases=30)


def test_two_hundred_inputs_of_a_speech_model(tmp_path: Path) -> None:
    report = export.to_onnx(made.speech_like(), tmp_path / "model.onnx", cases=200)
    assert max(report.max_abs_error.values()) < 1e-5
    operators = {node.op_type for node in onnx.load(report.path).graph.node}
    assert {"GRU", "LSTM"} <= operators and not {"Loop", "Scan"} & operators


def test_states_chunked_against_whole(tmp_path: Path) -> None:
    report = export.to_onnx(
        made.language_model(),
        tmp_path / "model.onnx",
        cases=40,
        metadata={"states": made.STATES},
    )
    assert set(report.max_abs_error) == {"logits", *made.STATES.values()}


def test_segments_of_a_fixed_look_back_and_one_step_from_a_state(tmp_path: Path) -> None:
    history = keras.Input((12, 2), name="history")
    segments = keras.ops.reshape(keras.ops.transpose(history, (0, 2, 1)), (-1, 3, 4))
    layer = made.layer("gru", return_state=True, name="shared")
    _, state = layer(LAYERS.Dense(5, name="projection")(segments))
    repeated = keras.ops.repeat(state, 2, axis=0)
    queries = keras.ops.zeros_like(keras.ops.repeat(repeated[:, None], 1, axis=1))
    answer, _ = layer(keras.ops.pad(queries, ((0, 0), (0, 0), (0, 1))), initial_state=repeated)
    forecast = keras.ops.reshape(answer, (-1, 4, 4))
    model = made.model([history], {"forecast": forecast})
    report = export.to_onnx(model, tmp_path / "model.onnx", cases=20)
    weights = [t.name for t in onnx.load(report.path).graph.initializer if t.name[-2:] == "/R"]
    assert weights == ["shared/R"]  # two calls, one set of weights


def test_cells_in_a_bare_rnn_layer_and_unrolled(tmp_path: Path) -> None:
    x = keras.Input((5, 3), name="x")
    bare = LAYERS.RNN(LAYERS.LSTMCell(4), return_sequences=True, name="bare")(x)
    unrolled = LAYERS.GRU(4, unroll=True, name="unrolled")(bare)
    model = made.model([x], {"out": unrolled})
    report = export.to_onnx(model, tmp_path / "model.onnx", cases=10)
    operators = [node.op_type for node in onnx.load(report.path).graph.node]
    assert operators.count("LSTM") == operators.count("GRU") == 1


@pytest.mark.parametrize("opset", [14, 16])
def test_older_opsets(opset: int, tmp_path: Path) -> None:
    given = {k: v for k, v in made.inputs().items() if k in ("x", "mask")}
    outputs = {"out": made.layer("lstm", go_backwards=True, name="lstm")(**_call(given))}
    model = made.model(given.values(), outputs)
    names = [tensor.name for tensor in model.inputs]
    report = export.to_onnx(
        model,
        tmp_path / "model.onnx",
        cases=10,
        opset=opset,
        sample=made.masked_sample(names),
    )
    assert onnx.load(report.path).opset_import[0].version == opset


def _call(given: dict[str, Any]) -> dict[str, Any]:
    return {"sequences": given["x"], "mask": given["mask"]}


def test_two_ends_agree_on_time_one_and_batch_one(tmp_path: Path) -> None:
    from export.runtime import load

    model = made.small()
    export.to_onnx(model, tmp_path / "model.onnx", cases=4)
    file = load(tmp_path / "model.onnx")
    x = np.random.default_rng(0).standard_normal((1, 1, made.FEATURES)).astype("float32")
    np.testing.assert_allclose(
        file.run({"x": x})["logits"], np.asarray(model([x])), rtol=1e-5, atol=1e-5
    )
