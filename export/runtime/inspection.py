"""What a file says of itself and what it is made of, as plain facts."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from export import bundle
from export.runtime.loading import load
from export.runtime.operators import operators, opsets
from export.runtime.session_model import Model


def inspect_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Facts of an ONNX file, JSON-able.

    Returns:
        ``file``, ``bytes``, ``sha256``, ``opsets``, ``operators``, ``inputs`` and ``outputs``
        (each ``name``, ``dtype``, ``shape``), and ``metadata``: what ``export.to_onnx`` wrote, with
        ``states`` and ``proof``; empty for another's file. Of a bundle of a model in parts also
        ``parts``: the same of each, and ``call``, how it is called (``export.call_order``).

    Raises:
        RuntimeFileError: The file is missing, damaged, no ONNX model, or of a later format.
    """
    model = load(path, threads=1)
    facts = _facts(model)
    if model.parts:
        manifest = bundle.read_json(model.path.parent / bundle.MANIFEST)
        order = [(call, model.parts[call["name"]]) for call in manifest["parts"]]
        facts["parts"] = [{**_facts(part), "call": call} for call, part in order]
    return facts


def _facts(model: Model) -> dict[str, Any]:
    content = model.path.read_bytes()
    return {
        "file": str(model.path),
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "opsets": opsets(content),
        "operators": operators(content),
        "inputs": [_port(port) for port in model.inputs],
        "outputs": [_port(port) for port in model.outputs],
        "metadata": model.metadata,
    }


def _port(port: Any) -> dict[str, Any]:
    return {"name": port.name, "dtype": port.dtype, "shape": list(port.shape)}
