"""What the guard refuses in files of others: texts, axes without names, weights elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, save

from export.runtime import load
from export.runtime.guard import LONGEST, Guard
from export.runtime.ports import Port
from zoo.errors import InputError, RuntimeFileError


def _file(path: Path, kind: int, shape: list[Any], weights: Any = None) -> Path:
    """Gives its input back, with weights added where there are some."""
    ports = [helper.make_tensor_value_info(name, kind, shape) for name in "xy"]
    names = ["x"] if weights is None else ["x", weights.name]
    node = helper.make_node("Identity" if weights is None else "Add", names, ["y"])
    held = [] if weights is None else [weights]
    graph = helper.make_graph([node], "g", ports[:1], ports[1:], held)
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
    return path


@pytest.mark.parametrize("dtype", [object, "U9"])
def test_texts_are_taken_as_they_are(dtype: Any, tmp_path: Path) -> None:
    model = load(_file(tmp_path / "texts.onnx", TensorProto.STRING, ["batch", 2]))
    texts = [["é", ""], ["a b", "🙂"]]
    assert model.run({"x": np.array(texts, dtype)})["y"].tolist() == texts
    empty = model.run({"x": np.zeros((0, 2), object)})["y"]
    assert (empty.shape, empty.dtype) == ((0, 2), object)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a\ud800", "half a surrogate pair at row 1"),
        ("a\0b", "a NUL character at row 1"),
        (b"a", "a bytes at row 1; give str"),
        (None, "a NoneType at row 1"),
        (3.5, "a float at row 1"),
        ("a" * 1_000_001, "a text of 1000001 characters at row 1"),
    ],
)
def test_what_is_no_text_is_refused_by_row(text: Any, says: str, tmp_path: Path) -> None:
    model = load(_file(tmp_path / "texts.onnx", TensorProto.STRING, ["batch"]))
    with pytest.raises(InputError, match=says):
        model.run({"x": np.array(["good", text], object)})
    with pytest.raises(InputError, match=r"S4 \(2,\); the model needs string"):
        model.run({"x": np.array([b"good", b"bad"])})


def test_an_axis_without_a_name_is_never_empty(tmp_path: Path) -> None:
    model = load(_file(tmp_path / "unnamed.onnx", TensorProto.FLOAT, ["batch", None]))
    with pytest.raises(
        InputError, match=r"float32 \(2, 0\); the model needs float32 \(batch, \?\)"
    ):
        model.run({"x": np.zeros((2, 0), "float32")})
    assert model.run({"x": np.zeros((2, 3), "float32")})["y"].shape == (2, 3)


@pytest.mark.parametrize("place", ["w.bin", "../w.bin", "/etc/passwd"])
def test_weights_in_another_file_are_never_read(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4])
    weights.data_location = TensorProto.EXTERNAL
    for key, value in {"location": place, "offset": "0", "length": "16"}.items():
        weights.external_data.add(key=key, value=value)
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "sub")
    for folder in (tmp_path, tmp_path / "sub"):
        (folder / "w.bin").write_bytes(np.ones(4, "f4").tobytes())
    with pytest.raises(RuntimeFileError, match="no ONNX model that runs here"):
        load(_file(tmp_path / "sub" / "model.onnx", TensorProto.FLOAT, [4], weights))


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ((1, LONGEST + 1, 2), "at most 100000 go into one call"),
        ((10_000_000, 8, 2), "values go into one call"),
        ((10**6, 20, 2), "output 'y' would have .* cut the input into several"),
    ],
)
def test_what_is_too_much_is_refused_before_it_is_looked_at(
    shape: tuple[int, ...], says: str
) -> None:
    ports = [Port("x", ("batch", "time", 2), "float32")]
    guard = Guard(ports, [Port("y", ("batch", "time", 9), "float32")])
    with pytest.raises(InputError, match=says):
        guard({"x": np.broadcast_to(np.float32(1), shape)})


def test_a_state_may_hold_nothing() -> None:
    ports = [Port("x", ("batch", "time"), "float32"), Port("held", ("batch", "held"), "float32")]
    guard = Guard(ports, [], states=frozenset({"held"}))
    x = np.zeros((2, 3), "float32")
    assert guard({"x": x, "held": x[:, :0]}) == {"batch": 2, "time": 3, "held": 0}
    with pytest.raises(InputError, match="'time' has 0 steps"):
        guard({"x": x[:, :0], "held": x})
