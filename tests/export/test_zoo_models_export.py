"""Every builder with every cell, and every pretrained model, becomes a proven file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest

import export
from zoo.builders import build
from zoo.catalog import PRETRAINED

BUILDERS: dict[str, dict[str, Any]] = {
    "text.language_model": {"vocabulary_size": 17, "units": 12, "embedding": 6, "streaming": True},
    "text.classifier": {
        "vocabulary_size": 17,
        "classes": 4,
        "units": 8,
        "embedding": 6,
        "filters": 4,
        "explained": True,
    },
    "text.tagger": {
        "words": 17,
        "characters": 9,
        "tags": 5,
        "classes": 3,
        "units": 8,
        "embedding": 6,
        "filters": 4,
    },
    "text.transducer": {"vocabulary_size": 17, "outputs": 9, "units": 8, "decoder_units": 8},
    "speech.classifier": {"classes": 4, "units": 8, "filters": (4, 6), "projection": 8},
    "speech.frames": {"classes": 3, "features": 6, "units": 8, "filters": (4,), "kernel": 3},
    "speech.speaker": {
        "tokens": 5,
        "speakers": 2,
        "places": 3,
        "styles": 2,
        "mels": 6,
        "units": 8,
        "embedding": 4,
        "hidden": 6,
    },
    "series.segrnn": {"units": 8, "look_back": 24, "segment": 6, "horizon": 30, "channels": 3},
    "series.seasonal": {"units": 8, "look_back": 24, "horizon": 6, "season": 4, "cycle": 8},
    "series.return_quantiles": {"units": 8, "look_back": 9, "horizon": 4},
    "series.next_value": {"units": 8},
    "music.next_frame": {"keys": 7, "units": 8, "layers": 2, "echoes": (1, 3), "streaming": True},
    "series.causal": {"features": 3, "outputs": 2, "units": 8},
}
STATES = {"rnn": "h", "gru": "h", "lstm": "hc"}


def _check(model: Any, path: Path, cases: int, **options: Any) -> set[str]:
    report = export.to_onnx(model, path, cases=cases, **options)
    scales = report.to_dict()["scale"]
    for name, error in report.max_abs_error.items():
        assert error < 1e-4 * max(scales.get(name, [1.0]))
    graph = onnx.load(path).graph
    operators = {node.op_type for node in graph.node}
    assert "Loop" not in operators
    for value in graph.input:
        assert value.type.tensor_type.shape.dim[0].dim_param == "batch"
    return operators


def _build(name: str, cell: str, path: Path, cases: int) -> None:
    options: dict[str, Any] = {}
    if BUILDERS[name].get("streaming"):
        names = [f"state_{layer}_{part}" for layer in range(2) for part in STATES[cell]]
        names += ["state_past"] * ("echoes" in BUILDERS[name])
        options["metadata"] = {"states": {state: f"next_{state}" for state in names}}
    model = build(name, cell=cell, **BUILDERS[name])
    operators = _check(model, path, cases, form="native", **options)
    assert cell.upper() in operators and not {"Scan", "If"} & operators


@pytest.mark.parametrize(
    ("name", "cell"),
    [("text.language_model", "lstm"), ("speech.classifier", "gru"), ("series.segrnn", "gru")],
)
def test_builders(name: str, cell: str, tmp_path: Path) -> None:
    _build(name, cell, tmp_path / "model.onnx", 20)


@pytest.mark.slow
@pytest.mark.parametrize("cell", STATES)
@pytest.mark.parametrize("name", BUILDERS)
def test_builders_with_every_cell(name: str, cell: str, tmp_path: Path) -> None:
    _build(name, cell, tmp_path / "model.onnx", 100)


@pytest.mark.slow
@pytest.mark.parametrize(
    "model_id", sorted(p.parent.name for p in PRETRAINED.glob("*/recipe.toml"))
)
def test_pretrained_models(model_id: str, tmp_path: Path) -> None:
    if not (PRETRAINED / model_id / "weights.safetensors").is_file():
        pytest.skip(f"{model_id} has no weights yet: rnn-zoo train {model_id}")
    from zoo.loading import load

    model = load(model_id)
    _check(model, tmp_path / "model.onnx", 60)
    assert export.to_saved_model(model, tmp_path / "1", cases=60).cases == 60
