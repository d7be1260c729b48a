"""What an exported file is measured against, in a process of a benchmark: each a callable.

Where the file takes raw arrays, the task's processing in Python stands before and after a rival.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from zoo.errors import ExportError
from zoo.processing.frontend import Frontend
from zoo.tasks import Arrays, Task, load_task

Facts = dict[str, Any]


def opened(runner: str, facts: Facts, threads: int) -> Callable[[dict[str, Any]], list[Any]]:
    """Opens a runner by name.

    Args:
        runner: A key of ``RUNNERS``.
        facts: `target` is what it opens; `metadata` is that of the exported file.
        threads: Threads of one call.

    Raises:
        ExportError: There is nothing to open; `fails` says why.
    """
    if "fails" in facts:
        raise ExportError(facts["fails"])
    network = RUNNERS[runner](facts, threads)
    metadata = facts["metadata"]
    task: Task | None = None
    if {"task", "processing"} <= metadata.keys():
        task = load_task(metadata["task"], metadata["processing"])
    frontend = task.frontend if task and metadata.get("raw") else Frontend(None, None)
    run = frontend.around(network)

    def answer(asked: dict[str, Any]) -> list[Any]:
        if "raw" not in asked:
            return list(run(asked).values())
        assert task is not None
        task.predict(task.frontend.around(network), asked["raw"])
        return []

    return answer


def keras_predict(facts: Facts, threads: int) -> Callable[[Arrays], Arrays]:
    """``Model.predict`` of a zoo model (id or folder) or of a ``.keras`` file."""
    _tensorflow(threads)
    network = open_network(facts["target"])
    names = network.output_names
    inputs = [tensor.name for tensor in network.inputs]

    def run(arrays: Arrays) -> Arrays:
        given = dict(arrays) if len(inputs) > 1 else arrays[inputs[0]]
        for tensor in network.inputs:
            if tensor.name not in arrays:  # states that begin with zeros
                rows = len(next(iter(arrays.values())))
                given[tensor.name] = np.zeros((rows, *tensor.shape[1:]), tensor.dtype)
        found = network.predict(given, verbose=0)
        return dict(found) if isinstance(found, dict) else {names[0]: found}

    return run


def saved_model(facts: Facts, threads: int) -> Callable[[Arrays], Arrays]:
    """A SavedModel's signature: ``step`` where there are states, else ``serve``."""
    tf = _tensorflow(threads)
    loaded = tf.saved_model.load(facts["target"])
    name = "step" if "step" in loaded.signatures else "serve"

    def run(arrays: Arrays) -> Arrays:
        # `loaded` is named here since its functions live no longer than it does.
        outputs = loaded.signatures[name](**{k: tf.constant(a) for k, a in arrays.items()})
        return {key: tensor.numpy() for key, tensor in outputs.items()}

    return run


def stock_export(facts: Facts, threads: int) -> Callable[[Arrays], Arrays]:
    """The file of Keras' own export in onnxruntime; its inputs bear the names of the model's."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 4
    session = ort.InferenceSession(facts["target"], options, providers=["CPUExecutionProvider"])
    inputs = {one.name: one.name.partition(":")[0] for one in session.get_inputs()}
    names = facts["outputs"]

    def run(arrays: Arrays) -> Arrays:
        found = session.run(None, {name: arrays[plain] for name, plain in inputs.items()})
        return dict(zip(names, found, strict=True))

    return run


def torch_layers(facts: Facts, threads: int) -> Callable[[Arrays], Arrays]:
    """PyTorch's own modules of the sizes of a model's recurrent layers, one after the other.

    What lies between the layers is left out, which favours PyTorch; so are the answers.

    Args:
        facts: `layers` lists `kind`, `features`, `units`, `both` (directions) and `steps` (None:
            those of the question); `states` names the inputs that hold states.
        threads: Threads of one call.
    """
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
    layers = facts["layers"]
    modules = [
        getattr(torch.nn, layer["kind"])(
            layer["features"], layer["units"], batch_first=True, bidirectional=layer["both"]
        ).eval()
        for layer in layers
    ]

    def run(arrays: Arrays) -> Arrays:
        shapes = [array.shape for name, array in arrays.items() if name not in facts["states"]]
        rows, steps = next(shape[:2] for shape in shapes if len(shape) > 1)
        with torch.inference_mode():
            for layer, module in zip(layers, modules, strict=True):
                module(torch.zeros(rows, layer["steps"] or steps, layer["features"]))
        return {}

    return run


def open_network(target: str) -> Any:
    """The Keras model of an id, a folder, or a ``.keras`` file, which is read in safe mode."""
    if not target.endswith(".keras"):
        import zoo

        return zoo.load(target).network
    import keras

    from zoo.layers import register_all

    register_all()
    return keras.saving.load_model(target, compile=False, safe_mode=True)


def _tensorflow(threads: int) -> Any:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    return tf


RUNNERS: dict[str, Callable[[Facts, int], Callable[[Arrays], Arrays]]] = {
    "keras predict": keras_predict,
    "SavedModel": saved_model,
    "stock export": stock_export,
    "PyTorch layers": torch_layers,
}
