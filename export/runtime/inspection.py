"""What a file says of itself and what it is made of, as plain facts."""

from __future__ import annotations

import hashlib
import os
from typing import Any

from export.runtime.loading import load
from export.runtime.operators import operators, opsets


def inspect_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Facts of an ONNX file, JSON-able.

    Returns:
        ``file``, ``bytes``, ``sha256``, ``opsets``, ``operators``, ``inputs`` and ``outputs``
        (each ``name``, ``dtype``, ``shape``), and ``metadata``: what ``export.to_onnx`` wrote, with
        ``states`` and ``proof``; empty for another's file.

    Raises:
        RuntimeFileError: The file is missing, damaged, no ONNX model, or of a later format.
    """
    model = load(path, threads=1)
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
