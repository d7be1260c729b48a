"""Opens an exported file: digest first, then the engine that computes it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from export import bundle
from export.runtime.engine import Providers, open_engine
from export.runtime.session_model import Model
from zoo.errors import InputError, RuntimeFileError

_MOST_BYTES = 2**31 - 1  # of a protobuf message
_MOST_THREADS = 1024


def load(
    path: str | os.PathLike[str],
    *,
    providers: Providers | None = None,
    threads: int | None = None,
    verify: bool = True,
    engine: str = "onnxruntime",
    allow_nonfinite: bool = False,
) -> Model:
    """Loads an ONNX file.

    The model may be shared by threads, pickled (the file's content travels with it, so that it
    works where the file is not) and used after a fork.

    Args:
        path: The file, or the folder of a bundle; one that ``export.to_onnx`` wrote also answers
            raw input. Of a bundle with an encoder and a step these two do so.
        providers: What onnxruntime computes on, by preference: names, or pairs of a name and
            options; by default the CPU. One that does not start is an error, never a silent
            fallback.
        threads: Threads of one call; by default one for each CPU this process may use.
        verify: Check the file's own SHA-256 before anything reads it. It guards against damage,
            not against an attacker.
        engine: What computes, a name of ``export.runtime.engine.ENGINES``.
        allow_nonfinite: Let NaN and infinities through to the kernels, some of which answer them
            with finite, plausible numbers.

    Raises:
        RuntimeFileError: The file is missing, damaged, no ONNX model, or of a later format.
        InputError: An argument is of no use here.
    """
    if threads is None:
        threads = allowed_cpus()
    elif type(threads) is not int or not 1 <= threads <= _MOST_THREADS:
        raise InputError(f"received threads={threads!r}; give 1 to {_MOST_THREADS}")

    def opened(file: Path, content: bytes, parts: Mapping[str, Model]) -> Model:
        if verify:
            bundle.check_seal(content, file.name)
        opening = open_engine(engine, content, file.name, threads, providers)
        metadata = bundle.from_text(opening.facts) if opening.facts else {}
        digest = bundle.identity(content) if metadata.get("states") else ""
        try:
            return Model(
                opening,
                metadata,
                file,
                allow_nonfinite=allow_nonfinite,
                digest=digest,
                parts=parts,
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise RuntimeFileError(
                f"the metadata of {file.name} is not what an export writes: {error}"
            ) from error

    file, content = _read(path)
    parts = _part_files(file, verify) if file != Path(path) else {}
    return opened(file, content, {name: opened(*_read(part), {}) for name, part in parts.items()})


def _part_files(file: Path, verify: bool) -> dict[str, Path]:
    """The files of the parts that a bundle's manifest tells of, name -> path.

    Raises:
        RuntimeFileError: One is missing, or not of this bundle.
    """
    folder = file.parent
    if not (folder / bundle.MANIFEST).is_file():
        return {}
    manifest = bundle.read_json(folder / bundle.MANIFEST)
    parts = bundle.part_files(manifest)
    if parts and verify:
        bundle.check_files(folder, manifest.get("files"), [bundle.MODEL, *parts.values()])
    return {name: folder / part for name, part in parts.items()}


def _read(path: Any) -> tuple[Path, bytes]:
    """The file's path and its bytes."""
    try:
        file = Path(path)
        file = file / bundle.MODEL if (file / bundle.MODEL).is_file() else file
        if file.exists() and not file.is_file():
            raise OSError("it is no file")
        if file.stat().st_size > _MOST_BYTES:
            raise OSError(f"it has more than {_MOST_BYTES} bytes")
        return file, file.read_bytes()
    except (OSError, ValueError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise RuntimeFileError(
            f"{path} cannot be read ({reason}); give the path of an ONNX file"
        ) from error


def allowed_cpus() -> int:
    """Number of CPUs that this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
