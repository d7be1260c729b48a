"""An exported file computed by OpenVINO, in float32, on the CPU.

onnxruntime reads the file first: it tells damage, the names of open axes and the metadata, and its
answers on a few random inputs are the ones that OpenVINO must give, since there are graphs that it
computes wrongly.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import Any

import numpy as np

from export.runtime.drawing import drawn, positive
from export.runtime.engine import Providers
from export.runtime.onnxruntime_engine import OnnxRuntime
from zoo.errors import InputError, MissingExtraError, RuntimeFileError

TOLERANCE = 1e-5  # absolute and relative, as in the proof of an export
_ABANDONED: list[Any] = []  # of a parent process, never to be freed here
_PROBES = ((1, 7), (3, 20), (2, 33))  # rows and steps


class OpenVino:
    """A compiled network and the bytes that it was made of; see ``Engine``."""

    def __init__(
        self, content: bytes, name: str, threads: int, providers: Providers | None
    ) -> None:
        if providers is not None:
            raise InputError(f"received providers={providers!r}; engine='openvino' takes none")
        self._source = (content, name, threads, providers)
        reference = OnnxRuntime(content, name, threads, None)
        self.inputs, self.outputs = reference.inputs, reference.outputs
        self.facts = reference.facts
        for port in (*self.inputs, *self.outputs):
            if port.dtype == "string":
                raise RuntimeFileError(
                    f"{name} takes or gives text ({port.name}), which OpenVINO cannot; export it "
                    "with raw=False, or load it with engine='onnxruntime'"
                )
        self._names = [port.name for port in self.outputs]
        self._compile()
        self._check(reference, name)

    def run(self, arrays: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Computes every output; see ``Engine``."""
        if self._process != os.getpid():  # threads do not survive a fork
            _ABANDONED.append((self._compiled, self._requests))
            self._compile()
        request = getattr(self._requests, "one", None)
        if request is None:  # a request serves one call at a time
            request = self._requests.one = self._compiled.create_infer_request()
        try:
            found = request.infer(dict(arrays), share_inputs=True)
            return [np.asarray(found[name]) for name in self._names]
        except RuntimeError as error:
            raise InputError(f"OpenVINO refused these inputs: {_last_line(error)}") from error

    def _compile(self) -> None:
        content, name, threads, _ = self._source
        self._compiled = _compiled(content, name, threads)
        self._requests = threading.local()
        self._process = os.getpid()

    def _check(self, reference: OnnxRuntime, name: str) -> None:
        """Compares answers with onnxruntime's.

        Raises:
            RuntimeFileError: They differ.
        """
        draw = np.random.default_rng(0)
        for rows, steps in _PROBES:
            arrays = drawn(self.inputs, draw, rows, steps)
            try:
                wanted = reference.run(arrays)
                if not all(np.isfinite(array).all() for array in wanted):
                    arrays = positive(arrays)
                    wanted = reference.run(arrays)
            except InputError:
                continue  # no input of this model
            for port, array, exact in zip(self.outputs, self.run(arrays), wanted, strict=True):
                if not np.allclose(array, exact, TOLERANCE, TOLERANCE, equal_nan=True):
                    gap = np.abs(array.astype(np.float64) - exact).max()
                    raise RuntimeFileError(
                        f"OpenVINO answers {name} wrongly: its {port.name} is {gap:.2g} away from "
                        "onnxruntime's; load it with engine='onnxruntime'"
                    )

    def __getstate__(self) -> tuple[Any, ...]:
        return self._source

    def __setstate__(self, source: tuple[Any, ...]) -> None:
        OpenVino.__init__(self, *source)


def open_engine(content: bytes, name: str, threads: int, providers: Providers | None) -> OpenVino:
    """Opens a file; see ``export.runtime.engine.open_engine``."""
    return OpenVino(content, name, threads, providers)


def _compiled(content: bytes, name: str, threads: int) -> Any:
    try:
        import openvino
    except ImportError:
        raise MissingExtraError("openvino", "engine='openvino'") from None
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",  # by default bfloat16 on some processors
        "INFERENCE_NUM_THREADS": threads,
        "PERFORMANCE_HINT": "LATENCY",
    }
    try:
        core = openvino.Core()
        return core.compile_model(core.read_model(content), "CPU", settings)
    except RuntimeError as error:
        raise RuntimeFileError(
            f"OpenVINO cannot compute {name}: {_last_line(error)}; "
            "load it with engine='onnxruntime'"
        ) from error


def _last_line(error: Exception) -> str:
    """The line of OpenVINO's stack of reasons that says most."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
