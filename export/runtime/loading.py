"""Opens an exported file: digest first, then onnxruntime."""

from __future__ import annotations

import os
from pathlib import Path

import onnxruntime as ort

from export import bundle
from export.runtime.session_model import Model
from zoo.errors import RuntimeFileError


def load(path: str | os.PathLike[str], *, threads: int | None = None, verify: bool = True) -> Model:
    """Loads an ONNX file.

    Args:
        path: The file; one that ``export.to_onnx`` wrote also answers raw input.
        threads: Threads of one call; by default one for each CPU this process may use.
        verify: Check the file's own SHA-256 before anything reads it.

    Raises:
        RuntimeFileError: The file is missing, damaged, no ONNX model, or of a later format.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise RuntimeFileError(
            f"{file} cannot be read ({error.strerror or error}); give the path of an ONNX file"
        ) from error
    if verify:
        bundle.check_seal(content, file.name)
    session = _open(content, file, threads)
    text = session.get_modelmeta().custom_metadata_map.get(bundle.METADATA_KEY)
    return Model(session, bundle.from_text(text) if text else {}, file)


def _open(content: bytes, file: Path, threads: int | None) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what matters is raised
    options.intra_op_num_threads = allowed_cpus() if threads is None else threads
    options.inter_op_num_threads = 1
    try:
        return ort.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], enable_fallback=0
        )
    except Exception as error:  # onnxruntime raises a type of its own for each kind of damage
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RuntimeFileError(f"{file.name} is no ONNX model that runs here: {reason}") from error


def allowed_cpus() -> int:
    """Number of CPUs that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
