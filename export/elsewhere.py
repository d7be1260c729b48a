"""Exports a model that lives on another Keras backend than TensorFlow.

A process of its own loads the model on TensorFlow, writes the file and proves it; this process then
checks the file's answers against those of the model as it is here. Weights are all that counts, so
the file is the same as one written on TensorFlow.

Run as a module by ``to_onnx``: ``python -m export.elsewhere FOLDER``, where FOLDER holds
``model.keras`` and ``options.json``.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from export import bundle
from export.allowed import read_facts
from export.frontend.choice import task_frontend
from export.frontend.raw_proof import at_raw_level
from export.internals import all_layers
from export.proof.comparison import difference
from export.proof.examiner import HERE, Questions, file_facts, replay
from export.proof.report import Report
from export.tracing.signature import TensorSpec, signature_of
from export.tracing.subject import Subject, names_of_outputs
from zoo.errors import ExportError
from zoo.files import replacing
from zoo.tasks import Arrays

_SECONDS = 1800
_CASES = 8


def to_onnx(network: Any, target: Path, golden: Path | None, options: Mapping[str, Any]) -> Report:
    """Exports by a process on TensorFlow; see ``export.to_onnx``.

    Args:
        network: A ``keras.Model`` on any backend, of layers that Keras can load from a file.
        target: The file to write.
        golden: Where golden vectors go.
        options: Further arguments of ``export.to_onnx``; JSON-able.

    Raises:
        ExportError: The model cannot be saved and loaded, or the export failed there.
    """
    with tempfile.TemporaryDirectory(prefix="rnn-zoo-export-") as name:
        folder = Path(name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            network.save(folder / "model.keras")
        todo = {"options": options, "classes": _own_classes(network)}
        (folder / "options.json").write_text(bundle.to_text(todo), encoding="utf-8")
        _run_there(folder)
        errors = _compared_here(network, folder, options)
        facts = json.loads(bundle.manifest_path(folder / "model.onnx").read_text("utf-8"))
        del facts["format_version"]
        known = facts["max_abs_error"]
        facts["max_abs_error"] = {key: max(known[key], errors.get(key, 0.0)) for key in known}
        report = Report(**{**facts, "path": target})
        try:
            with replacing(target) as temporary:
                temporary.write_bytes((folder / "model.onnx").read_bytes())
            if golden:
                with replacing(golden) as temporary:
                    temporary.write_bytes((folder / bundle.GOLDEN).read_bytes())
            bundle.write_json(bundle.manifest_path(target), report.to_dict())
        except OSError as error:
            raise ExportError(f"{target} cannot be written: {error.strerror or error}") from error
    return report


def _own_classes(network: Any) -> list[list[str]]:
    """Module and name of each class of a layer that is not Keras' own."""
    kinds = dict.fromkeys(type(layer) for layer in all_layers(network))
    return [
        [kind.__module__, kind.__qualname__]
        for kind in kinds
        if kind.__module__.partition(".")[0] not in ("keras", "__main__")
    ]


def _run_there(folder: Path) -> None:
    command = [sys.executable, "-m", "export.elsewhere", str(folder)]
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(f"the export took over {_SECONDS} seconds") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise ExportError(lines[-1].partition("ExportError: ")[2] or lines[-1])


def _compared_here(network: Any, folder: Path, options: Mapping[str, Any]) -> dict[str, float]:
    """The largest difference between the file and the model on this backend, by output."""
    file = folder / "model.onnx"
    facts = file_facts(file)
    chunks = "streaming" in facts
    raw = facts.get("raw")
    frontend = task_frontend(options["metadata"], None, streaming=chunks) if raw else None
    signature = signature_of(network)
    specs = signature.inputs
    with np.load(folder / "cases.npz", allow_pickle=False) as stored:
        cases: list[Arrays] = [{} for _ in range(_CASES)]
        for key, array in stored.items():
            number, _, name = key.partition("/")
            cases[int(number)][name] = array
    answers = replay(HERE / "replay_onnx.py", file, Questions(cases, []), folder)
    errors: dict[str, float] = {}

    def run(arrays: Arrays) -> Arrays:
        flat = [arrays[spec.name] for spec in specs]
        outputs = network(*signature.arguments(flat), training=False)
        names = names_of_outputs(network, outputs, specs)
        tensors = zip(names, keras.tree.flatten(outputs), strict=True)
        return {name: keras.ops.convert_to_numpy(tensor) for name, tensor in tensors}

    raw_run, allowed = frontend.around(run) if frontend else run, read_facts(facts["proof"])
    for number, arrays in enumerate(cases):
        for name, own in raw_run(arrays).items():
            if own.dtype == object:  # labels, which follow from the logits
                continue
            error = difference(name, answers.get(f"{number}/{name}"), own, arrays, allowed[name])
            errors[name] = max(errors.get(name, 0.0), error)
    return errors


def main(folder: Path) -> None:
    """Writes ``model.onnx``, what goes with it, and ``cases.npz``: inputs to compare answers on."""
    import export
    from export.proof.examiner import examiner
    from zoo.layers import register_all

    todo = json.loads((folder / "options.json").read_text("utf-8"))
    register_all()
    try:
        own = {name: _found(module, name) for module, name in todo["classes"]}
        model = keras.saving.load_model(
            folder / "model.keras", custom_objects=own, compile=False, safe_mode=True
        )
    except Exception as error:
        reason = str(error).strip().splitlines()[0]
        raise ExportError(
            f"a process on TensorFlow cannot load the model ({reason}); set "
            "KERAS_BACKEND=tensorflow before Python starts, load it there and export it"
        ) from None
    vectors = folder / bundle.GOLDEN
    export.to_onnx(model, folder / "model.onnx", golden=vectors, **todo["options"])
    subject = Subject(model)
    judge = examiner(subject, cases=_CASES, seed=1, sample=None, metadata={})
    options = todo["options"]
    chunks = options["streaming"]
    judge, _ = at_raw_level(judge, options["metadata"], options["raw"], streaming=chunks)
    arrays = {
        f"{case}/{name}": array.astype(str) if array.dtype == object else array
        for case, sizes in enumerate(judge.sizes)
        for name, array in judge.sampler.arrays(judge.axes.inputs, sizes).items()
    }
    for spec in _states(model) if todo["options"].get("streaming") else ():
        for case, sizes in enumerate(judge.sizes):
            shape = (sizes["batch"], *(size or 0 for size in spec.shape[1:]))
            arrays[f"{case}/{spec.name}"] = np.zeros(shape, spec.dtype)
    np.savez(folder / "cases.npz", allow_pickle=False, **arrays)


def _states(model: Any) -> list[TensorSpec]:
    """The states of the streaming form."""
    from export.tracing.streaming_subject import StreamingSubject

    subject = StreamingSubject(model)
    return [spec for spec in subject.inputs if spec.name in subject.states]


def _found(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]))
