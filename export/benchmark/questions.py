"""What a benchmark asks, and what it asks beside an exported file."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from export.runtime.drawing import drawn
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
        arrays = drawn(model.inputs, draw, rows, length, full=True)
        plain = {key: a.astype(str) if a.dtype == object else a for key, a in arrays.items()}
        np.savez(folder / f"{name}.npz", allow_pickle=False, **plain)
    del sizes["first"]
    if raw is not None:
        (folder / "raw.json").write_text(json.dumps({"raw": raw}), encoding="utf-8")
        sizes["raw"] = (1, 0)
    return sizes


def write_rivals(original: str, folder: Path) -> dict[str, str]:
    """Exports what a file is compared with; a runner's name -> what it opens.

    Args:
        original: An id of the zoo, the folder of a trained model, or a `.keras` file.
        folder: Where the files go.
    """
    import export

    if original.endswith(".keras"):
        import keras

        from zoo.layers import register_all

        register_all()
        model = network = keras.saving.load_model(original, compile=False, safe_mode=True)
    else:
        import zoo

        model = zoo.load(original)
        network = model.network
    rivals = {"keras predict": original}
    export.to_saved_model(model, folder / "saved_model", cases=1)
    rivals["SavedModel"] = str(folder / "saved_model")
    rivals["stock export"] = str(folder / "stock.onnx")
    try:
        _stock_export(network, folder / "stock.onnx")
    except Exception as error:  # told as the reason why there is no such row
        rivals["stock export"] = f"fails: {type(error).__name__}"
    layers = list(_recurrent(network))
    (folder / "layers.json").write_text(json.dumps(layers), encoding="utf-8")
    rivals["PyTorch layers"] = str(folder / "layers.json")
    return rivals


def _stock_export(network: Any, path: Path) -> None:
    """Exports as Keras does by itself; what it writes to the log is its own affair."""
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network.export(str(path), format="onnx", verbose=False)
    finally:
        logging.disable(logging.NOTSET)


def _recurrent(network: Any) -> Iterator[dict[str, Any]]:
    """Sizes of a network's recurrent layers, those of layers within layers too."""
    for layer in network._flatten_layers(include_self=False):
        kind = type(layer).__name__
        if kind in _TORCH and not getattr(layer, "_inside", False):
            both = False
        elif kind == "Bidirectional":
            kind, both = type(layer.forward_layer).__name__, True
            layer.forward_layer._inside = layer.backward_layer._inside = True
        else:
            continue
        features = int(layer.input.shape[-1])
        units = int(layer.forward_layer.units if both else layer.units)
        steps = layer.input.shape[1]
        yield {
            "kind": _TORCH[kind],
            "features": features,
            "units": units,
            "both": both,
            "steps": steps,
        }
