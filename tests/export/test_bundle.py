"""A bundle replays without Keras, today's and every release's; damage and mixtures are found."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import export
from export import bundle, golden
from tests.export import made
from tests.export.release_bundle import RELEASES, current
from zoo.cli import app
from zoo.errors import ExportError, RuntimeFileError

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "whole"
    export.to_bundle(made.small(), folder, cases=4)
    return folder


@pytest.fixture
def copied(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copied"))


def test_a_bundle_has_these_files(whole: Path) -> None:
    assert sorted(path.name for path in whole.iterdir()) == [
        "golden.json",
        "manifest.json",
        "model.onnx",
    ]
    manifest = bundle.read_json(whole / "manifest.json")
    assert [told["path"] for told in manifest["exports"]] == ["model.onnx"]
    for file in ("manifest.json", "golden.json"):
        assert bundle.read_json(whole / file)["format_version"] == bundle.FORMAT_VERSION


def test_the_golden_vectors_are_the_original_s(whole: Path) -> None:
    model = made.small()
    facts = json.loads((whole / "golden.json").read_text(encoding="utf-8"))
    assert len(facts["vectors"]) == 3
    for vector in facts["vectors"]:
        told = vector["inputs"]["x"]
        x = np.array(told["data"], told["dtype"]).reshape(told["shape"])
        own = np.asarray(model([x]))
        np.testing.assert_allclose(vector["outputs"]["logits"]["data"], own.ravel(), rtol=1e-6)


def test_a_bundle_is_replayed_where_no_framework_is(whole: Path) -> None:
    code = (
        "import sys\nfrom zoo.cli._answer import Refusal\nsys.meta_path.insert(0, Refusal())\n"
        "from zoo.cli import main\nmain()\n"
    )
    words = [sys.executable, "-c", code, "verify", str(whole)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "equal to the original's answers on 3 golden vectors" in done.stdout


@pytest.mark.parametrize("file", ["model.onnx", "golden.json", "manifest.json"])
def test_files_that_do_not_belong_together_are_found(file: str, copied: Path) -> None:
    content = (copied / file).read_bytes()
    old = b'"files"' if file == "manifest.json" else b"e"
    (copied / file).write_bytes(content.replace(old, b"z" * len(old), 1))
    with pytest.raises(RuntimeFileError):
        export.replay(copied)
    (copied / file).unlink()
    with pytest.raises(RuntimeFileError, match="cannot be read"):
        export.replay(copied)


def test_another_answer_is_found(copied: Path) -> None:
    facts = json.loads((copied / "golden.json").read_text(encoding="utf-8"))
    facts["vectors"][1]["outputs"]["logits"]["data"][0] += 1e-3
    (copied / "golden.json").write_text(json.dumps(facts), encoding="utf-8")
    manifest = bundle.read_json(copied / "manifest.json")
    bundle.write_json(copied / "manifest.json", manifest | {"files": bundle.digests(copied)})
    with pytest.raises(ExportError, match="the original's 'logits' for golden vector 1"):
        export.replay(copied)
    done = CliRunner().invoke(app, ["verify", str(copied)])
    assert isinstance(done.exception, ExportError)


def test_a_later_format_is_one_sentence(copied: Path) -> None:
    facts = json.loads((copied / "manifest.json").read_text(encoding="utf-8"))
    (copied / "manifest.json").write_text(json.dumps(facts | {"format_version": 99}))
    with pytest.raises(RuntimeFileError, match="format version 99"):
        export.replay(copied)


@pytest.mark.parametrize("folder", sorted(RELEASES.iterdir()), ids=lambda folder: folder.name)
def test_the_bundle_of_each_release_still_replays(folder: Path) -> None:
    assert export.replay(folder).vectors == 3


def test_this_release_leaves_a_bundle() -> None:
    left = RELEASES / current()
    assert left.is_dir(), "run: python -m tests.export.release_bundle"


_ARRAYS: list[Any] = [
    arrays.arrays(dtype, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3))
    for dtype in ("float16", "float32", "float64", "int32", "int64", "bool")
]


@given(st.one_of(*_ARRAYS))
def test_arrays_survive_json(array: Any) -> None:
    text = json.dumps(golden._to_json(array), allow_nan=False)
    again = golden._from_json(json.loads(text))
    assert again.dtype == array.dtype
    np.testing.assert_array_equal(again, array)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_texts_survive_json(texts: list[str]) -> None:
    array = np.array(texts, object).reshape(1, -1)
    again = golden._from_json(json.loads(json.dumps(golden._to_json(array))))
    assert again.tolist() == array.tolist()
