"""The runtime refuses what would crash or mislead, and answers raw input by the task's own code."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export
from export import bundle
from export.runtime import load
from tests.export import made
from zoo.errors import InputError, RuntimeFileError, ZooError
from zoo.processing.frontend import Frontend
from zoo.tasks import load_task

LETTERS = {"kind": "characters", "vocabulary": "abcdefghij "}


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runtime") / "speech.onnx"
    export.to_onnx(made.speech_like(), path, cases=2)
    return path


@pytest.fixture(scope="module")
def writer() -> Any:
    return made.language_model()


@pytest.fixture(scope="module")
def language(writer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runtime") / "language.onnx"
    facts = {"states": made.STATES, "task": "language_model", "processing": LETTERS}
    export.to_onnx(writer, path, cases=4, metadata=facts)
    return path


def _speech(batch: int = 2, time: int = 5) -> dict[str, Any]:
    return {
        "features": np.zeros((batch, time, 6), "float32"),
        "lengths": np.full(batch, max(time, 1), "int32"),
    }


def test_ports_and_metadata(speech: Path) -> None:
    model = load(speech)
    assert [(port.name, port.shape, port.dtype) for port in model.inputs] == [
        ("features", ("batch", "time", 6), "float32"),
        ("lengths", ("batch",), "int32"),
    ]
    assert [port.name for port in model.outputs] == ["logits"]
    assert model.metadata["format_version"] == 1
    assert "speech.onnx" in repr(model)


def test_a_batch_of_zero_rows_gets_an_empty_answer(speech: Path) -> None:
    answer = load(speech).run(_speech(batch=0))
    assert answer["logits"].shape == (0, 3) and answer["logits"].dtype == np.float32


BAD: dict[str, tuple[Any, str]] = {
    "zero steps": (_speech(time=0), "'time' has 0 steps"),
    "missing": ({"features": _speech()["features"]}, r"\['lengths'\] is missing"),
    "unknown": (_speech() | {"more": np.zeros(2)}, "inputs are"),
    "rank": (_speech() | {"features": np.zeros((2, 5), "float32")}, r"float32 \(2, 5\)"),
    "type": (_speech() | {"features": np.zeros((2, 5, 6))}, "float64"),
    "width": (_speech() | {"features": np.zeros((2, 5, 7), "float32")}, r"\(2, 5, 7\)"),
    "rows": (_speech() | {"lengths": np.ones(3, "int32")}, "batch = 2"),
    "list": (_speech() | {"lengths": [5, 5]}, "is a list"),
    "length 0": (_speech() | {"lengths": np.array([5, 0], "int32")}, "holds 0 at row 1"),
    "length -1": (_speech() | {"lengths": np.array([-1, 5], "int32")}, "holds -1 at row 0"),
    "length over": (_speech() | {"lengths": np.array([5, 6], "int32")}, "here 5"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_are_refused_in_one_sentence(case: str, speech: Path) -> None:
    arrays, message = BAD[case]
    with pytest.raises(InputError, match=message) as caught:
        load(speech).run(arrays)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_name_row_and_step(value: float, speech: Path) -> None:
    arrays = _speech()
    arrays["features"][1, 3, 2] = value
    with pytest.raises(InputError, match=r"at row 1, step 3; every value must be finite"):
        load(speech).run(arrays)


@pytest.mark.parametrize("code", [99, 11, -1])
def test_codes_outside_the_vocabulary_are_refused(code: int, language: Path) -> None:
    with pytest.raises(InputError, match=rf"holds {code} at row 0, step 1; codes go from 0 to 10"):
        load(language).run({"tokens": np.array([[3, code]], "int32")})


def test_states_left_out_are_zeros(language: Path) -> None:
    model = load(language)
    tokens = np.array([[1, 2, 3], [4, 5, 6]], "int32")
    zeros = {name: np.zeros((2, 5), "float32") for name in made.STATES}
    given = model.run({"tokens": tokens, **zeros})
    left_out = model.run({"tokens": tokens})
    for name, array in given.items():
        np.testing.assert_array_equal(array, left_out[name])


def test_raw_input_is_answered_by_the_task(language: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from export.runtime import session_model

    class Echo:
        """A task that shows what it was given."""

        frontend = Frontend(None, None)

        def predict(self, run: Any, raw: Any, *, seed: int = 0) -> Any:
            logits = run({"tokens": np.array([raw], "int32")})["logits"]
            return logits.shape, seed

    asked: list[Any] = []

    def load_task(kind: str, processing: Any) -> Any:
        asked.append((kind, processing))
        return Echo()

    monkeypatch.setattr(session_model, "load_task", load_task)
    model = load(language)
    assert model([1, 2, 3], seed=5) == ((1, 3, 11), 5)
    assert model.predict([1]) == ((1, 1, 11), 0)
    assert asked == [("language_model", LETTERS)]


@pytest.mark.parametrize("how", [{"temperature": 1.5, "top_p": 0.8, "seed": 4}, {"beams": 3}])
def test_the_file_writes_what_the_original_does(
    how: dict[str, Any], writer: Any, language: Path
) -> None:
    def original(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        zeros = np.zeros((len(arrays["tokens"]), 5), "float32")
        found = writer({**dict.fromkeys(made.STATES, zeros), **arrays})
        return {name: np.asarray(value) for name, value in found.items()}

    task, file = load_task("language_model", LETTERS), load(language)
    wanted = task.predict(original, "a bad", length=12, **how)
    assert file.predict("a bad", length=12, **how) == wanted
    if "beams" not in how:
        assert "".join(file.generate("a bad", length=12, **how)) == str(wanted)[5:]


def test_raw_input_without_a_task_is_one_clear_sentence(speech: Path) -> None:
    with pytest.raises(RuntimeFileError, match="does not say how raw input becomes arrays"):
        load(speech)("clip.wav")


def test_a_foreign_file_runs_without_metadata(tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 2]) for n in "xy"]
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", values[:1], values[1:])
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "foreign.onnx")
    model = load(tmp_path / "foreign.onnx")
    assert model.metadata == {}
    answer = model.run({"x": np.ones((3, 2), "float32")})
    np.testing.assert_array_equal(answer["y"], -np.ones((3, 2)))


def test_damaged_files_are_refused(speech: Path, tmp_path: Path) -> None:
    content = speech.read_bytes()
    draw = np.random.default_rng(0)
    file = tmp_path / "damaged.onnx"
    for _ in range(300):
        damaged = bytearray(content)
        for place in draw.integers(0, len(content), draw.integers(1, 4)):
            damaged[place] ^= int(draw.integers(1, 256))
        if draw.random() < 0.3:
            damaged = damaged[: int(draw.integers(0, len(content)))]
        file.write_bytes(damaged)
        with pytest.raises(RuntimeFileError):
            load(file)


def test_absent_empty_and_later_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFileError, match="cannot be read"):
        load(tmp_path / "absent.onnx")
    with pytest.raises(RuntimeFileError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "empty.onnx").write_bytes(b"")
    with pytest.raises(RuntimeFileError, match="no ONNX model"):
        load(tmp_path / "empty.onnx")
    with pytest.raises(RuntimeFileError, match="newer rnn-zoo"):
        bundle.from_text(json.dumps({"format_version": 99}))
    for text in ("{", "[]", "{}"):
        with pytest.raises(RuntimeFileError):
            bundle.from_text(text)


def test_verify_false_loads_a_file_that_was_changed(speech: Path, tmp_path: Path) -> None:
    content = speech.read_bytes().replace(b"speech_like", b"speech_LIKE")
    changed = tmp_path / "changed.onnx"
    changed.write_bytes(content)
    with pytest.raises(RuntimeFileError, match="damaged"):
        load(changed)
    assert load(changed, verify=False).run(_speech())["logits"].shape == (2, 3)


def test_errors_print_nothing(speech: Path, tmp_path: Path, capfd: Any) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ZooError):
        load(tmp_path / "bad.onnx")
    with pytest.raises(ZooError):
        load(speech).run({})
    assert capfd.readouterr() == ("", "")


def test_threads_share_one_model(speech: Path) -> None:
    model = load(speech, threads=1)
    draw = np.random.default_rng(0)
    questions = [_speech(batch, 4 + batch) for batch in range(1, 5)]
    for arrays in questions:
        arrays["features"][:] = draw.standard_normal(arrays["features"].shape)
    answers = [model.run(arrays)["logits"] for arrays in questions]
    wrong: list[int] = []

    def ask(offset: int) -> None:
        for k in range(100):
            index = (k + offset) % len(questions)
            if not np.array_equal(model.run(questions[index])["logits"], answers[index]):
                wrong.append(index)

    workers = [threading.Thread(target=ask, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_the_runtime_needs_numpy_and_onnxruntime_alone(speech: Path) -> None:
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        root = name.partition('.')[0]\n"
        "        if root in {'numpy', 'onnxruntime', 'zoo', 'export'}: return None\n"
        "        if root in sys.stdlib_module_names: return None\n"
        "        raise ImportError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "import export\n"
        "assert not {'numpy', 'onnxruntime'} & set(sys.modules)\n"
        "from export.runtime import load\n"
        "import numpy as np\n"
        f"model = load({str(speech)!r})\n"
        "arrays = {'features': np.ones((1, 4, 6), 'float32'), 'lengths': np.array([4], 'int32')}\n"
        "print(model.run(arrays)['logits'].shape)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    assert done.stdout.strip() == "(1, 3)"
