"""What an exported file is measured against, in a process of a benchmark: each a callable."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Runner = Callable[[dict[str, Any]], list[Any]]


def opened(runner: str, target: str, threads: int) -> Runner:
    """Opens a runner by name.

    Args:
        runner: A key of ``RUNNERS``.
        target: What it opens.
        threads: Threads of one call.
    """
    return RUNNERS[runner](target, threads)


def keras_predict(target: str, threads: int) -> Runner:
    """``Model.predict`` of a zoo model (id or folder) or of a ``.keras`` file.

    Raw input goes through the task's processing in Python.
    """
    _tensorflow(threads)
    import zoo

    if target.endswith(".keras"):
        import keras

        from zoo.layers import register_all

        register_all()
        network, task = keras.saving.load_model(target, compile=False, safe_mode=True), None
    else:
        pretrained = zoo.load(target)
        network, task = pretrained.network, pretrained.task
    names = network.output_names
    inputs = [tensor.name for tensor in network.inputs]

    def run(arrays: dict[str, Any]) -> dict[str, Any]:
        given = arrays if len(inputs) > 1 else arrays[inputs[0]]
        found = network.predict(given, verbose=0)
        return found if isinstance(found, dict) else {names[0]: found}

    def answer(arrays: dict[str, Any]) -> list[Any]:
        if "raw" not in arrays:
            return list(run(arrays).values())
        assert task is not None
        task.predict(task.frontend.around(run), arrays["raw"])
        return []

    return answer


def saved_model(target: str, threads: int) -> Runner:
    """A SavedModel's signature: ``step`` where there are states, else ``serve``."""
    tf = _tensorflow(threads)
    loaded = tf.saved_model.load(target)  # the functions live as long as what was loaded
    signatures = loaded.signatures

    def answer(arrays: dict[str, Any]) -> list[Any]:
        call = signatures["step" if "step" in signatures else "serve"]
        outputs = call(**{name: tf.constant(array) for name, array in arrays.items()})
        return [outputs[name].numpy() for name in sorted(outputs)] if loaded else []

    return answer


def torch_layers(target: str, threads: int) -> Runner:
    """PyTorch's own modules of the sizes of a model's recurrent layers, one after the other.

    What lies between the layers is left out, which favours PyTorch.

    Args:
        target: A JSON file: a list of `kind`, `features`, `units`, `both` (directions), `steps`
            (null: those of the question).
        threads: Threads of one call.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    layers = json.loads(Path(target).read_text(encoding="utf-8"))
    modules = [
        getattr(torch.nn, layer["kind"])(
            layer["features"], layer["units"], batch_first=True, bidirectional=layer["both"]
        ).eval()
        for layer in layers
    ]

    def answer(arrays: dict[str, Any]) -> list[Any]:
        rows, steps = next(
            a.shape[:2] for a in arrays.values() if a.dtype.kind != "f" or a.ndim > 2
        )
        found = np.zeros(0)
        with torch.inference_mode():
            for layer, module in zip(layers, modules, strict=True):
                x = torch.zeros(rows, layer["steps"] or steps, layer["features"])
                found = module(x)[0].numpy()
        return [found]

    return answer


def _tensorflow(threads: int) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return tf


RUNNERS: dict[str, Callable[[str, int], Runner]] = {
    "keras predict": keras_predict,
    "SavedModel": saved_model,
    "PyTorch layers": torch_layers,
}
