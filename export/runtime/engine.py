"""What computes an exported file; each engine is a file of this folder, imported when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from export.runtime.ports import Port
from zoo.errors import InputError

Providers = Sequence[str | tuple[str, Mapping[str, Any]]]

ENGINES = {
    "onnxruntime": "export.runtime.onnxruntime_engine",
    "openvino": "export.runtime.openvino_engine",
}


class Engine(Protocol):
    """A network that is ready to compute; it pickles, and works after a fork.

    Attributes:
        inputs: Names, shapes and types of the inputs.
        outputs: The same of the outputs.
        facts: The file's text of metadata, "" where there is none.
    """

    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    facts: str

    def run(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Computes every output, in the order of ``outputs``, from arrays that were checked.

        Raises:
            InputError: The network refuses them all the same.
        """
        ...


def open_engine(
    engine: str, content: bytes, name: str, threads: int, providers: Providers | None
) -> Engine:
    """Opens the bytes of a file with the engine of that name.

    Args:
        engine: A key of ``ENGINES``.
        content: The file.
        name: Its name, for messages.
        threads: Threads of one call.
        providers: What the engine should compute on; None for its default.

    Raises:
        InputError: The engine or a provider is unknown here.
        RuntimeFileError: The bytes are no model that runs here.
        MissingExtraError: The engine's package is not installed.
    """
    if engine not in ENGINES:
        raise InputError(f"received engine={engine!r}; known are {', '.join(ENGINES)}")
    opened: Engine = importlib.import_module(ENGINES[engine]).open_engine(
        content, name, threads, providers
    )
    return opened
