"""The plain JavaScript example replays golden vectors with onnxruntime's own package alone.

Skipped where there is no node, or no package: `npm install --prefix notebooks/javascript` brings
it, or NODE_PATH names a folder of packages.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, save

from export import golden
from export.allowed import Allowed
from tests.export.release_bundle import RELEASES, current

SCRIPT = Path(__file__).parents[2] / "notebooks" / "javascript" / "replay.js"
PROBE = (
    "const found = ['onnxruntime-node', 'onnxruntime-web'].some((name) => {"
    "try { require.resolve(name); return true } catch { return false } });"
    "process.exit(found ? 0 : 1)"
)


@pytest.fixture(scope="module")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    probe = subprocess.run([found, "-e", PROBE], cwd=SCRIPT.parent, check=False)
    if probe.returncode:
        pytest.skip("neither onnxruntime-node nor onnxruntime-web is installed")
    return found


def _replay(node: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = [node, str(SCRIPT), str(folder)]
    return subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)


def test_the_release_s_vectors_are_replayed(node: str) -> None:
    done = _replay(node, RELEASES / current())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("3 golden vectors")


VALUES: dict[str, tuple[int, Any]] = {
    "texts": (TensorProto.STRING, np.array([["é", "a\nb"], ["", "🙂"]], object)),
    "longs": (TensorProto.INT64, np.array([[-1, 2**53]], np.int64)),
    "flags": (TensorProto.BOOL, np.array([True, False])),
    "floats": (TensorProto.FLOAT, np.array([np.nan, np.inf, -np.inf, 0.1], np.float32)),
    "doubles": (TensorProto.DOUBLE, np.array([0.1, 1e300])),
}


def test_every_type_of_tensor_goes_through(node: str, tmp_path: Path) -> None:
    nodes, inputs, outputs = [], [], []
    for name, (kind, array) in VALUES.items():
        nodes.append(helper.make_node("Identity", [name], [f"{name}_out"]))
        inputs.append(helper.make_tensor_value_info(name, kind, array.shape))
        outputs.append(helper.make_tensor_value_info(f"{name}_out", kind, array.shape))
    opsets = [helper.make_opsetid("", 18)]
    graph = helper.make_graph(nodes, "types", inputs, outputs)
    save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "model.onnx")
    given = {name: array for name, (_, array) in VALUES.items()}
    answers = {f"{name}_out": array for name, array in given.items()}
    allowed = {"floats_out": Allowed(1e-5, (1.0, 1.0, 1.0, 1e4))}
    golden.write(tmp_path / "golden.json", [(given, answers)], allowed, "0")
    done = _replay(node, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    facts = json.loads((tmp_path / "golden.json").read_text(encoding="utf-8"))
    cases = [(name, -1, "other" if a.dtype == object else 0.25) for name, a in answers.items()]
    for name, place, wrong_value in [*cases, ("floats_out", 1, 0.25), ("floats_out", -1, 0.15)]:
        other = json.loads(json.dumps(facts))
        data = other["vectors"][0]["outputs"][name]["data"]
        data[place] = wrong_value
        (tmp_path / "golden.json").write_text(json.dumps(other), encoding="utf-8")
        wrong = _replay(node, tmp_path)
        if wrong_value == 0.15:  # near, for a feature of such a scale
            assert wrong.returncode == 0
            continue
        assert wrong.returncode == 1 and f"{name} is not the original's" in wrong.stderr
