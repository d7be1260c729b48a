"""What a benchmark asks, and what it asks beside an exported file."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from export.benchmark.frameworks import open_network
from export.runtime.drawing import drawn, positive
from export.runtime.session_model import Model

STEPS, ROWS = 100, 32
_TORCH = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}


def write_questions(model: Model, folder: Path, raw: Any = None) -> dict[str, tuple[int, int]]:
    """Writes what is asked of a file, and gives rows and steps of each question.

    `first` is the first question of every process; `step` one step of a model with states,
    `sequence` one row, `batch` several, `raw` the raw input, if there is one.

    Args:
        model: The file.
        folder: Where the questions go.
        raw: What the file's task takes: a text or the path of a file.
    """
    rate = int(model.metadata.get("sampling_rate", 0))
    waveform = any(port.name == "waveform" for port in model.inputs)
    steps = rate if waveform else STEPS
    sizes = {"first": (1, steps), "sequence": (1, steps), "batch": (ROWS, steps)}
    if model.metadata.get("states"):
        sizes["step"] = (1, 1)
    draw = np.random.default_rng(0)
    for name, (rows, length) in sizes.items():
        arrays = positive(drawn(model.inputs, draw, rows, length, full=True))
        plain = {key: a.astype(str) if a.dtype == object else a for key, a in arrays.items()}
        np.savez(folder / f"{name}.npz", allow_pickle=False, **plain)
    del sizes["first"]
    if raw is not None:
        (folder / "raw.json").write_text(json.dumps({"raw": raw}), encoding="utf-8")
        sizes["raw"] = (1, 0)
    return sizes


def write_rivals(model: Model, original: str, folder: Path) -> dict[str, str]:
    """Exports what a file is compared with; a runner's name -> JSON facts of what it opens.

    Args:
        model: The file.
        original: An id of the zoo, the folder of a trained model, or a `.keras` file.
        folder: Where the files go.
    """
    import export
    import zoo

    network = open_network(original)
    keras_file = original.endswith(".keras")
    export.to_saved_model(
        network if keras_file else zoo.load(original), folder / "saved_model", cases=1
    )
    states = list(model.metadata.get("states", {}))
    facts: dict[str, dict[str, Any]] = {
        "keras predict": {"target": original},
        "SavedModel": {"target": str(folder / "saved_model")},
        "stock export": {"target": str(folder / "stock.onnx")},
        "PyTorch layers": {"layers": list(_recurrent(network)), "states": states},
    }
    try:
        facts["stock export"]["outputs"] = _stock_export(network, folder / "stock.onnx")
    except Exception as error:  # whatever it is, the table names it
        facts["stock export"]["fails"] = f"{type(error).__name__}: {error}"
    metadata = {"metadata": model.metadata}
    return {runner: json.dumps(one | metadata) for runner, one in facts.items()}


def _stock_export(network: Any, path: Path) -> list[str]:
    """Exports as Keras does by itself, after the call that it may demand; its log is left out.

    Returns:
        The model's names of the file's outputs, in order: Keras sorts those of a dictionary.
    """
    zeros = [np.zeros([size or 8 for size in t.shape], t.dtype) for t in network.inputs]
    found = network(dict(zip([t.name for t in network.inputs], zeros, strict=True)))
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network.export(str(path), format="onnx", verbose=False)
    finally:
        logging.disable(logging.NOTSET)
    return sorted(found) if isinstance(found, dict) else list(network.output_names)


def _recurrent(network: Any) -> Iterator[dict[str, Any]]:
    """Sizes of a network's recurrent layers, those of models within it too."""
    for layer in network.layers:
        both = type(layer).__name__ == "Bidirectional"
        cell = layer.forward_layer if both else layer
        kind = _TORCH.get(type(cell).__name__)
        if kind:
            given = layer.input[0] if isinstance(layer.input, list) else layer.input
            _, steps, features = given.shape
            sizes = {"features": int(features), "units": int(cell.units), "steps": steps}
            yield {"kind": kind, "both": both, **sizes}
        elif hasattr(layer, "layers"):
            yield from _recurrent(layer)
