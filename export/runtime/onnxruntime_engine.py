"""An exported file computed by onnxruntime: silent, forked or pickled without harm.

onnxruntime's threads do not survive a fork: a session made before it hangs in the child, even when
it is only freed there. A child therefore opens its own session and never frees its parent's.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

import numpy as np

from export import bundle
from export.runtime.engine import Providers
from export.runtime.ports import Port
from zoo.errors import InputError, RuntimeFileError

_CPU = "CPUExecutionProvider"
_SILENT = 4


class OnnxRuntime:
    """A session of onnxruntime and the bytes that it was made of; see ``Engine``."""

    def __init__(
        self, content: bytes, name: str, threads: int, providers: Providers | None
    ) -> None:
        self._source = (content, name, threads, providers)
        self._session: Any = self._open()
        _ALIVE.add(self)

    def run(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Computes every output; see ``Engine``."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        try:
            answers: list[np.ndarray] = session.run(self._names, arrays)
        except Exception as error:  # onnxruntime raises a type of its own for each status
            raise InputError(f"onnxruntime refused these inputs: {_first_line(error)}") from error
        return answers

    def _open(self) -> Any:
        content, name, threads, providers = self._source
        ort = _onnxruntime()
        options = ort.SessionOptions()
        options.log_severity_level = _SILENT  # what matters is raised
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        wanted = _known(ort, [_CPU] if providers is None else providers)
        try:
            session = ort.InferenceSession(content, options, providers=wanted, enable_fallback=0)
            self.inputs = tuple(Port.of(argument) for argument in session.get_inputs())
            self.outputs = tuple(Port.of(argument) for argument in session.get_outputs())
            self.facts = session.get_modelmeta().custom_metadata_map.get(bundle.METADATA_KEY, "")
        except Exception as error:  # a type of its own for each kind of damage
            raise RuntimeFileError(
                f"{name} is no ONNX model that runs here: {_first_line(error)}"
            ) from error
        started = session.get_providers()
        failed = [key for key in map(_name, wanted) if key not in started]
        if failed:
            raise InputError(
                f"{failed[0]} was asked for and does not start on this machine; install what it "
                f"needs or leave it out (it started: {', '.join(started)})"
            )
        self._names = [port.name for port in self.outputs]
        return session

    def _abandon(self) -> None:
        """Forgets a session of the parent process without freeing it."""
        if self._session is not None:
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))
            self._session = None

    def __getstate__(self) -> tuple[Any, ...]:
        return self._source

    def __setstate__(self, source: tuple[Any, ...]) -> None:
        OnnxRuntime.__init__(self, *source)


def open_engine(
    content: bytes, name: str, threads: int, providers: Providers | None
) -> OnnxRuntime:
    """Opens a file; see ``export.runtime.engine.open_engine``."""
    return OnnxRuntime(content, name, threads, providers)


def _onnxruntime() -> Any:
    """onnxruntime without its telemetry (since 1.32), its thread, and its notes on stderr."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when it is imported
    import onnxruntime as ort

    ort.disable_telemetry_events()
    ort.set_default_logger_severity(_SILENT)
    return ort


def _known(ort: Any, providers: Providers) -> list[Any]:
    """The providers as a list, each one that this onnxruntime was built with."""
    if isinstance(providers, str) or not providers:
        raise InputError(f"received providers={providers!r}; give a list of names")
    available = ort.get_available_providers()
    for provider in providers:
        if _name(provider) not in available:
            raise InputError(
                f"received the provider {_name(provider)!r}; "
                f"this onnxruntime has {', '.join(available)}"
            )
    return list(providers)


def _name(provider: Any) -> str:
    return provider if isinstance(provider, str) else str(provider[0])


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _forked() -> None:
    for engine in list(_ALIVE):
        engine._abandon()


_ALIVE: WeakSet[OnnxRuntime] = WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
